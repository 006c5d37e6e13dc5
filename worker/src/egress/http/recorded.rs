//! A recording, whole or in parts (RFC 9110 §14), for a session that may have it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_RANGE,
    RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::body::Cut;
use super::entry::{Asked, Pass};
use super::{Http, answer};
use crate::record::Recording;
use crate::session::{Gate, Session};

impl Http {
    /// The answer to a request for a recording that has been let in.
    pub(super) fn recorded(&self, asked: &Asked<'_>, pass: &Pass, recording: Recording) -> Response {
        let mut response = match self.shut(asked, &pass.session) {
            Some(no) => no.into_response(),
            None => send(asked, pass, recording),
        };
        self.give_cookie(asked, pass, &mut response);
        response
    }
}

fn send(asked: &Asked<'_>, pass: &Pass, recording: Recording) -> Response {
    let Recording { file, report } = recording;
    let len = report.bytes;
    let tag = format!("\"{}-{len}\"", report.vod);
    let (status, part) = match asked_part(asked.headers, &tag, len) {
        Part::Whole => (StatusCode::OK, 0..len),
        Part::Of(part) => (StatusCode::PARTIAL_CONTENT, part),
        Part::Outside => {
            let mut response = answer::text(StatusCode::RANGE_NOT_SATISFIABLE, "");
            put(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{len}"));
            return response;
        }
    };
    let content_length = part.end - part.start;
    let content_range = format!("bytes {}-{}/{len}", part.start, part.end.saturating_sub(1));
    let body = if asked.is_head {
        Body::empty()
    } else {
        Body::new(FileBody { file: Arc::new(file), left: part, reading: None, session: Arc::clone(&pass.session) })
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content_length));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    put(headers, ETAG, &tag);
    if status == StatusCode::PARTIAL_CONTENT {
        put(headers, CONTENT_RANGE, &content_range);
    }
    // Whoever comes again asks again: a block or a deletion holds for what was loaded before.
    let cache = if pass.ticket.is_some() { "private, no-cache" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

fn put(headers: &mut HeaderMap, name: axum::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What of the file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Whole,
    Of(Range<u64>),
    /// It ends before that.
    Outside,
}

/// One range is honoured; several, and what is no range, get the whole (RFC 9110 §14.2), and so does whoever has the
/// beginning of another file.
fn asked_part(headers: &HeaderMap, tag: &str, len: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_of_another = headers.contains_key(IF_RANGE) && text(IF_RANGE) != Some(tag);
    let range = text(RANGE).filter(|_| !is_of_another).and_then(|range| range.trim().strip_prefix("bytes="));
    range.and_then(|range| part(range, len)).unwrap_or(Part::Whole)
}

/// `None` when it is no single range.
fn part(range: &str, len: u64) -> Option<Part> {
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // More digits than any file has bytes.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = range.trim().split_once('-')?;
    let part = match (first, last) {
        ("", last) => len.saturating_sub(number(last)?)..len,
        (first, "") => number(first)?..len,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(len)
        }
    };
    Some(if part.start >= part.end { Part::Outside } else { Part::Of(part) })
}

/// A file on its way to a player, read piece by piece; ends with an error, which closes the connection, as soon as the
/// session's gate is not open.
struct FileBody {
    file: Arc<File>,
    left: Range<u64>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    session: Arc<Session>,
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let (file, at) = (Arc::clone(&self.file), self.left.start);
        let len = usize::try_from(self.left.end - at).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let reading = self.reading.get_or_insert_with(|| {
            spawn_blocking(move || {
                let mut piece = vec![0; len];
                file.read_exact_at(&mut piece, at)?;
                Ok(piece.into())
            })
        });
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        let piece = match read.map_err(io::Error::other).flatten() {
            Ok(piece) if self.session.gate() == Gate::Open => Ok(piece),
            Ok(_) => Err(Cut.into()),
            Err(error) => Err(error.into()),
        };
        match &piece {
            Ok(piece) => {
                self.left.start += piece.len() as u64;
                self.session.count_video(piece.len());
            }
            Err(_) => self.left = 0..0,
        }
        Poll::Ready(Some(piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.end - self.left.start)
    }
}

/// Read and handed to the connection at a time, and so what may follow a block at most.
const PIECE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_file() {
        let of = |range, len| part(range, len);
        assert_eq!(of("0-", 10), Some(Part::Of(0..10)));
        assert_eq!(of("2-3", 10), Some(Part::Of(2..4)));
        assert_eq!(of("9-99", 10), Some(Part::Of(9..10)));
        assert_eq!(of("-3", 10), Some(Part::Of(7..10)));
        assert_eq!(of("-99", 10), Some(Part::Of(0..10)));
        for outside in ["10-", "10-11", "-0", "99999999999999999999999-"] {
            assert_eq!(of(outside, 10), Some(Part::Outside), "{outside}");
        }
        for whole in ["", "-", "3-2", "a-b", "1-2,4-5", "+1-2", "1"] {
            assert_eq!(of(whole, 10), None, "{whole}");
        }
    }

    #[test]
    fn a_part_of_another_file_is_not_continued() {
        let headers = |pairs: &[(axum::http::HeaderName, &str)]| -> HeaderMap {
            pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
        };
        let asked = |pairs: &[(axum::http::HeaderName, &str)]| asked_part(&headers(pairs), "\"a\"", 10);
        assert_eq!(asked(&[]), Part::Whole);
        assert_eq!(asked(&[(RANGE, "bytes=5-")]), Part::Of(5..10));
        assert_eq!(asked(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"a\"")]), Part::Of(5..10));
        assert_eq!(asked(&[(RANGE, "bytes=5-"), (IF_RANGE, "\"b\"")]), Part::Whole);
        assert_eq!(asked(&[(RANGE, "items=5-")]), Part::Whole);
    }
}
