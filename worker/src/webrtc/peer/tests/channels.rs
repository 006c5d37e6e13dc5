//! Data channels.

use super::*;

#[test]
fn channels_open_from_both_sides_and_carry_text_and_bytes() {
    for role in [DtlsRole::Client, DtlsRole::Server] {
        let mut world = World::connected(BrowserSetup { role, ..BrowserSetup::default() });
        world.act(|outlet| outlet.open_channel("ours"));
        world.run_until("two channels", |world| {
            world.memory.count(|heard| matches!(heard, Heard::Channel(..))) == 2
                && world.browser.page.channels.len() == 2
        });
        let channel = |label: &str| {
            world.memory.heard().iter().find_map(|heard| match heard {
                Heard::Channel(channel, name) if name == label => Some(*channel),
                _ => None,
            })
        };
        let (chat, ours) = (channel("chat").unwrap(), channel("ours").unwrap());
        let large = Bytes::from(vec![7_u8; 60_000]);
        let sent = large.clone();
        world.act(move |outlet| {
            assert_eq!(outlet.send_message(chat, &Message::Text(Bytes::from_static("grüße".as_bytes()))), Sent::Yes);
            assert_eq!(outlet.send_message(ours, &Message::Binary(sent)), Sent::Yes);
            assert_eq!(outlet.send_message(ours, &Message::Text(Bytes::new())), Sent::Yes);
            assert_eq!(outlet.send_message(99, &Message::Text(Bytes::new())), Sent::NotConnected);
        });
        let now = world.now;
        let theirs = world.browser.page.channels.clone();
        world.browser.say(now, theirs[0], "hello");
        world.browser.say_bytes(now, theirs[0], &[0, 159, 146, 150]);
        world.browser.say(now, theirs[0], "");
        world.run_until("the messages", |world| {
            world.browser.page.messages.len() >= 3
                && world.memory.count(|heard| matches!(heard, Heard::Message(..))) >= 3
        });
        let heard = world.browser.page.messages.iter().map(|(_, is_text, bytes)| (*is_text, bytes.clone()));
        let heard: Vec<(bool, Vec<u8>)> = heard.collect();
        assert!(heard.contains(&(true, "grüße".as_bytes().to_vec())));
        assert!(heard.contains(&(false, large.to_vec())));
        assert!(heard.contains(&(true, Vec::new())));
        let got: Vec<Message> = world
            .memory
            .heard()
            .into_iter()
            .filter_map(|heard| match heard {
                Heard::Message(_, message) => Some(message),
                _ => None,
            })
            .collect();
        assert_eq!(
            got,
            [
                Message::Text(Bytes::from_static(b"hello")),
                Message::Binary(Bytes::from_static(&[0, 159, 146, 150])),
                Message::Text(Bytes::new()),
            ]
        );
    }
}

#[test]
fn a_peer_that_does_not_read_loses_messages_instead_of_our_memory() {
    let mut world = World::connected(BrowserSetup::default());
    world.run_until("a channel", |world| world.memory.count(|heard| matches!(heard, Heard::Channel(..))) == 1);
    world.browser_is_away = true;
    let (sent, count) = std::sync::mpsc::channel();
    world.act(move |outlet| {
        let message = Message::Binary(Bytes::from(vec![0; 10_000]));
        let taken = (0..1_000).filter(|_| outlet.send_message(0, &message) == Sent::Yes).count();
        let _ = sent.send(taken);
        let large = Message::Binary(Bytes::from(vec![0; crate::webrtc::channel::MAX_MESSAGE_BYTES + 1]));
        assert_eq!(outlet.send_message(0, &large), Sent::Full);
    });
    let taken = count.recv().unwrap();
    assert!((1..=26).contains(&taken), "{taken}");
}
