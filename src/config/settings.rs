//! The settings that there are: one table for the file, the environment, the flags and the example.

/// One setting: its name, its default as text, and what it means.
pub struct Setting {
    pub name: &'static str,
    /// The name on the command line, without the dashes before it.
    pub flag: &'static str,
    pub default: &'static str,
    pub help: &'static str,
}

/// Every setting, in the order of the example file.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "data_dir",
        flag: "data-dir",
        default: "./data",
        help: "Folder of the database, the key and recordings.",
    },
    Setting {
        name: "database_url",
        flag: "database-url",
        default: "",
        help: "Database: postgres://user:password@host/name; empty for SQLite in the data folder \
               (sqlite://<data>/sluice.db).",
    },
    Setting {
        name: "bus_url",
        flag: "bus-url",
        default: "",
        help: "Broker that joins APIs and workers: amqp://user:password@host:5672/%2Fsluice, or amqps:// over TLS; empty \
               joins them inside this process.",
    },
    Setting {
        name: "bus_ca",
        flag: "bus-ca",
        default: "",
        help: "Certificates in PEM form that may sign the broker's, beside the public ones.",
    },
    Setting {
        name: "worker_name",
        flag: "worker-name",
        default: "",
        help: "What people read as the name of this worker; empty for host and process.",
    },
    Setting {
        name: "relay_addr",
        flag: "relay-addr",
        default: "",
        help: "Address where other workers fetch the streams of this one; empty for 0.0.0.0:5090 when there is a broker, \
               `off` for none. Not for the public.",
    },
    Setting {
        name: "relay_public",
        flag: "relay-public",
        default: "",
        help: "Host and port by which other workers reach relay_addr; empty for this host's name and that port.",
    },
    Setting {
        name: "drain_seconds",
        flag: "drain-seconds",
        default: "0",
        help: "Seconds that a worker that is told to stop takes nobody new and waits for who is there to leave.",
    },
    Setting {
        name: "load_limit_percent",
        flag: "load-limit-percent",
        default: "0",
        help: "Processor use, in percent of all cores, from which on a worker takes no new publishers; 0 for no limit.",
    },
    Setting {
        name: "http_addr",
        flag: "http-addr",
        default: "0.0.0.0:5080",
        help: "Address of HTTP and WebSocket; port 0 takes any free port.",
    },
    Setting {
        name: "rtmp_addr",
        flag: "rtmp-addr",
        default: "0.0.0.0:1935",
        help: "Address of RTMP; port 0 takes any free port.",
    },
    Setting {
        name: "tls_cert",
        flag: "tls-cert",
        default: "",
        help: "Certificate chain in PEM form; with it HTTPS and RTMPS are served. Read again on SIGHUP and when it changes.",
    },
    Setting { name: "tls_key", flag: "tls-key", default: "", help: "Private key of the certificate in PEM form." },
    Setting {
        name: "https_addr",
        flag: "https-addr",
        default: "",
        help: "Address of HTTPS; empty for 0.0.0.0:5443 when there is a certificate, `off` for none.",
    },
    Setting {
        name: "rtmps_addr",
        flag: "rtmps-addr",
        default: "",
        help: "Address of RTMP over TLS; empty for 0.0.0.0:1936 when there is a certificate, `off` for none.",
    },
    Setting {
        name: "rtmp_merge_ms",
        flag: "rtmp-merge-ms",
        default: "0",
        help: "Milliseconds for which media for RTMP players is held to be written together: less work, more delay.",
    },
    Setting {
        name: "webrtc_addr",
        flag: "webrtc-addr",
        default: "0.0.0.0:5000",
        help: "UDP address of WebRTC media, one port for all peers; port 0 takes any free port, `off` serves no WebRTC. \
               Browsers reach it directly: no HTTP proxy passes it on.",
    },
    Setting {
        name: "webrtc_public_ip",
        flag: "webrtc-public-ip",
        default: "",
        help: "Addresses by which browsers reach webrtc_addr, comma-separated, where they are not this machine's own: \
               behind NAT, in a container; empty for this machine's own. The port must be the same outside.",
    },
    Setting {
        name: "webrtc_tcp",
        flag: "webrtc-tcp",
        default: "false",
        help: "Serve WebRTC media over TCP too, on the port of webrtc_addr, for networks that let no UDP through; \
               applications whose webRTCTcpCandidatesEnabled is on tell their clients.",
    },
    Setting {
        name: "recordings_dir",
        flag: "recordings-dir",
        default: "",
        help: "Folder where a worker keeps recordings; empty for <data>/recordings. Workers of a cluster have one \
               together, so that each of them can serve all recordings.",
    },
    Setting {
        name: "recordings_min_free_mb",
        flag: "recordings-min-free-mb",
        default: "1024",
        help: "Megabytes that recordings leave free on their disk: with less nothing is recorded, and what is being \
               recorded ends.",
    },
    Setting {
        name: "secret_key",
        flag: "secret-key",
        default: "",
        help: "Key that encrypts secrets at rest, 32 bytes in Base64; empty for <data>/secret.key, made at first start.",
    },
    Setting { name: "secret_key_file", flag: "secret-key-file", default: "", help: "File that holds the key instead." },
    Setting {
        name: "admin_email",
        flag: "admin-email",
        default: "",
        help: "First administrator, created at start while there is none.",
    },
    Setting {
        name: "admin_password",
        flag: "admin-password",
        default: "",
        help: "Password of the first administrator.",
    },
    Setting {
        name: "applications",
        flag: "applications",
        default: "LiveApp,WebRTCAppEE",
        help: "Applications created at first start.",
    },
    Setting {
        name: "trusted_proxies",
        flag: "trusted-proxies",
        default: "",
        help: "Networks whose X-Forwarded-For is believed, comma-separated; loopback always is.",
    },
    Setting {
        name: "outbound_allowed_cidr",
        flag: "outbound-allowed-cidr",
        default: "",
        help: "Networks that webhooks and JWKS addresses may be in although they are not public, comma-separated; for \
               example `127.0.0.1/32,10.0.0.0/8` for a back end of your own. Empty allows public addresses only.",
    },
    Setting {
        name: "retention_days",
        flag: "retention-days",
        default: "90",
        help: "Days that audit records, connection events and ended sessions are kept.",
    },
    Setting {
        name: "audit_records",
        flag: "audit-records",
        default: "5000000",
        help: "Audit records kept at most; the oldest give way.",
    },
    Setting {
        name: "high_usage_percent",
        flag: "high-usage-percent",
        default: "90",
        help: "Percent of processor (for a minute), memory or disk in use from which on `serverStatusWebHookURL` is told; \
               0 for never.",
    },
    Setting {
        name: "log",
        flag: "log",
        default: "info,sea_orm_migration=warn,sqlx=warn",
        help: "Log filter, for example `info,sluice_worker=debug`.",
    },
    Setting { name: "log_format", flag: "log-format", default: "text", help: "`text` or `json`." },
];
