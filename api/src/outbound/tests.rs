//! The client against sockets of this test.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const SHORT: Duration = Duration::from_secs(5);

fn client(allowed: &[&str]) -> Outbound {
    Outbound::new(allowed.iter().map(|network| network.parse().expect("a network")).collect()).expect("a client")
}

/// Answers every connection with `answer` and keeps it open. Returns its port.
async fn receiver(answer: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(&answer).await;
                std::future::pending::<()>().await;
            });
        }
    });
    port
}

fn http(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn post(address: &str, within: Duration) -> Post<'_> {
    Post {
        address,
        content_type: HeaderValue::from_static("application/json"),
        headers: HeaderMap::new(),
        body: b"{}".to_vec(),
        within,
    }
}

#[test]
fn only_plain_web_addresses_are_addresses() {
    for good in ["http://a.example", " https://a.example:8443/hook?key=1 ", "http://[2001:db8::1]/", "http://1.2.3.4"] {
        assert!(parse_address(good).is_ok(), "{good}");
    }
    let long = format!("http://a.example/{}", "x".repeat(3_000));
    for bad in [
        "",
        "a.example/hook",
        "ftp://a.example",
        "file:///etc/passwd",
        "gopher://a.example",
        "http://",
        "http://user@a.example",
        "http://user:secret@a.example",
        "http://good.example@127.0.0.1/",
        &long,
    ] {
        assert_eq!(parse_address(bad), Err(OutboundError::Address), "{bad}");
    }
    assert_eq!(origin_of("https://a.example/hook?key=secret").as_deref(), Some("https://a.example"));
}

#[tokio::test]
async fn an_internal_target_is_refused_however_it_is_written() {
    let port = receiver(http("200 OK", b"")).await;
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0", "127.1"] {
        let address = format!("http://{host}:{port}/");
        let error = client(&[]).post(post(&address, SHORT)).await.expect_err("refused");
        assert!(matches!(error, OutboundError::Internal { .. }), "{host}: {error}");
        assert!(error.to_string().contains("outbound_allowed_cidr"), "{error}");
    }
    let address = format!("http://127.0.0.1:{port}/");
    assert_eq!(client(&["127.0.0.1/32"]).post(post(&address, SHORT)).await, Ok(200));
    let named = format!("http://localhost:{port}/");
    assert_eq!(client(&["127.0.0.1/32"]).post(post(&named, SHORT)).await, Ok(200));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let port = receiver(http("302 Found\r\nLocation: http://127.0.0.1:1/", b"")).await;
    let address = format!("http://127.0.0.1:{port}/");
    assert_eq!(client(&["127.0.0.1/32"]).post(post(&address, SHORT)).await, Ok(302));
}

#[tokio::test]
async fn a_silent_receiver_is_given_up() {
    let port = receiver(Vec::new()).await;
    let address = format!("http://127.0.0.1:{port}/");
    let silent = client(&["127.0.0.1/32"]).post(post(&address, Duration::from_millis(50))).await;
    assert_eq!(silent, Err(OutboundError::TimedOut));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let outbound = client(&["127.0.0.1/32"]);
    let port = receiver(http("200 OK", &[b'x'; 64 * 1024])).await;
    let whole = outbound.fetch(&format!("http://127.0.0.1:{port}/"), SHORT).await.expect("read");
    assert_eq!(whole.len(), 64 * 1024);
    let port = receiver(http("200 OK", &[b'x'; 64 * 1024 + 1])).await;
    let too_long = outbound.fetch(&format!("http://127.0.0.1:{port}/"), SHORT).await;
    assert_eq!(too_long, Err(OutboundError::TooLong));
    let port = receiver(http("404 Not Found", b"")).await;
    let absent = outbound.fetch(&format!("http://127.0.0.1:{port}/"), SHORT).await;
    assert_eq!(absent, Err(OutboundError::Status(404)));
}

#[tokio::test]
async fn errors_do_not_show_paths_and_queries() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    let address = format!("http://127.0.0.1:{free}/hook?key=topsecret");
    let error = client(&["127.0.0.1/32"]).post(post(&address, SHORT)).await.expect_err("nobody listens");
    let shown = format!("{error} {error:?}");
    assert!(matches!(error, OutboundError::Unreachable { .. }) && !shown.contains("topsecret"), "{shown}");
}
