//! Recordings: live streams written to MP4 files, and those files.
//!
//! A recorder follows the packager's window ([`package::recording`](crate::package::recording)) and writes what is cut
//! ([`mp4`]) to a file of the [`folder`]. It can hold up nobody: when the disk is slower than the stream for longer than the
//! window is, or full, the recording ends, and what was written is kept.

mod folder;
mod mp4;
mod recorder;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use sluice_contract::message::{EventKind, MOST_RECORDINGS, RecordingOrder, RecordingReport};
use sluice_contract::{ApplicationName, SessionId, VodId};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::StreamKey;
use crate::control::Rules;
use crate::hub::{EventSink, Hub, LiveStream, Recorder as Records};
use recorder::{Recorder, began_at};

use folder::Folder;
pub(crate) use folder::Recording;
use mp4::About;

/// Where recordings are kept.
#[derive(Debug, Clone)]
pub struct RecordingConfig {
    pub folder: PathBuf,
    /// With less than this free there, nothing is recorded.
    pub min_free_bytes: u64,
}

/// All recordings of a worker, under way and complete.
pub(crate) struct Recordings {
    folder: Folder,
    rules: Arc<Rules>,
    events: Arc<dyn EventSink>,
    /// Publishers are not all on its threads.
    runtime: Handle,
    under_way: Mutex<HashMap<StreamKey, UnderWay>>,
    tasks: TaskTracker,
    /// For those who look for a file.
    places: Arc<Semaphore>,
    /// Held by whoever goes through the folder.
    looking: tokio::sync::Mutex<()>,
    me: Weak<Self>,
}

/// A recording that nobody has stopped.
struct UnderWay {
    vod: VodId,
    publisher: SessionId,
    stop: CancellationToken,
}

/// A name for a recording.
fn new_vod() -> VodId {
    VodId::of(Uuid::new_v4())
}

impl Recordings {
    /// To be called on the runtime that recordings are to use. Has the hub tell of streams that are to be recorded.
    pub fn start(config: &RecordingConfig, rules: Arc<Rules>, hub: &Hub, events: Arc<dyn EventSink>) -> Arc<Self> {
        let recordings = Arc::new_cyclic(|me| Self {
            folder: Folder::new(config.folder.clone(), config.min_free_bytes),
            rules,
            events,
            runtime: Handle::current(),
            under_way: Mutex::default(),
            tasks: TaskTracker::new(),
            places: Arc::new(Semaphore::new(MOST_LOOKING)),
            looking: tokio::sync::Mutex::default(),
            me: me.clone(),
        });
        hub.recorded_by(Arc::clone(&recordings) as _);
        recordings
    }

    /// Begins to record a live stream, or ends that. Returns which recording it is; `None` when the stream is in that state
    /// already, or there is no room.
    pub async fn obey(&self, stream: &Arc<LiveStream>, order: Option<RecordingOrder>) -> Option<VodId> {
        let Some(order) = order else { return self.stop(stream) };
        let folder = self.folder.clone();
        if let Err(error) = spawn_blocking(move || folder.check_room()).await.ok()? {
            warn!(broadcast.name = %stream.key(), %error, "nothing is recorded");
            return None;
        }
        let vod = self.begin(stream, Some(order))?;
        stream.package().want_recording();
        stream.want_packaging();
        Some(vod)
    }

    /// Removes the files of these recordings. Returns those that were here.
    pub async fn remove(&self, application: ApplicationName, recordings: Vec<(VodId, String)>) -> Vec<VodId> {
        let folder = self.folder.clone();
        let removed = spawn_blocking(move || {
            let is_removed = |(vod, name): &(VodId, String)| folder.remove(&application, name, vod);
            recordings.into_iter().filter(is_removed).map(|(vod, _)| vod).collect()
        });
        removed.await.unwrap_or_default()
    }

