//! End to end, from outside: the real binary, real protocols, real clients. Nothing here knows the library code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

mod access_table;
mod attacks;
mod audit;
mod blocks;
mod cluster;
mod guessing;
mod hostile;
mod hostile_webrtc;
mod playback;
mod publish;
mod races;
mod recordings;
mod reported;
mod restart;
mod rooms;
mod rtmp_play;
mod seeds;
mod sessions;
mod tls;
mod totp;
mod vectors;
mod webhooks;
mod webrtc;
