//! How a peer ends, and when it is given up.

use super::*;

#[test]
fn a_silent_peer_is_told_as_disconnected_and_then_given_up() {
    let mut world = World::connected(BrowserSetup::default());
    world.run_for(Duration::from_secs(8));
    assert_eq!(world.memory.count(|heard| *heard == Heard::Disconnected), 0, "checks keep it alive");
    world.browser_is_away = true;
    world.run_for(Duration::from_secs(6));
    assert_eq!(world.memory.count(|heard| *heard == Heard::Disconnected), 1);
    assert_eq!(world.memory.end(), None);
    let check = world.check().nominating().write();
    let address = world.browser.address;
    world.from(address, &check);
    world.run_for(Duration::from_secs(6));
    assert_eq!(world.memory.count(|heard| *heard == Heard::Disconnected), 2, "it came back, and left again");
    world.run_for(Duration::from_secs(10));
    assert_eq!(world.memory.end(), Some(PeerEnd::TimedOut));
}

#[test]
fn media_alone_keeps_a_peer_that_checks_no_more() {
    let mut world = World::connected(BrowserSetup::default());
    for sequence in 0..20 {
        world.browser.send_video(world.now, sequence, b"a picture");
        let media: Vec<Vec<u8>> = world.browser.outgoing().into_iter().map(|(_, datagram)| datagram).collect();
        world.now += Duration::from_secs(1);
        let address = world.browser.address;
        for datagram in media.iter().filter(|datagram| datagram[0] >= 128) {
            world.from(address, datagram);
        }
        world.peer.time(world.now, &mut world.batch);
    }
    assert_eq!(world.memory.end(), None);
    assert_eq!(world.memory.count(|heard| *heard == Heard::Disconnected), 0);
}

#[test]
fn who_never_comes_is_given_up() {
    let mut world = World::new(BrowserSetup::default());
    world.browser_is_away = true;
    world.run_until("an end", |world| world.memory.end().is_some());
    assert_eq!(world.memory.heard(), [Heard::Closed(PeerEnd::TimedOut)]);
    assert_eq!(world.routes, [Route::Forgotten("ours".to_owned())]);
}

#[test]
fn a_handshake_that_does_not_go_on_ends() {
    let mut world = World::new(BrowserSetup::default());
    world.run_until("a first message", |world| world.seen.iter().any(|datagram| datagram.first() == Some(&22)));
    world.browser_is_away = true;
    world.run_until("an end", |world| world.memory.end().is_some());
    assert_eq!(world.memory.heard(), [Heard::Closed(PeerEnd::Handshake)]);
}

#[test]
fn a_goodbye_is_heard_on_both_sides_and_told_once() {
    let mut world = World::connected(BrowserSetup::default());
    world.run_until("a channel", |world| world.browser.page.channels.len() == 1);
    world.browser.close();
    world.run_until("an end", |world| world.memory.end().is_some());
    assert_eq!(world.memory.end(), Some(PeerEnd::Remote));
    let now = world.now;
    world.peer.close(now, PeerEnd::Local, &mut world.batch);
    world.peer.wake(now, &mut world.batch);
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.memory.count(|heard| matches!(heard, Heard::Closed(_))), 1);
    assert_eq!(world.memory.heard().last(), Some(&Heard::Closed(PeerEnd::Remote)));

    let mut world = World::connected(BrowserSetup::default());
    world.run_until("a channel", |world| world.browser.page.channels.len() == 1);
    let now = world.now;
    world.peer.close(now, PeerEnd::Shutdown, &mut world.batch);
    assert_eq!(world.memory.heard().last(), Some(&Heard::Closed(PeerEnd::Shutdown)));
    assert!(!world.batch.is_empty(), "we say goodbye");
    assert_eq!(world.peer.next_time(), None);
}

#[test]
fn an_end_closes_all_ways_that_were_opened() {
    let mut world = World::connected(BrowserSetup::default());
    let now = world.now;
    world.peer.close(now, PeerEnd::Local, &mut world.batch);
    world.routes.extend(world.peer.take_changes().routes);
    let opened = world.routes.iter().filter(|route| matches!(route, Route::Opened(_))).count();
    let closed = world.routes.iter().filter(|route| matches!(route, Route::Closed(_))).count();
    assert_eq!((opened, closed), (1, 1));
    assert!(world.routes.contains(&Route::Forgotten("ours".to_owned())));
}
