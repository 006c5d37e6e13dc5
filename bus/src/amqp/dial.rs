//! One connection to the broker: name, TCP, TLS, AMQP, each with its own clear error.
//!
//! The AMQP library would dial by itself; it does not check certificates as the rest of Sluice does, and its errors do
//! not say which of these steps failed. So it is handed a stream that is ready.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Stream;
use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties};
use parking_lot::Mutex;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::error::{ConnectError, Context};
use super::url::BusUrl;

/// A broker, and who is calling.
#[derive(Clone)]
pub struct Broker {
    pub(super) url: BusUrl,
    tls: Option<Arc<ClientConfig>>,
    pub(super) name: String,
}

impl Broker {
    /// `authorities` are certificates (PEM) that are trusted beside the public ones; `name` is shown in the broker's
    /// list of connections.
    ///
    /// # Errors
    /// [`ConnectError::NoAuthority`] when `authorities` holds no certificate.
    pub fn new(url: BusUrl, authorities: Option<&[u8]>, name: impl Into<String>) -> Result<Self, ConnectError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = authorities {
            let certificates: Vec<_> =
                CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| ConnectError::NoAuthority)?;
            if roots.add_parsable_certificates(certificates).0 == 0 {
                return Err(ConnectError::NoAuthority);
            }
        }
        let tls = url.tls.then(|| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("the provider has the default versions of TLS")
                .with_root_certificates(roots)
                .with_no_client_auth();
            Arc::new(config)
        });
        Ok(Self { url, tls, name: name.into() })
    }

    /// Connects once.
    pub(super) async fn dial(&self, context: &Context) -> Result<Connection, ConnectError> {
        let stream = match timeout(DIAL_PATIENCE, self.stream(context)).await {
            Ok(stream) => stream?,
            Err(_) => return Err(context.unreachable("nothing answered in time")),
        };
        let properties = ConnectionProperties::default()
            .with_connection_name(self.name.as_str().into())
            .with_client_property("product".into(), "Sluice".into())
            .with_client_property("version".into(), env!("CARGO_PKG_VERSION").into());
        match timeout(HANDSHAKE_PATIENCE, Connection::connector(self.uri(), runtime(), hand_over(stream), properties))
            .await
        {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(context.opening(&error)),
            Err(_) => Err(context.unreachable("the broker took the connection and then said nothing")),
        }
    }

    async fn stream(&self, context: &Context) -> Result<Wire, ConnectError> {
        let socket = TcpStream::connect((self.url.host.as_str(), self.url.port))
            .await
            .map_err(|error| context.unreachable(error.to_string()))?;
        socket.set_nodelay(true).map_err(|error| context.unreachable(error.to_string()))?;
        let Some(config) = &self.tls else {
            let stream: Box<dyn Duplex> = Box::new(socket);
            return Ok(stream.compat());
        };
        let untrusted = |cause: String| ConnectError::Tls { at: context.at(), cause };
        let name = ServerName::try_from(self.url.host.clone()).map_err(|error| untrusted(error.to_string()))?;
        match TlsConnector::from(Arc::clone(config)).connect(name, socket).await {
            Ok(stream) => {
                let stream: Box<dyn Duplex> = Box::new(stream);
                Ok(stream.compat())
            }
            // rustls says why inside an InvalidData; anything else is the network's.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(untrusted(error.to_string())),
            Err(error) => Err(context.unreachable(format!("TLS did not begin: {error}"))),
        }
    }

    fn uri(&self) -> AMQPUri {
        AMQPUri {
            scheme: if self.url.tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: self.url.user.clone(),
                    password: self.url.password.expose().clone(),
                },
                host: self.url.host.clone(),
                port: self.url.port,
            },
            vhost: self.url.vhost.clone(),
            query: AMQPQueryString { heartbeat: Some(self.url.heartbeat_seconds), ..AMQPQueryString::default() },
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("url", &self.url).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What the library runs once to get its stream. It never dials a second time: the supervisor does.
fn hand_over(
    stream: Wire,
) -> impl AsyncFn(AMQPUri, Runtime<Parts>) -> lapin::Result<AsyncTcpStream<Wire>> + Send + Sync + 'static {
    let stream = Mutex::new(Some(stream));
    async move |_uri, _runtime| {
        // This runs on the library's own thread, which would log returned messages with their bodies, and a body
        // holds credentials. What matters of its errors reaches us as values.
        std::mem::forget(tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default()));
        match stream.lock().take() {
            Some(stream) => Ok(AsyncTcpStream::Plain(stream)),
            None => Err(io::Error::from(io::ErrorKind::NotConnected).into()),
        }
    }
}

/// A socket, encrypted or not.
trait Duplex: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Duplex for T {}

type Wire = Compat<Box<dyn Duplex>>;
type Parts = RuntimeParts<Tokio, Dialled>;

fn runtime() -> Runtime<Parts> {
    Runtime::new(RuntimeParts::new(Tokio::current(), Dialled(Tokio::current())))
}

/// Tokio's clock with our streams.
#[derive(Debug, Clone)]
struct Dialled(Tokio);

impl Reactor for Dialled {
    type TcpStream = Wire;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        _address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

/// For the name, TCP and TLS.
const DIAL_PATIENCE: Duration = Duration::from_secs(3);
/// For AMQP's own handshake; a broker that is starting takes its time.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(5);
