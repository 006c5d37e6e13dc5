//! RTMP ingest: our own chunk reader, AMF0 reader and server session, sans-IO, and the listener around them.
