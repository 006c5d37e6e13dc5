//! End to end, from outside: the real binary, real protocols, real clients. Nothing here knows the library code.

mod harness;

mod blocks;
mod hostile;
mod playback;
mod publish;
mod restart;
mod seeds;
mod totp;
