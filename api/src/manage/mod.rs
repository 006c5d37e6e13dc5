//! The functions behind both faces, one file per concept, all as methods of [`Api`](crate::Api).
//!
//! A face gets an [`Application`] from a [`Viewer`] (`api.application(&viewer, name)`); the handle carries the viewer's
//! right, and every function checks the right that it needs. What a caller may get wrong comes back as
//! [`ManageError::Problem`]; anything else is an outage.

mod access;
mod administrator;
mod api_key;
mod application;
mod audit;
mod averages;
mod block;
mod broadcast;
mod data;
mod events;
mod machine;
mod page;
mod password;
mod problem;
mod recording;
mod reveal;
mod revocation;
mod server_settings;
mod session;
mod stream_jwt;
mod subscriber;
mod subscriber_state;
mod subtrack;
mod token;
mod token_check;
mod viewer;
mod webhook;

pub(crate) use administrator::read_grants;
pub use administrator::{Administrator, AdministratorChanges, Login, LoginRequest, NewAdministrator};
pub use api_key::{ApiKey, CreatedApiKey, NewApiKey};
pub use application::{Application, OpenSetting};
pub use audit::{AuditFilter, AuditKind, AuditOrder, AuditOutcome, AuditRecord};
pub(crate) use averages::Averages;
pub(crate) use block::block_of_row;
pub use block::{BlockFilter, BlockOperations, BlockOutcome, BlockRequest, PendingWorker};
pub(crate) use broadcast::new_row;
pub use broadcast::{
    Broadcast, BroadcastChanges, BroadcastFilter, BroadcastOrder, BroadcastStatus, BroadcastType, Deleted,
    NewBroadcast, OrderKey, PASS_THROUGH,
};
pub(crate) use events::Events;
pub use events::{BlockEvent, BroadcastEvent, BroadcastEventKind, SessionEvent, SessionEventKind, StatsTick};
pub use machine::Machine;
pub(crate) use machine::{Meter, Usage};
pub use page::{Cursor, Entry, MAX_PAGE, Page, Slice};
pub(crate) use password::Passwords;
pub use problem::{ManageError, Outcome, Problem, ProblemCode};
pub(crate) use recording::MP4_ENABLED;
pub use recording::{Recording, RecordingChange, RecordingFilter, RecordingOrder, RecordingOrderKey, RecordingTotals};
pub(crate) use revocation::revocation_of_row;
pub use server_settings::{LogLevel, ServerSettings};
pub use session::{
    ConnectionEvent, ConnectionEventFilter, ConnectionEventKind, ControlOutcome, LiveStream, ServerStats, Session,
    SessionFilter, ViewerCounts, WorkerStatus,
};
pub use subscriber::{
    GeneratedCode, NewSubscriber, NewSubscriberSecret, PutSubscriber, RevealedSecret, Subscriber, SubscriberChanges,
    SubscriberFilter,
};
pub use token::{NewToken, Token, TokenFilter, TokenStatus};
pub use token_check::{Spending, TokenAnswer, TokenCheck};
pub use viewer::{Grant, Identity, Role, Scope, Viewer};
pub use webhook::{DeliveryState, WebhookDelivery, WebhookTrial};
