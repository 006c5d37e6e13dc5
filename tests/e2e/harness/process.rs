//! Child processes that do not outlive the test.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::eventually;

/// A running program. Dropping it kills it.
pub struct Process(Child);

impl Process {
    /// Starts `command` without input and output; what it complains of can be read later if `stderr` is piped.
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?} does not start (make setup): {error}")))
    }

    /// The same with an open standard input: closing it asks the program to end.
    pub fn start_with_input(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?} does not start (make setup): {error}")))
    }

    /// Closes the standard input and waits for the end.
    pub fn close_input(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// The exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("the process can be watched")
    }

    /// Sends a signal by its name (`TERM`, `INT`).
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the process runs");
    }

    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Waits for the end.
    pub async fn status(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = eventually_ended(self).await {
                return status;
            }
        }
    }

    /// Waits for the end and returns the status and what was written to a piped standard error.
    pub async fn finished(mut self) -> (ExitStatus, String) {
        // The pipe is drained meanwhile: a program that cannot write does not end.
        let reading = self.0.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut text = String::new();
                let _ = stderr.read_to_string(&mut text);
                text
            })
        });
        let process = &mut self;
        let status = loop {
            if let Some(status) = eventually_ended(process).await {
                break status;
            }
        };
        let text = reading.and_then(|thread| thread.join().ok()).unwrap_or_default();
        (status, text)
    }
}

async fn eventually_ended(process: &mut Process) -> Option<ExitStatus> {
    let process = std::cell::RefCell::new(process);
    Some(eventually("the process ends", || async { process.borrow_mut().ended() }).await)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program to its end, off the test's own threads, and returns its output.
pub async fn output(mut command: Command) -> std::process::Output {
    command.stdin(Stdio::null());
    let running = tokio::task::spawn_blocking(move || command.output());
    let output = tokio::time::timeout(Duration::from_secs(60), running).await.expect("it ends");
    output.expect("the thread lives").expect("the program is installed (make setup)")
}
