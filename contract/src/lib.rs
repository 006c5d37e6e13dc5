//! What the API and the workers agree on.
//!
//! This crate is the map of the product: an [`Application`](ApplicationName) holds Broadcasts, named by [`StreamId`];
//! a Subscriber, named by [`SubscriberId`], asks to publish or play one with a [`StreamRequest`]; [`policy::decide`]
//! answers with a [`Decision`]; an admitted connection is a Session, named by [`SessionId`], on a
//! Worker, named by [`WorkerId`]. A [`Block`] forbids a subscriber an operation until a time. A [`Ticket`] is the signed
//! form of a play session that HTTP players carry.
//!
//! Everything here is pure: no IO, no async, no clock, no randomness (`clippy.toml` refuses them). Time is an argument.

pub mod credentials;
pub mod facts;
pub mod id;
pub mod message;
pub mod policy;
pub mod request;
pub mod secret;
pub mod settings;
pub mod ticket;
pub mod time;

pub use credentials::Credentials;
pub use facts::{Block, Facts};
pub use id::{ApplicationName, InvalidName, RequestId, SessionId, StreamId, SubscriberId, VodId, WorkerId};
pub use policy::{Decision, DenyReason, StreamGrant};
pub use request::{ClientBinding, Intent, Operation, Peer, Protocol, PublishAbout, SecurityMode, StreamRequest};
pub use secret::Secret;
pub use settings::ApplicationSettings;
pub use ticket::{Ticket, TicketKey, TicketKeys};
pub use time::UnixTime;
