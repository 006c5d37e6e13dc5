use super::*;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.toml");
    std::fs::write(&path, file).unwrap();
    Config::load(Some(&path), pairs(environment), pairs(flags))
}

#[test]
fn later_sources_win() {
    let file = "http_addr = \"127.0.0.1:1\"\nrtmp_addr = \"127.0.0.1:2\"\napplications = [\"a\", \"b\"]";
    let config = load(file, &[("SLUICE_HTTP_ADDR", "127.0.0.1:3")], &[("rtmp_addr", "127.0.0.1:4")]).unwrap();
    assert_eq!(config.http_addr.port(), 3);
    assert_eq!(config.rtmp_addr.port(), 4);
    assert_eq!(config.applications.len(), 2);
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    let error = load("htp_addr = \"x\"", &[], &[]).unwrap_err().to_string();
    assert!(error.ends_with("unknown setting `htp_addr`, did you mean `http_addr`?"), "{error}");
    let error = load("", &[("SLUICE_RTMP_ADR", "x")], &[]).unwrap_err().to_string();
    assert_eq!(error, "environment: unknown setting `rtmp_adr`, did you mean `rtmp_addr`?");
}

#[test]
fn a_wrong_value_names_its_setting() {
    let error = load("", &[("SLUICE_HTTP_ADDR", "5080")], &[]).unwrap_err().to_string();
    assert_eq!(error, "environment: `http_addr` is not an address such as 0.0.0.0:5080 or [::]:5080");
    assert!(load("", &[("SLUICE_ADMIN_EMAIL", "a@b.c")], &[]).is_err());
    assert!(load("outbound_allowed_cidr = \"10.0.0.0/33\"", &[], &[]).is_err());
    assert!(load("applications = \"graphql\"", &[], &[]).is_err());
}

#[test]
fn a_certificate_opens_the_encrypted_ports() {
    let files = [("SLUICE_TLS_CERT", "/c.pem"), ("SLUICE_TLS_KEY", "/k.pem")];
    let ports = |more: &[(&str, &str)], flags: &[(&str, &str)]| {
        load("", more, flags).map(|config| (config.https_addr.map(|a| a.port()), config.rtmps_addr.map(|a| a.port())))
    };
    assert_eq!(ports(&[], &[]), Ok((None, None)));
    assert_eq!(ports(&files, &[]), Ok((Some(5443), Some(1936))));
    assert_eq!(ports(&files, &[("rtmps_addr", "off"), ("https_addr", "[::]:443")]), Ok((Some(443), None)));
    assert!(ports(&files[..1], &[]).is_err() && ports(&files[1..], &[]).is_err());
    let error = ports(&[("SLUICE_HTTPS_ADDR", "0.0.0.0:443")], &[]).unwrap_err().to_string();
    assert_eq!(error, "environment: `https_addr` needs `tls_cert` and `tls_key`");
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "amqp://u:p@broker/%2Fsluice\n").unwrap();
    let config = load("", &[("SLUICE_BUS_URL_FILE", path.to_str().unwrap())], &[]).unwrap();
    assert_eq!(config.bus_url.unwrap().expose(), "amqp://u:p@broker/%2Fsluice");
    assert_eq!(config.relay_addr.map(|addr| addr.port()), Some(5090));
    let error = load("", &[("SLUICE_BUS_URL_FILE", "/nowhere")], &[]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read /nowhere: "), "{error}");
    let error = load("", &[("SLUICE_BUSURL_FILE", "/nowhere")], &[]).unwrap_err().to_string();
    assert!(error.starts_with("environment: unknown setting `busurl_file`"), "{error}");
    let config = load("", &[("SLUICE_SECRET_KEY_FILE", "/key")], &[]).unwrap();
    assert_eq!(config.secret_key_file, Some("/key".into()), "the setting of that name is meant");
}

#[test]
fn webrtc_has_one_port_and_the_addresses_that_browsers_reach() {
    let config = load("", &[], &[]).unwrap();
    assert_eq!(config.webrtc_addr.map(|addr| addr.port()), Some(5000));
    assert!(config.webrtc_public_ip.is_empty() && !config.webrtc_tcp);
    let file = "webrtc_public_ip = [\"203.0.113.7\", \"2001:db8::7\"]\nwebrtc_tcp = true";
    let config = load(file, &[("SLUICE_WEBRTC_ADDR", "[::]:5001")], &[]).unwrap();
    assert_eq!(config.webrtc_addr.map(|addr| addr.port()), Some(5001));
    assert_eq!(config.webrtc_public_ip, ["203.0.113.7".parse::<IpAddr>().unwrap(), "2001:db8::7".parse().unwrap()]);
    assert!(config.webrtc_tcp);
    assert_eq!(load("webrtc_addr = \"off\"", &[], &[]).unwrap().webrtc_addr, None);
    let error = load("webrtc_public_ip = \"media.example.org\"", &[], &[]).unwrap_err().to_string();
    assert!(error.ends_with("has `media.example.org`, which is no address such as 203.0.113.7"), "{error}");
    assert!(load("webrtc_public_ip = \"0.0.0.0\"", &[], &[]).is_err());
}

#[test]
fn a_relay_needs_a_bus() {
    assert_eq!(load("", &[], &[]).unwrap().relay_addr, None);
    let error = load("relay_addr = \"127.0.0.1:0\"", &[], &[]).unwrap_err().to_string();
    assert!(error.ends_with("`relay_addr` needs `bus_url`"), "{error}");
    assert_eq!(load("bus_url = \"amqp://b\"\nrelay_addr = \"off\"", &[], &[]).unwrap().relay_addr, None);
}

#[test]
fn the_example_file_is_the_defaults() {
    let uncommented: String = Config::example()
        .lines()
        .filter(|line| line.contains(" = "))
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .collect();
    let from_file = load(&uncommented, &[], &[]).unwrap();
    let from_nothing = Config::load(None, [], []).unwrap();
    assert_eq!(format!("{from_file:?}"), format!("{from_nothing:?}"));
}
