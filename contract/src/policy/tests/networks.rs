use std::net::IpAddr;

use super::scenario::*;
use crate::policy::DenyReason;
use crate::policy::cidr::CidrList;

fn allows(list: &str, address: &str) -> bool {
    CidrList::parse(list).allows(address.parse::<IpAddr>().expect("an address"))
}

#[test]
fn the_documented_list_admits_its_networks() {
    let policy = policy().with(|s| s.allowed_publisher_cidr = "10.20.30.40/24,127.0.0.1/32".into());
    for (address, is_allowed) in [
        ("10.20.30.77", true),
        ("10.20.30.0", true),
        ("10.20.30.255", true),
        ("10.20.31.1", false),
        ("127.0.0.1", true),
        ("127.0.0.2", false),
        ("::ffff:10.20.30.77", true),
        ("::1", false),
    ] {
        let decision = decide(&policy, &publish("s").from(address), NOW);
        if is_allowed {
            allowed(decision);
        } else {
            assert_eq!(denied(decision), DenyReason::AddressNotAllowed, "{address}");
        }
    }
    // The list is the publishers'.
    allowed(decide(&policy, &play("s").from("10.20.31.1"), NOW));
}

#[test]
fn lists_take_blanks_bare_addresses_host_bits_and_ipv6() {
    assert!(allows(" 192.0.2.7 , 2001:db8::1/32 ", "192.0.2.7"));
    assert!(allows(" 192.0.2.7 , 2001:db8::1/32 ", "2001:db8:ffff::9"));
    assert!(!allows("192.0.2.7", "192.0.2.8"));
    assert!(allows("2001:db8::7", "2001:db8::7"));
    assert!(!allows("2001:db8::7", "2001:db8::8"));
    assert!(allows("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert!(allows("::ffff:10.0.0.7", "10.0.0.7"));
    assert!(!allows("::ffff:10.0.0.0/104", "11.1.2.3"));
}

#[test]
fn everybody_means_both_families_and_nothing_means_nobody() {
    assert!(allows("0.0.0.0/0", "2001:db8::1"));
    assert!(CidrList::parse("10.0.0.0/8, 0.0.0.0/0").allows_everybody());
    assert!(!CidrList::parse("10.0.0.0/8").allows_everybody());
    assert!(!allows("", "127.0.0.1"));
}

#[test]
fn invalid_entries_admit_nobody_and_are_named() {
    let list = CidrList::parse("10.0.0.0/33, nonsense, 10.0.0.1");
    assert_eq!(list.invalid(), ["10.0.0.0/33", "nonsense"]);
    assert!(list.allows([10, 0, 0, 1].into()));
    assert!(!list.allows([10, 0, 0, 2].into()));
    let policy = policy().with(|s| s.allowed_publisher_cidr = "nonsense".into());
    assert_eq!(denied(decide(&policy, &publish("s"), NOW)), DenyReason::AddressNotAllowed);
}
