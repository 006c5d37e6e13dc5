//! HTTPS and RTMPS with a certificate of our own.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use reqwest::{Certificate, Client};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{ADMIN, Player, Publisher, Server, eventually, output};

/// A certificate for the loopback in two files.
struct Files {
    folder: TempDir,
    pem: String,
}

impl Files {
    fn make() -> Self {
        let files = Self { folder: TempDir::new().expect("a temporary folder"), pem: String::new() };
        files.renew()
    }

    /// Writes a new certificate over the old one.
    fn renew(self) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]);
        let made = made.expect("a certificate");
        std::fs::write(self.path("cert.pem"), made.cert.pem()).expect("written");
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).expect("written");
        Self { pem: made.cert.pem(), ..self }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn server(&self) -> Server {
        let (certificate, key) = (self.path("cert.pem"), self.path("key.pem"));
        Server::start_with(&[
            ("SLUICE_TLS_CERT", &certificate),
            ("SLUICE_TLS_KEY", &key),
            ("SLUICE_HTTPS_ADDR", "127.0.0.1:0"),
            ("SLUICE_RTMPS_ADDR", "127.0.0.1:0"),
        ])
        .await
    }

    /// A client that believes this certificate and no other.
    fn client(&self) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = Certificate::from_pem(self.pem.as_bytes()).expect("a certificate");
        let builder = Client::builder().tls_certs_only([root]).pool_max_idle_per_host(0);
        builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
    }
}

#[tokio::test]
async fn everything_is_served_over_https_too() {
    let files = Files::make();
    let server = files.server().await;
    let (client, https) = (files.client(), server.listening("https").expect("HTTPS"));
    let version = client.get(format!("https://{https}/rest/v2/version")).send().await.expect("an answer");
    assert_eq!(version.status(), 200);
    assert_eq!(version.headers()["strict-transport-security"], "max-age=31536000");
    let json = json!({"email": ADMIN.0, "password": ADMIN.1});
    let login = client.post(format!("https://{https}/rest/v2/users/authenticate")).json(&json).send().await;
    let login = login.expect("an answer");
    let cookie = login.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
    assert!(cookie.as_ref().is_some_and(|cookie| cookie.contains("; Secure")), "{cookie:?}");

    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    let manifest = client.get(format!("https://{https}/LiveApp/streams/s.m3u8?subscriberId=alice"));
    let manifest = manifest.send().await.expect("an answer");
    let cookie = manifest.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("SameSite=None; Secure"), "{cookie}");
    assert!(manifest.headers().get("strict-transport-security").is_none(), "players may use the plain port as well");
    let url = format!("https://{https}/LiveApp/streams/s.m3u8");
    assert_eq!(Player::play(&url, 3).await, "", "ffmpeg plays over HTTPS");
    let plain = server.rest().get("/rest/v2/version").await;
    assert!(plain.headers().get("strict-transport-security").is_none());
}

#[tokio::test]
async fn rtmps_publishes_and_plays() {
    let files = Files::make();
    let server = files.server().await;
    server.rest().set("LiveApp", json!({"rtmpPlaybackEnabled": true})).await;
    let rtmps = server.listening("rtmps").expect("RTMPS");
    let _publisher = Publisher::start(&format!("rtmps://{rtmps}/LiveApp/s"));
    server.live("LiveApp", "s").await;
    assert_eq!(Player::play(&format!("rtmps://{rtmps}/LiveApp/s"), 3).await, "");
    let mut command = Command::new("gst-launch-1.0");
    command.args(["-q", "rtmp2src", "tls-validation-flags=0"]);
    command.arg(format!("location=rtmps://{rtmps}/LiveApp/s"));
    command.args(["!", "flvdemux", "name=d", "d.video", "!", "queue", "!", "fakesink", "num-buffers=20"]);
    let output = output(command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn what_is_no_tls_ends_cleanly_and_holds_nobody_up() {
    let files = Files::make();
    let mut server = files.server().await;
    let (client, https) = (files.client(), server.listening("https").expect("HTTPS"));
    let rtmps = server.listening("rtmps").expect("RTMPS");
    let mut half_open = Vec::new();
    for index in 0..300 {
        let to: SocketAddr = if index % 2 == 0 { https } else { rtmps };
        let mut socket = TcpStream::connect(to).await.expect("connected");
        if index % 3 == 0 {
            // The head of a ClientHello, and no more.
            socket.write_all(&[0x16, 3, 1, 2, 0, 1]).await.expect("sent");
        }
        half_open.push(socket);
    }
    let answer = client.get(format!("https://{https}/healthz")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "others are served meanwhile");

    let mut plain = TcpStream::connect(https).await.expect("connected");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut told = String::new();
    plain.read_to_string(&mut told).await.expect("a clean end");
    assert!(told.starts_with("HTTP/1.1 400 "), "{told}");
    for (to, noise) in [(https, &b"\x16\x03\x01\x00\x05nonsense"[..]), (rtmps, b"\x03plain RTMP"), (rtmps, &[0xff; 64])]
    {
        let mut socket = TcpStream::connect(to).await.expect("connected");
        socket.write_all(noise).await.expect("sent");
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(15), socket.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "the server hangs up");
    }
    for mut socket in half_open {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(15), socket.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a handshake that does not end is given up");
    }
    assert!(server.is_running());
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let files = Files::make();
    let server = files.server().await;
    let https = server.listening("https").expect("HTTPS");
    let url = format!("https://{https}/healthz");
    assert!(files.client().get(&url).send().await.is_ok());
    // It has no session with the server that it could take up again.
    let before = files.client();
    let files = files.renew();
    server.signal("HUP");
    let after = files.client();
    eventually("the new certificate is shown", || async { after.get(&url).send().await.ok() }).await;
    assert!(before.get(&url).send().await.is_err(), "the old one is gone");

    std::fs::write(files.path("key.pem"), "-----BEGIN PRIVATE KEY-----\nsecret\n").expect("written");
    server.signal("HUP");
    eventually("the failure is logged", || async { server.log().contains("the old certificate stays").then_some(()) })
        .await;
    assert!(after.get(&url).send().await.is_ok());
    assert!(!server.log().contains("secret\n"));
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_found_before_the_start() {
    let (files, other) = (Files::make(), Files::make());
    let check = async |certificate: String, key: String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        command.arg("check-config").env("SLUICE_TLS_CERT", certificate).env("SLUICE_TLS_KEY", key);
        let output = output(command).await;
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(check(files.path("cert.pem"), files.path("key.pem")).await.0);
    let (right, told) = check(files.path("cert.pem"), other.path("key.pem")).await;
    assert!(!right && told.contains("does not belong to the certificate"), "{told}");
    let (right, told) = check(files.path("missing.pem"), files.path("key.pem")).await;
    assert!(!right && told.contains("missing.pem"), "{told}");
}