    /// A complete recording, by the path behind `/{application}/streams/`.
    pub async fn find(&self, application: &ApplicationName, path: String) -> Option<Recording> {
        let since = self.rules.application(application)?.recording.since;
        let (folder, application) = (self.folder.clone(), application.clone());
        // Strangers may ask: a disk that hangs takes no more threads than these.
        let place = timeout(FOUND_WITHIN, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()?;
        let looked = spawn_blocking(move || {
            let _place = place;
            folder.find(&application, &path)
        });
        let found = timeout(FOUND_WITHIN, looked).await.ok()?.ok()??;
        // An earlier application of that name had rules of its own.
        (found.report.started_at >= since).then_some(found)
    }

    /// The API knows us (again): completes what a crash has left, and tells of every file that is here, so that the two agree
    /// whatever either has missed.
    pub fn tell_of_all(&self) {
        let Some(recordings) = self.me.upgrade() else { return };
        self.tasks.spawn_on(
            async move {
                // Whoever looks already tells it all.
                let Ok(_looking) = recordings.looking.try_lock() else { return };
                let folder = recordings.folder.clone();
                let all = spawn_blocking(move || {
                    folder.recover();
                    folder.list().collect::<Vec<_>>()
                });
                let all = all.await.unwrap_or_else(|error| {
                    error!(%error, "the recordings cannot be looked through");
                    Vec::new()
                });
                for some in all.chunks(MOST_RECORDINGS) {
                    recordings.events.emit(EventKind::Recorded { recordings: some.to_vec() });
                }
            },
            &self.runtime,
        );
    }

    /// Waits until every recording of a stream that has ended is complete.
    pub async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// `None` when it is recorded already.
    fn begin(&self, stream: &Arc<LiveStream>, order: Option<RecordingOrder>) -> Option<VodId> {
        let key = stream.key().clone();
        let vod = order.as_ref().map_or_else(new_vod, |order| order.vod.clone());
        let stop = CancellationToken::new();
        let about = About {
            vod: vod.clone(),
            application: key.application.clone(),
            stream_id: key.stream_id.clone(),
            started_at: began_at(order.as_ref(), stream.since()),
        };
        {
            let mut under_way = self.under_way.lock();
            // That of an earlier publisher is about to end.
            if under_way.get(&key).is_some_and(|known| known.publisher == stream.publisher()) {
                return None;
            }
            let entry = UnderWay { vod: vod.clone(), publisher: stream.publisher(), stop: stop.clone() };
            under_way.insert(key.clone(), entry);
        }
        let events = Arc::clone(&self.events);
        let recorder = Recorder {
            folder: self.folder.clone(),
            package: stream.shared_package(),
            cursor: stream.package().cursor(),
            about,
            order,
            date_in_name: self.rules.application(&key.application).is_some_and(|rules| rules.recording.date_in_name),
            stop,
            done: Box::new(move |report| tell(events.as_ref(), report)),
        };
        let (recordings, mine) = (self.me.clone(), vod.clone());
        self.tasks.spawn_on(
            async move {
                recorder.run().await;
                let Some(recordings) = recordings.upgrade() else { return };
                let mut under_way = recordings.under_way.lock();
                if under_way.get(&key).is_some_and(|known| known.vod == mine) {
                    under_way.remove(&key);
                }
            },
            &self.runtime,
        );
        Some(vod)
    }

    /// `None` when it is not recorded.
    fn stop(&self, stream: &LiveStream) -> Option<VodId> {
        let mut under_way = self.under_way.lock();
        if under_way.get(stream.key())?.publisher != stream.publisher() {
            return None;
        }
        let UnderWay { vod, stop, .. } = under_way.remove(stream.key())?;
        stop.cancel();
        info!(broadcast.name = %stream.key(), "the recording is to end");
        Some(vod)
    }
}

impl Records for Recordings {
    fn record(&self, stream: &Arc<LiveStream>) {
        // Nobody can have asked for it before it was on air.
        self.begin(stream, None);
    }
}

fn tell(events: &dyn EventSink, report: RecordingReport) {
    events.emit(EventKind::Recorded { recordings: vec![report] });
}

/// Of the threads that wait for disks a worker has 512.
const MOST_LOOKING: usize = 64;
const FOUND_WITHIN: Duration = Duration::from_secs(5);
