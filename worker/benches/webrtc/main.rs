//! The other side of a WebRTC benchmark: viewers by the hundred in one process, and stamped pictures from their sending
//! to their arrival.
//!
//! A viewer shakes hands as a browser does (ICE, DTLS, SRTP), answers checks, and sends reports and transport-wide
//! feedback. It decrypts nothing but its first packet and the reports: the rest is counted, so that what is measured is
//! the server.
//!
//! ```text
//! cargo bench -p sluice-worker --bench webrtc -- viewers http://127.0.0.1:5080/LiveApp/whep/s
//! cargo bench -p sluice-worker --bench webrtc -- delay rtmp://127.0.0.1/LiveApp/s http://127.0.0.1:5080/LiveApp/whep/s clip.flv 20
//! ```
//!
//! `viewers` reads from its input how many there are to be, a number a line, and writes what came of it as JSON, four lines a
//! second. `delay` publishes a clip over RTMP or WHIP, by the address, and writes one line at the end.
//! `benches/webrtc.js` runs both. `drill` is for the failure drills: see [`drill`].

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its figures")]

mod clip;
mod drill;
mod dtls;
mod feedback;
mod http;
mod peer;
mod publish;
mod stun;
mod viewer;

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;

use dtls::Identity;
use http::Address;
use viewer::{Figures, Viewer};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    // What cargo itself adds says nothing to us.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let work = async {
        match words[..] {
            ["viewers", whep] => viewers(Address::parse(whep)?).await,
            ["delay", to, whep, clip, seconds] => {
                delay(to, Address::parse(whep)?, clip, Duration::from_secs(seconds.parse()?)).await
            }
            ["drill"] => drill::run().await,
            [] => {
                println!("run by benches/webrtc.js");
                Ok(())
            }
            _ => Err("usage: viewers WHEP | delay RTMP-OR-WHIP WHEP CLIP SECONDS | drill".into()),
        }
    };
    tokio::task::LocalSet::new().run_until(work).await
}

/// Holds as many viewers as it is told, until its input ends.
async fn viewers(whep: Address) -> Outcome<()> {
    let identity = Arc::new(Identity::generate()?);
    let mut orders = input();
    let mut figures: Vec<Arc<Figures>> = Vec::new();
    let begun = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(250));
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return Ok(()) };
                let wanted: usize = order.trim().parse()?;
                let more = wanted.saturating_sub(figures.len());
                let new: Vec<Arc<Figures>> = (0..more).map(|_| Arc::default()).collect();
                figures.extend(new.iter().cloned());
                tokio::task::spawn_local(arrive(new, whep.clone(), Arc::clone(&identity)));
            }
            _ = look.tick() => {
                let mut first: Vec<f64> = figures.iter().filter_map(|figures| figures.first_frame_ms()).collect();
                first.sort_by(f64::total_cmp);
                println!("{}", json!({
                    "seconds": begun.elapsed().as_secs_f64(),
                    "viewers": figures.len(),
                    "playing": first.len(),
                    "failed": figures.iter().filter(|figures| figures.has_failed()).count(),
                    "notFromKeyFrame": figures.iter().filter(|figures| figures.began_elsewhere()).count(),
                    "firstFrameMs": {"p50": share(&first, 0.5), "p99": share(&first, 0.99)},
                    "packets": figures.iter().map(|figures| figures.packets()).sum::<u64>(),
                    "bytes": figures.iter().map(|figures| figures.bytes()).sum::<u64>(),
                    "lost": figures.iter().map(|figures| figures.lost()).sum::<u64>(),
                    // Since 1970.
                    "lastPacketMs": figures.iter().map(|figures| figures.last_packet_ms()).fold(0.0, f64::max),
                    "cpuSeconds": cpu_seconds()?,
                }));
            }
        }
    }
}

/// The lines of the standard input.
fn input() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

/// Has viewers connect one after the other, so that they arrive over time as people do.
async fn arrive(new: Vec<Arc<Figures>>, whep: Address, identity: Arc<Identity>) {
    for figures in new {
        let (whep, identity) = (whep.clone(), Arc::clone(&identity));
        tokio::task::spawn_local(async move {
            let played = match Viewer::connect(&whep, &identity, Arc::clone(&figures)).await {
                Ok(viewer) => viewer.play(None, None).await,
                Err(error) => Err(error),
            };
            if let Err(error) = played {
                eprintln!("a viewer has ended: {error}");
                figures.fail();
            }
        });
        tokio::time::sleep(BETWEEN_ARRIVALS).await;
    }
}

/// Publishes stamped pictures and tells how long they were on their way.
async fn delay(to: &str, whep: Address, clip: &str, time: Duration) -> Outcome<()> {
    let identity = Arc::new(Identity::generate()?);
    let clip = clip::read(&fs::read(clip)?)?;
    let start = Instant::now();
    let publisher: std::pin::Pin<Box<dyn Future<Output = Outcome<()>>>> = if to.starts_with("rtmp:") {
        Box::pin(publish::rtmp(Address::parse(to)?, clip, start))
    } else {
        Box::pin(publish::whip(Address::parse(to)?, clip, start, Arc::clone(&identity)))
    };
    let (arrived, mut delays) = mpsc::unbounded_channel();
    let watch = async {
        // Its first pictures have to have arrived, for there to be something to play.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let viewer = Viewer::connect(&whep, &identity, Arc::default()).await?;
        tokio::time::timeout(time, viewer.play(Some((start, arrived)), None)).await.unwrap_or(Ok(()))
    };
    tokio::select! {
        ended = publisher => ended.and(Err("the publisher has nothing more to send".into())),
        watched = watch => watched,
    }?;
    let mut all: Vec<f64> = std::iter::from_fn(|| delays.try_recv().ok()).collect();
    // A viewer begins with pictures that were taken before it came.
    all.drain(..all.len().min(SETTLING));
    all.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({"pictures": all.len(), "p50": share(&all, 0.5), "p99": share(&all, 0.99), "max": all.last()})
    );
    Ok(())
}

fn share(sorted: &[f64], share: f64) -> Option<f64> {
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied()
}

/// What this process has used.
fn cpu_seconds() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).ok_or("no times in stat");
    Ok((ticks(11)? + ticks(12)?) as f64 / TICKS_PER_SECOND)
}

/// Of Linux, everywhere.
const TICKS_PER_SECOND: f64 = 100.0;
const BETWEEN_ARRIVALS: Duration = Duration::from_millis(20);
/// A group of pictures.
const SETTLING: usize = 90;
