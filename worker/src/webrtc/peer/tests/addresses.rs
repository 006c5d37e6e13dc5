//! Where a peer is, and where its media goes.

use super::*;

/// Where a picture that is sent now goes.
fn goes_to(world: &mut World) -> SocketAddr {
    world.batch.drain(|_, _| {});
    world.act(|outlet| assert_eq!(outlet.send_rtp(&video(world_sequence(), b"body")), Sent::Yes));
    let mut to = None;
    world.batch.drain(|run, _| to = Some(run.path.remote));
    to.unwrap()
}

/// A sequence number that was not used before.
fn world_sequence() -> u16 {
    static NEXT: std::sync::atomic::AtomicU16 = std::sync::atomic::AtomicU16::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[test]
fn a_peer_moves_and_its_media_follows() {
    let mut world = World::connected(BrowserSetup::default());
    let old = world.browser.address;
    world.browser.address = SocketAddr::from(([198, 51, 100, 99], 50_000));
    let new = world.browser.address;
    // A check alone does not move it, and nobody else's does.
    let check = world.check().write();
    world.from(new, &check);
    assert_eq!(world.peer.link.ice.selected(), Some(path(old)));
    let check = world.check().nominating().write();
    world.from(new, &check);
    assert_eq!(goes_to(&mut world), old, "nobody has shown to be there");
    world.batch.drain(|_, _| {});
    let now = world.now;
    world.peer.time(now, &mut world.batch);
    let mut request = None;
    world.batch.drain(|run, bytes| request = Some((run.path.remote, bytes.to_vec())));
    let (asked, request) = request.unwrap();
    assert_eq!(asked, new);
    let password = world.remote.pwd.expose().clone();
    world.from(new, &StunCheck::answer(&request, &password));
    assert_eq!(goes_to(&mut world), new);
    let now = world.now;
    world.browser.send_video(now, 5, b"from elsewhere");
    world.run_until("a picture", |world| world.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 1);
    assert!(world.routes.contains(&Route::Opened(path(new))));
}

#[test]
fn a_browser_whose_handshake_went_apart_is_asked_and_answers() {
    let mut world = World::new(BrowserSetup::default());
    world.peer.link.handshake_went = Went::Apart;
    world.run_until("established", |world| world.peer.link.srtp.is_some());
    assert!(!world.memory.has_heard(&Heard::Connected));
    world.run_until("connected", |world| world.memory.has_heard(&Heard::Connected));
    assert_eq!(world.peer.link.ice.selected(), Some(path(world.browser.address)));
}

#[test]
fn a_peer_that_names_somebody_else_as_itself_has_no_media_sent_there() {
    let mut world = World::connected(BrowserSetup::default());
    let (own, victim) = (world.browser.address, stranger());
    let check = world.check().nominating().write();
    world.sent_to.clear();
    for _ in 0..20 {
        world.from(victim, &check);
        // What a victim cannot know, made up.
        world.from(victim, &StunCheck::answer(&check, "a guess"));
        world.run_for(Duration::from_secs(1));
        assert_eq!(goes_to(&mut world), own);
    }
    // Answers to its checks and the requests: no more than was sent in its name.
    let at_victim = world.sent_to.iter().filter(|to| **to == victim).count();
    assert!(at_victim <= 40, "{at_victim}");
}

#[test]
fn an_ice_restart_takes_new_credentials_and_lets_go_of_the_old() {
    let mut world = World::connected(BrowserSetup::default());
    let (old_check, address) = (world.check().nominating().write(), world.browser.address);
    let new_local = local("again");
    let mut new_remote = world.remote.clone();
    new_remote.ufrag = "theirsagain".to_owned();
    world.peer.restart(&new_local, &new_remote);
    // Until the peer uses the new ones the old ones hold.
    world.batch.drain(|_, _| {});
    world.from(address, &old_check);
    assert!(!world.batch.is_empty());
    world.batch.drain(|_, _| {});
    let check = StunCheck::new(&new_local, &new_remote).nominating().write();
    world.from(address, &check);
    assert!(!world.batch.is_empty());
    assert!(world.peer.take_changes().routes.contains(&Route::Forgotten(world.local.ufrag.clone())));
    world.batch.drain(|_, _| {});
    world.from(address, &old_check);
    assert!(world.batch.is_empty());
    // Media never stopped.
    world.act(|outlet| assert_eq!(outlet.send_rtp(&video(1, b"body")), Sent::Yes));
}
