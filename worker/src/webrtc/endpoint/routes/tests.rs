use super::*;

fn target(peer: u64) -> Target {
    Target { shard: 0, peer }
}

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 4_000))
}

fn behind(routes: &Routes) -> Vec<u64> {
    routes.by_address(&address()).into_iter().flatten().map(|target| target.peer).collect()
}

#[test]
fn an_address_is_not_taken_from_its_owner() {
    let routes = Routes::default();
    for peer in 0..10 {
        routes.open(address(), target(peer));
        routes.open(address(), target(peer));
    }
    assert_eq!(behind(&routes), [0, 1, 2, 3]);
    routes.close(&address(), target(1));
    routes.close(&address(), target(9));
    assert_eq!(behind(&routes), [0, 2, 3]);
    for peer in [0, 2, 3] {
        routes.close(&address(), target(peer));
    }
    assert_eq!(routes.len(), (0, 0));
}

#[test]
fn a_name_belongs_to_one_peer() {
    let routes = Routes::default();
    assert!(routes.claim("name", target(1)) && !routes.claim("name", target(2)));
    routes.forget("name", target(2));
    assert_eq!(routes.by_ufrag("name"), Some(target(1)));
    routes.open(address(), target(1));
    routes.purge(target(1));
    assert_eq!(routes.len(), (0, 0));
}
