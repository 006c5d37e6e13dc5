//! Messages of a back end to the people who watch and publish a stream over WebRTC.

use sluice_contract::message::{Command, MOST_DATA_BYTES};

use super::{Application, ControlOutcome, ManageError, Outcome, ProblemCode, Role};
use crate::Api;

impl Api {
    /// Sends a text to everybody who has a data channel with a live stream, its publisher included. Nothing is kept of
    /// it: whoever comes later does not get it. It is not audited: a back end may send many a second.
    ///
    /// # Errors
    /// `not-live`, `conflict` where data channels are switched off, `limit` for a text that is too long, `forbidden`.
    pub async fn send_data(
        &self,
        application: &Application,
        stream_id: &str,
        message: String,
    ) -> Outcome<ControlOutcome> {
        application.require(Role::Operator)?;
        if !application.settings.data_channel_enabled {
            return Err(ManageError::problem(ProblemCode::Conflict, "Data channels are not enabled"));
        }
        if message.len() > MOST_DATA_BYTES {
            let text = format!("A message has at most {MOST_DATA_BYTES} bytes");
            return Err(ManageError::problem_at(ProblemCode::Limit, "message", text));
        }
        let live = match self.broadcast(application, stream_id).await? {
            Some(broadcast) if application.settings.web_rtc_enabled && self.is_live(application, &broadcast) => {
                broadcast
            }
            _ => return Err(ManageError::problem(ProblemCode::NotLive, "Requested WebRTC stream does not exist")),
        };
        let command = Command::Data { application: application.name.clone(), stream_id: live.stream_id, message };
        Ok(self.fleet().send(command).await.acknowledged().await.into())
    }
}
