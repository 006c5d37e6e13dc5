//! WHIP, WHEP and the WebSocket from outside: statuses, headers, who may do what.

mod resources;
mod rooms;
mod socket;
