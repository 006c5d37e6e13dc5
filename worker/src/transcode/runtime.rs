//! The thread that feeds all transcoders, and what else follows a stream by itself. Publishers and viewers come from
//! runtimes and threads of their own; what serves several of them belongs to none.

use std::future::{Future, pending};
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Handle};

static RUNTIME: OnceLock<Result<Handle, String>> = OnceLock::new();

/// Runs a task that follows a stream.
///
/// # Errors
/// Why no thread could be started; every later call gives the same answer.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Result<(), String> {
    let runtime = RUNTIME.get_or_init(start).as_ref().map_err(Clone::clone)?;
    runtime.spawn(task);
    Ok(())
}

fn start() -> Result<Handle, String> {
    let runtime = Builder::new_current_thread().enable_time().build().map_err(|error| error.to_string())?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("transcode".to_owned())
        .spawn(move || runtime.block_on(pending::<()>()))
        .map_err(|error| error.to_string())?;
    Ok(handle)
}
