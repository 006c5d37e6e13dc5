//! Whole workers on one bus, joined by relays over real sockets.

mod cluster;
mod hostile;
mod loss;
mod viewing;
mod wishes;
