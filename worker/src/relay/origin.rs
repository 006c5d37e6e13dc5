//! Feeds one edge from this worker's hub.
//!
//! For objects the two packages are compared: what the edge lacks is sent, then the window that it is part of. So an edge
//! that is slow leaves out what the window has lost meanwhile, and nothing is kept for it. For units the edge is a reader
//! of the ring like any player.

use std::collections::HashSet;
use std::sync::Arc;

use sluice_contract::message::EndReason;
use tokio::time::sleep_until;

use super::channel::{RelayError, Sending};
use super::message::{Begin, End, Supply, config_head, object_head, to_text, unit_head};
use super::record::Tag;
use crate::StreamKey;
use crate::hub::{Hub, LiveStream, ReaderItem};
use crate::package::Package;
use crate::package::replica::{Held, ObjectName, Snapshot, SnapshotPhase};

/// Serves an edge until the stream ends; its last word is queued then.
pub(super) async fn serve(
    hub: &Hub,
    key: &StreamKey,
    supply: Supply,
    held: Option<Held>,
    edge: &mut Sending,
) -> Result<(), RelayError> {
    let end = match supply {
        Supply::Objects => objects(hub, key, held, edge).await?,
        Supply::Units => units(hub, key, edge).await?,
    };
    edge.say(Tag::End, &[], &to_text(&end)).await
}

fn begin(stream: &LiveStream) -> Begin {
    let (subscriber, main_track) = stream.published_by().clone();
    let (publisher, protocol) = (stream.publisher(), stream.protocol());
    Begin { publisher, protocol, subscriber, main_track, takes_wishes: true }
}

/// What the edge has of one package.
struct Sent {
    package: Option<uuid::Uuid>,
    objects: HashSet<ObjectName>,
}

impl Sent {
    /// Another package than before: the edge has nothing of it, unless it said so.
    fn turn_to(&mut self, snapshot: &Snapshot, held: Option<&Held>) {
        if self.package == Some(snapshot.package) {
            return;
        }
        self.package = Some(snapshot.package);
        self.objects.clear();
        if let Some(held) = held.filter(|held| held.package == snapshot.package) {
            let is_held = |name: &&ObjectName| {
                let [video, audio] = held.segments;
                let ends = match name.kind {
                    crate::media::TrackKind::Video => video,
                    crate::media::TrackKind::Audio => audio,
                };
                !name.is_init && ends.is_some_and(|(first, last)| (first..=last).contains(&name.number))
            };
            self.objects.extend(snapshot.objects.iter().filter(is_held));
        }
    }
}

async fn objects(hub: &Hub, key: &StreamKey, held: Option<Held>, edge: &mut Sending) -> Result<End, RelayError> {
    let mut sent = Sent { package: None, objects: HashSet::new() };
    let mut told = None;
    loop {
        let Some(stream) = hub.find(key) else { return Ok(End::Absent) };
        if told != Some(stream.publisher()) {
            told = Some(stream.publisher());
            edge.say(Tag::Begin, &[], &to_text(&begin(&stream))).await?;
        }
        let package = stream.shared_package();
        let mut changes = package.changes();
        // Whatever changes from here on is seen below.
        changes.mark_unchanged();
        let snapshot = package.snapshot();
        sent.turn_to(&snapshot, held.as_ref());
        match snapshot.phase {
            SnapshotPhase::Revoked => return Ok(End::Ended { reason: EndReason::Stopped }),
            SnapshotPhase::Live | SnapshotPhase::Ended => {}
        }
        if !send_objects(&package, &snapshot, &mut sent, edge).await? {
            // The window has moved on meanwhile.
            continue;
        }
        edge.say(Tag::Window, &[], &snapshot.state).await?;
        edge.flush().await?;
        // All of them have been sent; what has left the window has left the edge.
        sent.objects = snapshot.objects.into_iter().collect();
        if snapshot.phase == SnapshotPhase::Ended {
            return Ok(End::Ended { reason: EndReason::StreamEnded });
        }
        loop {
            tokio::select! {
                _ = changes.changed() => break,
                () = sleep_until(edge.beat_at()) => edge.beat().await?,
            }
            // A package that nothing is cut for any more says nothing when another takes its place.
            if !hub.find(key).is_some_and(|now| Arc::ptr_eq(&now, &stream)) {
                break;
            }
        }
        // After a block or a stop the hub does not know the stream any more.
        if package.is_revoked() {
            return Ok(End::Ended { reason: EndReason::Stopped });
        }
    }
}

/// Sends what the edge lacks; false when an object has gone before its turn came.
async fn send_objects(
    package: &Package,
    snapshot: &Snapshot,
    sent: &mut Sent,
    edge: &mut Sending,
) -> Result<bool, RelayError> {
    for name in &snapshot.objects {
        if sent.objects.contains(name) {
            continue;
        }
        let Some(data) = package.data(*name) else { return Ok(false) };
        edge.say(Tag::Object, &object_head(*name), &data).await?;
        sent.objects.insert(*name);
    }
    Ok(true)
}

async fn units(hub: &Hub, key: &StreamKey, edge: &mut Sending) -> Result<End, RelayError> {
    let Some(stream) = hub.find_live(key) else { return Ok(End::Absent) };
    edge.say(Tag::Begin, &[], &to_text(&begin(&stream))).await?;
    let mut reader = stream.subscribe();
    loop {
        let mut item = tokio::select! {
            item = reader.next() => Some(item.unwrap_or(ReaderItem::End(EndReason::Closed))),
            () = sleep_until(edge.beat_at()) => {
                edge.beat().await?;
                continue;
            }
        };
        // What has come meanwhile leaves with it.
        while let Some(next) = item {
            match next {
                ReaderItem::Config(config) => edge.say(Tag::Config, &config_head(&config), &config.record).await?,
                ReaderItem::Unit(unit) => edge.say(Tag::Unit, &unit_head(&unit), &unit.data).await?,
                ReaderItem::Skipped(units) => {
                    let units = u32::try_from(units).unwrap_or(u32::MAX);
                    edge.say(Tag::Skip, &units.to_be_bytes(), &[]).await?;
                }
                ReaderItem::End(reason) => return Ok(End::Ended { reason }),
            }
            item = reader.try_next();
        }
        edge.flush().await?;
    }
}
