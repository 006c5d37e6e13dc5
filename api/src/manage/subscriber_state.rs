//! Subscribers as they stand: their rows with what is known about them elsewhere (blocks, open sessions).

use std::collections::{HashMap, HashSet};

use sluice_contract::message::SessionStats;
use sluice_contract::{Operation, StreamId, UnixTime};

use super::subscriber::KEYS_AT_ONCE;
use super::{Application, Averages, BlockOperations, Outcome, SessionFilter, Subscriber};
use crate::Api;
use crate::store::{StoreError, blocks, sessions, subscribers};

impl Api {
    pub(super) async fn one(&self, application: &Application, row: subscribers::Model) -> Outcome<Subscriber> {
        let read = self.several(application, vec![row]).await?;
        Ok(read.into_iter().next().ok_or(StoreError::Corrupt("subscriber"))?)
    }

    /// Rows with what is known about them elsewhere: blocks and open sessions.
    pub(super) async fn several(
        &self,
        application: &Application,
        rows: Vec<subscribers::Model>,
    ) -> Outcome<Vec<Subscriber>> {
        let db = self.store().reader();
        let now = self.now();
        let mut blocked: HashMap<(String, String), Vec<blocks::Model>> = HashMap::new();
        for chunk in rows.chunks(KEYS_AT_ONCE) {
            let keys = chunk.iter().map(|row| (row.stream_id.as_str(), row.subscriber_id.as_str()));
            for block in blocks::of_subscribers(db, application.id, keys).await? {
                blocked.entry((block.stream_id.clone(), block.subscriber_id.clone())).or_default().push(block);
            }
        }
        let streams: HashSet<String> = rows.iter().map(|row| row.stream_id.clone()).collect();
        let counts = sessions::open_counts(db, application.id, streams.into_iter().collect()).await?;
        let averages = self.averages_of_open(application, &counts);
        let open: HashMap<_, _> = counts.into_iter().map(|(stream, id, count)| ((stream, id), count)).collect();
        rows.into_iter()
            .map(|row| {
                let ended = Averages::of_row(&row);
                let key = (row.stream_id, row.subscriber_id);
                let running = averages.get(&key).into_iter().flatten();
                let averages = running.fold(ended, |sum, (lasted_ms, stats)| sum.with(*lasted_ms, stats));
                let blocks = blocked.get(&key).map_or(&[][..], Vec::as_slice);
                let until = |operation: Operation| {
                    let block = blocks.iter().find(|block| block.operation == operation.as_str());
                    block.map(|block| UnixTime::from_millis(block.until))
                };
                let (publish, play) = (until(Operation::Publish), until(Operation::Play));
                Ok(Subscriber {
                    id: row.id,
                    application: application.name.clone(),
                    current_connections: open.get(&key).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX)),
                    stream_id: key.0.parse().map_err(|_| StoreError::Corrupt("stream id"))?,
                    subscriber_id: key.1.parse().map_err(|_| StoreError::Corrupt("subscriber id"))?,
                    name: row.name,
                    operation: row.operation.as_deref().and_then(Operation::parse),
                    has_secret: row.secret.is_some(),
                    totp_period_seconds: u32::try_from(row.totp_period_seconds).unwrap_or(u32::MAX),
                    concurrent_connections_limit: u32::try_from(row.concurrent_connections_limit).unwrap_or(u32::MAX),
                    created_at: UnixTime::from_millis(row.created_at),
                    publish_blocked_until: publish.filter(|until| now < *until),
                    play_blocked_until: play.filter(|until| now < *until),
                    last_block: last_block(blocks, publish, play, now),
                    average_video_bitrate_bps: averages.video_bps,
                    average_audio_bitrate_bps: averages.audio_bps,
                })
            })
            .collect()
    }

    /// Length and figures of the open sessions of the subscribers who have any.
    fn averages_of_open(
        &self,
        application: &Application,
        counts: &[(String, String, i64)],
    ) -> HashMap<(String, String), Vec<(i64, SessionStats)>> {
        let now = self.now();
        let streams: HashSet<StreamId> = counts.iter().filter_map(|(stream, ..)| stream.parse().ok()).collect();
        let mut open: HashMap<_, Vec<_>> = HashMap::new();
        for stream_id in streams {
            let filter = SessionFilter { stream_id: Some(stream_id), open: Some(true), ..SessionFilter::default() };
            for session in self.open_sessions(application, &filter, usize::MAX) {
                let Some(subscriber) = session.subscriber else { continue };
                let key = (session.stream_id.to_string(), subscriber.to_string());
                open.entry(key).or_default().push((now.millis_since(session.since), session.stats));
            }
        }
        open
    }
}

/// REST's one slot, derived from two deadlines: both if both run, else the one that runs, else what was set last.
fn last_block(
    blocks: &[blocks::Model],
    publish: Option<UnixTime>,
    play: Option<UnixTime>,
    now: UnixTime,
) -> Option<(BlockOperations, UnixTime)> {
    let running = |until: Option<UnixTime>| until.filter(|until| now < *until);
    match (running(publish), running(play)) {
        (Some(publish), Some(play)) => Some((BlockOperations::Both, publish.max(play))),
        (Some(publish), None) => Some((BlockOperations::Publish, publish)),
        (None, Some(play)) => Some((BlockOperations::Play, play)),
        (None, None) => {
            let last = blocks.iter().max_by_key(|block| (block.set_at, block.revision))?;
            Some((BlockOperations::parse(&last.operation)?, UnixTime::from_millis(last.until)))
        }
    }
}
