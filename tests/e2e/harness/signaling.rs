//! A WebSocket to the signaling, as the JavaScript SDK opens it.

use std::net::IpAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{PATIENCE, Server};

/// One socket. Dropping it closes the connection.
pub struct Signaling(WebSocketStream<TcpStream>);

impl Signaling {
    /// Opens `/{application}/websocket` from an address of one's own.
    pub async fn connect(server: &Server, from: IpAddr, application: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("an address of the loopback");
        let stream = socket.connect(server.http).await.expect("a connection");
        let address = format!("ws://{}/{application}/websocket", server.http);
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await.expect("a WebSocket");
        Self(socket)
    }

    pub async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the server listens");
    }

    /// Sends anything; false when the server has hung up.
    pub async fn send_raw(&mut self, bytes: Vec<u8>, is_text: bool) -> bool {
        let message = match String::from_utf8(bytes) {
            Ok(text) if is_text => Message::text(text),
            Ok(text) => Message::binary(text.into_bytes()),
            Err(error) => Message::binary(error.into_bytes()),
        };
        matches!(tokio::time::timeout(PATIENCE, self.0.send(message)).await, Ok(Ok(())))
    }

    /// The next message.
    pub async fn hear(&mut self) -> Value {
        loop {
            let heard = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("the server answers");
            if let Message::Text(text) = heard.expect("the socket is open").expect("a sound frame") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    /// The next message of a command, or notification of a definition; others are passed over.
    pub async fn hear_of(&mut self, word: &str) -> Value {
        loop {
            let heard = self.hear().await;
            if heard["command"] == word || heard["definition"] == word {
                return heard;
            }
        }
    }
}
