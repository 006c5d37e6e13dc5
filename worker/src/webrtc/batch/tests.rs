use super::*;

fn path(port: u16) -> Path {
    Path { remote: SocketAddr::from(([192, 0, 2, 1], port)), way: Way::Udp { local: None } }
}

fn add(batch: &mut Batch, path: Path, len: usize) -> bool {
    batch.add(path, |bytes| {
        bytes.resize(bytes.len() + len, 7);
        true
    })
}

fn drained(batch: &mut Batch) -> Vec<(u16, usize, usize)> {
    let mut runs = Vec::new();
    batch.drain(|run, bytes| runs.push((run.path.remote.port(), run.segment, bytes.len())));
    runs
}

#[test]
fn packets_of_one_size_leave_together_and_a_shorter_one_ends_the_run() {
    let mut batch = Batch::new(64);
    for len in [1_200, 1_200, 700, 1_200, 300] {
        assert!(add(&mut batch, path(1), len));
    }
    assert_eq!(drained(&mut batch), [(1, 1_200, 3_100), (1, 1_200, 1_500)]);
    assert!(batch.is_empty());
}

#[test]
fn a_longer_packet_and_another_way_begin_a_run() {
    let mut batch = Batch::new(64);
    for (port, len) in [(1, 300), (1, 1_200), (2, 1_200), (1, 1_200)] {
        add(&mut batch, path(port), len);
    }
    assert_eq!(drained(&mut batch), [(1, 300, 300), (1, 1_200, 1_200), (2, 1_200, 1_200), (1, 1_200, 1_200)]);
}

#[test]
fn a_run_has_no_more_segments_than_the_system_takes() {
    let mut batch = Batch::new(2);
    for _ in 0..5 {
        add(&mut batch, path(1), 100);
    }
    assert_eq!(drained(&mut batch), [(1, 100, 200), (1, 100, 200), (1, 100, 100)]);
}

#[test]
fn what_is_refused_half_way_leaves_no_trace() {
    let mut batch = Batch::new(64);
    add(&mut batch, path(1), 100);
    assert!(!batch.add(path(1), |bytes| {
        bytes.extend_from_slice(b"half");
        false
    }));
    add(&mut batch, path(1), 100);
    assert_eq!(drained(&mut batch), [(1, 100, 200)]);
}

#[test]
fn a_turn_is_bounded_and_a_blocked_way_takes_no_media() {
    let mut batch = Batch::new(64);
    while batch.has_room() {
        add(&mut batch, path(1), 1_200);
    }
    batch.drain(|_, bytes| assert!(bytes.len() <= MAX_RUN));
    assert!(batch.has_room());
    batch.block(true);
    assert!(!batch.has_room());
}
