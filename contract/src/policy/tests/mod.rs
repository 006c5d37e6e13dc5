//! Scenarios for the gate. The builders say only what matters to a test; everything else is an application with its
//! defaults, nobody on air, and a peer of 10.0.0.1.

mod blocks;
mod explanations;
mod live;
mod matrix;
mod networks;
mod one_time_tokens;
mod properties;
mod refusals;
mod rooms;
mod scenario;
mod sessions;
mod signed_tokens;
mod time_codes;
mod vectors;
