//! Key frames that players of an edge need are asked of the publisher.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use sluice_contract::message::{EndReason, EventKind};
use sluice_contract::{Protocol, Secret, SessionId, TicketKey, TicketKeys, WorkerId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cluster::{PATIENCE, eventually};
use crate::hub::{EventSink, Hub, PublishRight};
use crate::package::{PackagingConfig, PackagingSettings};
use crate::relay::channel::{Hearing, Sending};
use crate::relay::follow::{Wishes, talk};
use crate::relay::handshake::{ANSWER_BYTES, EdgeHandshake, relay_keys};
use crate::relay::listener::RelayListener;
use crate::relay::message::{Begin, Subscribe, Supply, from_text, to_text};
use crate::relay::record::{Opener, Sealer, Tag};
use crate::session::Gate;
use crate::testing::{House, app, clock, key};

struct Publisher {
    asked: AtomicUsize,
}

impl PublishRight for Publisher {
    fn id(&self) -> SessionId {
        SessionId::new(Uuid::nil())
    }

    fn protocol(&self) -> Protocol {
        Protocol::Rtmp
    }

    fn gate(&self) -> Gate {
        Gate::Open
    }

    fn count_video(&self, _: usize) {}
    fn count_audio(&self, _: usize) {}

    fn request_key_frame(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    fn close(&self, _: EndReason, _: Option<String>) {}
}

struct Nobody;

impl EventSink for Nobody {
    fn emit(&self, _: EventKind) {}
}

#[tokio::test]
async fn an_origin_passes_on_what_an_edge_asks_for() {
    let house = House::open(false).await;
    let settings = PackagingSettings { hls: false, dash: false, ..PackagingSettings::default() };
    let settings = Arc::new(move |_: &_| settings.clone());
    let hub = Arc::new(Hub::new(Arc::new(Nobody), PackagingConfig::default(), settings, Arc::new(clock)).unwrap());
    let publisher = Arc::new(Publisher { asked: AtomicUsize::new(0) });
    let _publishing = hub.publish(key("s"), publisher.clone()).unwrap();
    let me = WorkerId::new(Uuid::now_v7());
    let origin = RelayListener::bind((Ipv4Addr::LOCALHOST, 0).into(), me, house.rules.clone(), hub).await.unwrap();
    let addr = origin.local_addr();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(origin.run(shutdown.clone()));

    let mut socket = TcpStream::connect(addr).await.unwrap();
    let keys = [TicketKey { id: 1, secret: Secret::new(vec![1; 32]) }];
    let relay_key = relay_keys(&TicketKeys::new(&keys).unwrap()).remove(0);
    let handshake = EdgeHandshake::new(&relay_key, WorkerId::new(Uuid::now_v7()), me).unwrap();
    socket.write_all(handshake.hello()).await.unwrap();
    let mut answer = [0; ANSWER_BYTES];
    socket.read_exact(&mut answer).await.unwrap();
    let keys = handshake.finish(&answer).unwrap();
    let mut sealer = Sealer::new(keys.to_origin);
    let wanted = Subscribe { supply: Supply::Units, application: app(), stream_id: "s".parse().unwrap(), held: None };
    let mut wire = BytesMut::new();
    sealer.seal(Tag::Subscribe, false, [&[], &to_text(&wanted)], &mut wire).unwrap();
    sealer.seal(Tag::KeyFrame, false, [&[], &[]], &mut wire).unwrap();
    socket.write_all(&wire).await.unwrap();
    eventually("the publisher is asked", async || (publisher.asked.load(Ordering::Relaxed) == 1).then_some(())).await;

    let (from_origin, _to_origin) = socket.into_split();
    let mut hearing = Hearing::new(from_origin, Opener::new(keys.to_edge));
    let message = timeout(PATIENCE, hearing.next()).await.unwrap().unwrap();
    assert_eq!(message.tag, Tag::Begin);
    assert!(from_text::<Begin>(&message.body).unwrap().takes_wishes);
    shutdown.cancel();
    running.await.unwrap();
}

fn a_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap())
}

#[tokio::test]
async fn an_edge_asks_only_an_origin_that_understands_it() {
    for are_taken in [true, false] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let edge = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (origin, _) = listener.accept().await.unwrap();
        let (_from_origin, to_origin) = edge.into_split();
        let (from_edge, _to_edge) = origin.into_split();
        let mut sending = Sending::new(to_origin, Sealer::new(a_key()));
        let mut hearing = Hearing::new(from_edge, Opener::new(a_key()));
        let wishes = Wishes::default();
        wishes.are_taken.store(are_taken, Ordering::Release);
        wishes.key_frame.notify_one();
        let heard = tokio::select! {
            never = talk(&mut sending, &wishes) => match never.unwrap() {},
            heard = timeout(Duration::from_millis(1_500), hearing.next()) => heard,
        };
        // Signs of life come all the time; they are kept back.
        assert_eq!(heard.ok().map(|message| message.unwrap().tag), are_taken.then_some(Tag::KeyFrame));
    }
}
