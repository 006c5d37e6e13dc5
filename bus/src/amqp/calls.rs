//! Questions that a worker has asked and that are not answered yet.

use std::collections::HashMap;

use lapin::message::Delivery;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation, PublisherConfirm};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::BusError;

/// An answer as it came.
pub(super) struct Answer {
    pub properties: BasicProperties,
    pub body: Vec<u8>,
}

/// The open questions of one session. They end with it.
pub(super) struct Calls(Mutex<Waiting>);

struct Waiting {
    next: u64,
    answers: HashMap<u64, oneshot::Sender<Result<Answer, BusError>>>,
    over: bool,
}

impl Calls {
    pub fn new() -> Self {
        Self(Mutex::new(Waiting { next: 0, answers: HashMap::new(), over: false }))
    }

    /// A place for one more answer.
    ///
    /// # Errors
    /// [`BusError::Unreachable`] when the session is over.
    pub fn open(&self) -> Result<Call<'_>, BusError> {
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.0.lock();
        if waiting.over {
            return Err(BusError::Unreachable);
        }
        waiting.next += 1;
        let id = waiting.next;
        waiting.answers.insert(id, sender);
        Ok(Call { calls: self, id, answer })
    }

    /// Hands an answer to whoever waits for it; late ones are dropped.
    pub fn answered(&self, delivery: Delivery) {
        let Some(id) = correlation(&delivery.properties) else { return };
        self.finish(id, Ok(Answer { properties: delivery.properties, body: delivery.data }));
    }

    /// What the broker said of a published question. A question that was returned is found by its own id: the library
    /// may hand it to another one that was confirmed at the same moment.
    fn confirmed(&self, id: u64, confirmation: lapin::Result<Confirmation>) {
        match confirmation {
            Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => {}
            Ok(Confirmation::Ack(Some(returned))) => {
                if let Some(id) = correlation(&returned.delivery.properties) {
                    self.finish(id, Err(BusError::Unreachable));
                }
            }
            Ok(Confirmation::Nack(_)) => self.finish(id, Err(BusError::Overloaded)),
            Err(_) => self.finish(id, Err(BusError::Unreachable)),
        }
    }

    /// Nobody will answer any more.
    pub fn end(&self) {
        let mut waiting = self.0.lock();
        waiting.over = true;
        waiting.answers.clear();
    }

    fn finish(&self, id: u64, answer: Result<Answer, BusError>) {
        let waiter = self.0.lock().answers.remove(&id);
        if let Some(waiter) = waiter {
            // The caller may have given up.
            let _ = waiter.send(answer);
        }
    }
}

/// One question. Dropped, its answer is not waited for any more.
pub(super) struct Call<'a> {
    calls: &'a Calls,
    id: u64,
    answer: oneshot::Receiver<Result<Answer, BusError>>,
}

impl Call<'_> {
    /// The `correlation_id` to ask with.
    pub fn correlation(&self) -> ShortString {
        self.id.to_string().into()
    }

    /// Waits for the answer, or for the broker to say that there will be none.
    pub async fn answer(mut self, confirm: PublisherConfirm) -> Result<Answer, BusError> {
        let (calls, id) = (self.calls, self.id);
        let mut confirm = Confirm(Some(confirm));
        let answer = tokio::select! {
            answer = &mut self.answer => answer,
            confirmation = confirm.settled() => {
                calls.confirmed(id, confirmation);
                (&mut self.answer).await
            }
        };
        answer.unwrap_or(Err(BusError::Unreachable))
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.calls.0.lock().answers.remove(&self.id);
    }
}

/// A confirm that is waited for to its end even when its message matters no more: the library would keep every one that
/// is dropped open for as long as the channel lives.
pub(super) struct Confirm(pub Option<PublisherConfirm>);

impl Confirm {
    pub async fn settled(&mut self) -> lapin::Result<Confirmation> {
        let settled = match &mut self.0 {
            Some(confirm) => confirm.await,
            None => Ok(Confirmation::NotRequested),
        };
        self.0 = None;
        settled
    }
}

impl Drop for Confirm {
    fn drop(&mut self) {
        if let Some(confirm) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(confirm);
        }
    }
}

fn correlation(properties: &BasicProperties) -> Option<u64> {
    properties.correlation_id().as_ref()?.as_str().parse().ok()
}
