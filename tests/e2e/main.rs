//! End to end, from outside: the real binary, real protocols, real clients. Nothing here knows the library code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

mod audit;
mod blocks;
mod hostile;
mod playback;
mod publish;
mod restart;
mod seeds;
mod totp;
