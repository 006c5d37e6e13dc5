//! Viewers for the failure drills. Each comes back by itself when it hears nothing any more, as players do.
//!
//! Reads from its input an address a line, each of a viewer; `reset` forgets how long they heard nothing. Writes a line of
//! JSON four times a second: how often each began to play, and the longest time that any heard nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Outcome;
use crate::dtls::Identity;
use crate::http::Address;
use crate::viewer::{Figures, Viewer};

struct Person {
    figures: Arc<Figures>,
    /// What it had received when it was last looked at, and when that grew.
    packets: u64,
    heard: Instant,
}

pub async fn run() -> Outcome<()> {
    let identity = Arc::new(Identity::generate()?);
    let mut orders = crate::input();
    let mut people: Vec<Person> = Vec::new();
    let mut longest = Duration::ZERO;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            order = orders.recv() => match order.as_deref() {
                None => return Ok(()),
                Some("reset") => {
                    longest = Duration::ZERO;
                    people.iter_mut().for_each(|person| person.heard = Instant::now());
                }
                Some(address) => {
                    let figures = Arc::<Figures>::default();
                    tokio::task::spawn_local(watch(Address::parse(address)?, Arc::clone(&identity), Arc::clone(&figures)));
                    people.push(Person { figures, packets: 0, heard: Instant::now() });
                }
            },
            _ = look.tick() => {
                for person in &mut people {
                    longest = longest.max(person.heard.elapsed());
                    let packets = person.figures.packets();
                    if std::mem::replace(&mut person.packets, packets) != packets {
                        person.heard = Instant::now();
                    }
                }
                let plays: Vec<u64> = people.iter().map(|person| person.figures.plays()).collect();
                println!("{}", json!({"plays": plays, "gapMs": longest.as_millis()}));
            }
        }
    }
}

async fn watch(whep: Address, identity: Arc<Identity>, figures: Arc<Figures>) {
    loop {
        if let Ok(viewer) = Viewer::connect(&whep, &identity, Arc::clone(&figures)).await {
            let _ = viewer.play(None, Some(PATIENCE)).await;
        }
        tokio::time::sleep(BEFORE_ANOTHER_TRY).await;
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// After about this time browsers tell a page that its connection is lost.
const PATIENCE: Duration = Duration::from_secs(5);
const BEFORE_ANOTHER_TRY: Duration = Duration::from_millis(500);
