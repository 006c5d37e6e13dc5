use super::*;

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn served(bound: &str, ours: &[&str]) -> Vec<String> {
    of_interfaces(bound.parse().unwrap(), ips(ours).into_iter()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_wildcard_stands_for_what_others_can_reach() {
    let ours = ["127.0.0.1", "10.0.0.5", "169.254.3.4", "::1", "fe80::1", "2001:db8::5"];
    assert_eq!(served("0.0.0.0", &ours), ["10.0.0.5"]);
    assert_eq!(served("::", &ours), ["10.0.0.5", "2001:db8::5"]);
    assert_eq!(served("0.0.0.0", &["127.0.0.1", "::1"]), ["127.0.0.1"]);
}

#[test]
fn a_single_address_is_its_own_candidate() {
    let candidates = gather("127.0.0.1:4000".parse().unwrap(), &[], false).unwrap();
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].address, SocketAddr::from(([127, 0, 0, 1], 4_000)));
    assert_eq!(candidates[0].priority, 2_130_706_431);
}

#[test]
fn public_addresses_take_the_place_of_our_own_and_udp_comes_before_tcp() {
    let candidates =
        gather("0.0.0.0:4000".parse().unwrap(), &ips(&["203.0.113.9", "2001:db8::9", "10.0.0.5"]), true).unwrap();
    let order: Vec<(Transport, String)> =
        candidates.iter().map(|candidate| (candidate.transport, candidate.address.to_string())).collect();
    let addresses = ["203.0.113.9:4000", "[2001:db8::9]:4000", "10.0.0.5:4000"];
    let expected: Vec<(Transport, String)> = [Transport::Udp, Transport::Tcp]
        .into_iter()
        .flat_map(|transport| addresses.map(|address| (transport, address.to_owned())))
        .collect();
    assert_eq!(order, expected);
    assert!(candidates.is_sorted_by(|one, other| one.priority > other.priority));
}
