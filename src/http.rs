//! The HTTP and HTTPS listeners: limits before anything is read, and sockets tuned for media.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::http::header::{HOST, HeaderValue, STRICT_TRANSPORT_SECURITY};
use axum::http::uri::{Authority, Scheme, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sluice_worker::egress::http::OverTls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::tls;

/// How connections of a listener begin.
#[derive(Clone)]
pub enum Door {
    Plain,
    Tls(TlsAcceptor),
}

/// Serves `router` until `shutdown`, then lets running answers finish.
pub async fn serve(listener: TcpListener, door: Door, router: Router, shutdown: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: existing connections will free some.
                warn!(error = %error, "cannot accept an HTTP connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            debug!(peer = %peer, "too many HTTP connections");
            continue;
        };
        if let Err(error) = sluice_worker::egress::tune(&stream) {
            debug!(error = %error, "cannot tune a socket");
        }
        let (door, router, shutdown) = (door.clone(), router.clone(), shutdown.clone());
        let handshakes = Arc::clone(&handshakes);
        connections.spawn(async move {
            match door {
                Door::Plain => connection(stream, peer, Over::Plain, router, shutdown).await,
                Door::Tls(acceptor) => {
                    let Ok(handshake) = handshakes.try_acquire() else {
                        debug!(peer = %peer, "too many TLS handshakes");
                        return;
                    };
                    let stream = tokio::select! {
                        () = shutdown.cancelled() => None,
                        stream = timeout(HANDSHAKE, encrypt(&acceptor, stream, peer)) => stream.ok().flatten(),
                    };
                    drop(handshake);
                    if let Some(stream) = stream {
                        connection(stream, peer, Over::Tls, router, shutdown).await;
                    }
                }
            }
            drop(place);
        });
    }
    connections.close();
    if timeout(FINISH, connections.wait()).await.is_err() {
        debug!("some HTTP connections did not finish in time");
    }
}

/// Shakes hands; a browser that was sent here with `http://` is told so.
async fn encrypt(acceptor: &TlsAcceptor, mut stream: TcpStream, peer: SocketAddr) -> Option<TlsStream<TcpStream>> {
    let mut first = [0];
    let speaks_http = stream.peek(&mut first).await.is_ok_and(|bytes| bytes == 1 && first[0].is_ascii_uppercase());
    if speaks_http {
        debug!(peer = %peer, "plain HTTP came to the HTTPS port");
        let told = async {
            stream.write_all(SPEAK_TLS).await?;
            stream.shutdown().await?;
            // A socket that is closed with unread bytes resets the connection, and the answer is lost.
            let mut unread = [0; 1_024];
            let mut left = HEADER_BYTES;
            loop {
                match stream.read(&mut unread).await? {
                    0 => return Ok::<_, io::Error>(()),
                    bytes => left = left.checked_sub(bytes).ok_or(io::ErrorKind::InvalidData)?,
                }
            }
        };
        if let Err(error) = told.await {
            debug!(error = %error, peer = %peer, "the peer did not wait for the answer");
        }
        return None;
    }
    match tls::shake_hands(acceptor, stream).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            debug!(error = %error, peer = %peer, "a TLS handshake failed");
            None
        }
    }
}

/// How a request came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Plain,
    Tls,
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    over: Over,
    router: Router,
    shutdown: CancellationToken,
) {
    let service = tower::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let strict = over == Over::Tls && mark_encrypted(&mut request);
        let router = router.clone();
        async move {
            let mut response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            if strict {
                response.headers_mut().entry(STRICT_TRANSPORT_SECURITY).or_insert(STRICT);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(error = %error, peer = %peer, "an HTTP connection ended with an error");
    }
}

/// Lets the worker and the API know that the client's own connection is encrypted. True when the answer is to tell
/// browsers never to come unencrypted again (RFC 6797): on everything but an application's pages and media, which
/// players may go on to fetch from the plain port.
fn mark_encrypted(request: &mut Request) -> bool {
    request.extensions_mut().insert(OverTls);
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if let Ok(authority) = host.parse::<Authority>() {
        let mut parts = request.uri().clone().into_parts();
        (parts.scheme, parts.authority) = (Some(Scheme::HTTPS), Some(authority));
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    let path = request.uri().path();
    path == "/" || ["/admin", "/graphql", "/rest/"].iter().any(|start| path.starts_with(start))
}

/// Connections at a time; each costs a task and a buffer of at most [`HEADER_BYTES`] while it says nothing.
const CONNECTIONS: usize = 16_384;
/// A peer that has not sent a whole request head within this time is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// Longest request head: tickets and JWTs are a few hundred bytes.
const HEADER_BYTES: usize = 32 * 1024;
/// TLS handshakes at a time. One that has begun costs about 16 KiB.
const HANDSHAKES: usize = 4_096;
/// A TLS handshake takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// A year.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// For whoever speaks plain HTTP to the HTTPS port.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\
    Connection: close\r\n\r\nThis port speaks HTTPS alone.\n";
/// How long a stopping server waits for running answers.
const FINISH: Duration = Duration::from_secs(3);
