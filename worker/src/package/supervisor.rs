//! The one thread on which pipelines, of packaging and of transcoding, are taken down and their failures handled: neither may happen on a pipeline's own
//! threads, and neither may make a publisher's connection wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use tracing::{error, warn};

/// Packaging cannot work on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackagerUnavailable {
    #[error("GStreamer cannot be initialised: {0}")]
    Gstreamer(String),
    #[error("the GStreamer element {0} is missing; install the packages of gstreamer1.0-plugins-base")]
    MissingElement(&'static str),
    #[error("no thread can be started: {0}")]
    Thread(String),
}

enum Task {
    Run(Box<dyn FnOnce() + Send>),
    TakeDown { pipeline: gst::Pipeline, on_drained: Box<dyn FnOnce() + Send> },
}

struct Draining {
    pipeline: gst::Pipeline,
    on_drained: Box<dyn FnOnce() + Send>,
    deadline: Instant,
}

static TASKS: OnceLock<Result<Sender<Task>, PackagerUnavailable>> = OnceLock::new();

/// The last segments of a pipeline that works are written within milliseconds.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(10);

/// Loads GStreamer, registers the muxer, and starts the supervisor. Later calls repeat the first's answer.
///
/// # Errors
/// [`PackagerUnavailable`] with what is missing.
pub fn initialise_packaging() -> Result<(), PackagerUnavailable> {
    TASKS.get_or_init(initialise).as_ref().map(|_| ()).map_err(Clone::clone)
}

/// Called with a pipeline's own words when it fails; on the supervisor's thread.
pub(crate) type OnFailure = Arc<dyn Fn(String) + Send + Sync>;

/// Has `on_failure` told of a pipeline's first error, unless `stopped` is set by then, and keeps its bus from growing.
pub(crate) fn watch(pipeline: &gst::Pipeline, stopped: Arc<AtomicBool>, on_failure: OnFailure) {
    let Some(bus) = pipeline.bus() else { return };
    bus.set_sync_handler(move |_, message| match message.view() {
        gst::MessageView::Error(error) => {
            if !stopped.swap(true, Ordering::AcqRel) {
                let on_failure = on_failure.clone();
                let element = error.src().map(|source| source.name().to_string()).unwrap_or_default();
                let text = format!("{element}: {}", error.error());
                run(Box::new(move || on_failure(text)));
            }
            gst::BusSyncReply::Pass
        }
        gst::MessageView::Eos(_) => gst::BusSyncReply::Pass,
        _ => gst::BusSyncReply::Drop,
    });
}

/// Calls it soon.
pub(crate) fn run(task: Box<dyn FnOnce() + Send>) {
    send(Task::Run(task));
}

/// Waits for the end of the stream, calls `on_drained`, and frees the pipeline.
pub(crate) fn take_down(pipeline: gst::Pipeline, on_drained: Box<dyn FnOnce() + Send>) {
    send(Task::TakeDown { pipeline, on_drained });
}

fn send(task: Task) {
    // A pipeline exists only after a successful start of the supervisor, which never ends.
    if let Some(Ok(tasks)) = TASKS.get() {
        let _ = tasks.send(task);
    }
}

fn initialise() -> Result<Sender<Task>, PackagerUnavailable> {
    gst::init().map_err(|error| PackagerUnavailable::Gstreamer(error.to_string()))?;
    gstfmp4::plugin_register_static().map_err(|error| PackagerUnavailable::Gstreamer(error.to_string()))?;
    for element in ["appsrc", "appsink", "cmafmux", "dashmp4mux"] {
        if gst::ElementFactory::find(element).is_none() {
            return Err(PackagerUnavailable::MissingElement(element));
        }
    }
    let (sender, receiver) = channel();
    thread::Builder::new()
        .name("packaging".to_owned())
        .spawn(move || supervise(&receiver))
        .map_err(|error| PackagerUnavailable::Thread(error.to_string()))?;
    Ok(sender)
}

fn supervise(tasks: &Receiver<Task>) {
    let mut draining: Vec<Draining> = Vec::new();
    loop {
        let task = if draining.is_empty() {
            tasks.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            tasks.recv_timeout(POLL)
        };
        match task {
            Ok(Task::Run(task)) => guarded(task),
            Ok(Task::TakeDown { pipeline, on_drained }) => {
                draining.push(Draining { pipeline, on_drained, deadline: Instant::now() + DRAIN_LIMIT });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        for done in draining.extract_if(.., |one| is_drained(one, now)) {
            if done.pipeline.set_state(gst::State::Null).is_err() {
                warn!("a packaging pipeline did not stop cleanly");
            }
            guarded(done.on_drained);
        }
    }
}

fn is_drained(one: &Draining, now: Instant) -> bool {
    let ended = one
        .pipeline
        .bus()
        .is_none_or(|bus| bus.pop_filtered(&[gst::MessageType::Eos, gst::MessageType::Error]).is_some());
    if !ended && now >= one.deadline {
        warn!("a packaging pipeline did not end in time");
    }
    ended || now >= one.deadline
}

/// The supervisor outlives any bug in what it is asked to do.
fn guarded(task: Box<dyn FnOnce() + Send>) {
    if catch_unwind(AssertUnwindSafe(task)).is_err() {
        error!("a packaging task panicked");
    }
}
