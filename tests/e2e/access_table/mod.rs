//! The access table: every mode × protocol × credential against the real server, checked against [`rules`] and written
//! to `docs/reference/access-table.md`.
//!
//! One server, an application for each row with one stream on the air, an address for each cell: so all cells run side
//! by side, and each finds its decision in the audit again.

mod column;
mod credential;
mod page;
mod row;
mod rules;

use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{BackEnd, Face, Live, Operation, Server, Setup, decisions, eventually};
use column::{Column, Seen, Shown};
use credential::Credential;
use row::{LIVE, Row, address, another_address};

/// One cell, as it was tried.
struct Cell {
    mode: &'static str,
    column: Column,
    credential: Credential,
    /// Nothing was shown, of any kind.
    is_bare: bool,
    seen: Seen,
    /// The code of the decision in the audit.
    logged: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cell_of_the_access_table_is_as_written() {
    let back_end = BackEnd::start(|question| {
        let word = |name: &str| question[name].as_str().unwrap_or_default().to_owned();
        let role = if word("mode") == "play" { "play" } else { "publish" };
        if word("token") == format!("right-{}-{role}", word("streamId")) { 200 } else { 403 }
    })
    .await;
    let server = Server::start_with(&[("SLUICE_OUTBOUND_ALLOWED_CIDR", "127.0.0.0/8")]).await;
    let rows = row::rows(&back_end.url());
    let prepared = join_all(rows.iter().map(|row| prepare(&server, row))).await;
    let mut cells = Vec::new();
    for (index, (row, (setup, _live))) in rows.iter().zip(&prepared).enumerate() {
        let first = u16::try_from(index * 100).expect("few rows");
        let mut tries = Vec::new();
        for (column_index, column) in Column::ALL.into_iter().enumerate() {
            for (credential_index, credential) in Credential::ALL.into_iter().enumerate() {
                if rules::expected(row.title, column.operation(), credential).is_some() {
                    let number = first + u16::try_from(column_index * 10 + credential_index).expect("few cells");
                    tries.push(try_cell(&server, row, setup, column, credential, number));
                }
            }
        }
        cells.extend(futures_util::stream::iter(tries).buffered(12).collect::<Vec<_>>().await);
        find_decisions(&server, setup, &mut cells).await;
    }
    let cells: Vec<_> = cells.into_iter().map(|(cell, _)| cell).collect();
    let mut failures = Vec::new();
    for cell in &cells {
        let expected = rules::expected(cell.mode, cell.column.operation(), cell.credential).expect("a rule");
        let (seen, logged) = match expected {
            Ok(()) => (Seen::Admitted, "allowed"),
            Err(reason) => (Seen::Refused(cell.column.refusal(cell.is_bare, reason).to_owned()), reason),
        };
        if cell.seen != seen || cell.logged != logged {
            let (mode, column, credential) = (cell.mode, cell.column.title(), cell.credential.title());
            failures.push(format!(
                "{mode}, {column}, {credential}: {:?} {} instead of {seen:?} {logged}",
                cell.seen, cell.logged
            ));
        }
    }
    assert!(failures.is_empty(), "{} of {} cells:\n{}", failures.len(), cells.len(), failures.join("\n"));
    check_page(&page::write(&rows, &cells, &refused_combinations(&server).await));
}

/// Puts a stream on the air, then switches the mode on.
async fn prepare(server: &Server, row: &Row) -> (Setup, Live) {
    let setup = Setup::create(server, Face::Rest, row.application).await;
    setup.broadcast(LIVE, json!({})).await;
    let from = [127, 0, 0, 1].into();
    let live = Live::publish(server.rtmp, from, row.application, LIVE).await.expect("an open application");
    server.live(row.application, LIVE).await;
    let mut settings = if row.settings.is_null() { json!({}) } else { row.settings.clone() };
    settings["rtmpPlaybackEnabled"] = json!(true);
    setup.settings(settings).await;
    (setup, live)
}

/// Tries one cell. The address tells its decision apart.
async fn try_cell(
    server: &Server,
    row: &Row,
    setup: &Setup,
    column: Column,
    credential: Credential,
    number: u16,
) -> (Cell, std::net::IpAddr) {
    let mut shown = row.show(setup, column, credential, number).await;
    if credential == Credential::Replayed {
        let first = column.attempt(server, row.application, &shown).await;
        let is_right =
            rules::expected(row.title, column.operation(), Credential::Right).is_none_or(|right| right.is_ok());
        assert_eq!(first == Seen::Admitted, is_right, "{}, {}: {first:?}", row.title, column.title());
        if column.operation() == Operation::Publish {
            setup.off_air(&shown.stream).await;
        }
        shown = Shown { from: another_address(number), ..shown };
    }
    let seen = column.attempt(server, row.application, &shown).await;
    let is_bare = shown.credentials.is_empty();
    (Cell { mode: row.title, column, credential, is_bare, seen, logged: String::new() }, shown.from)
}

/// Waits for the audit, which is written in batches.
async fn find_decisions(server: &Server, setup: &Setup, cells: &mut [(Cell, std::net::IpAddr)]) {
    let rest = server.rest();
    let missing = std::cell::RefCell::new(cells);
    eventually("every decision is in the audit", || async {
        let found = decisions(&rest, &setup.application).await;
        let mut all = true;
        for (cell, from) in missing.borrow_mut().iter_mut().filter(|(cell, _)| cell.logged.is_empty()) {
            match found.get(&from.to_string()) {
                Some(codes) => cell.logged = codes[0].clone(),
                None => all = false,
            }
        }
        all.then_some(())
    })
    .await;
}

/// What settings refuse to hold together.
async fn refused_combinations(server: &Server) -> Vec<(Value, String)> {
    let setup = Setup::create(server, Face::Rest, "Refused").await;
    let mut refused = Vec::new();
    for combination in [
        json!({"publishTokenControlEnabled": true, "enableTimeTokenForPublish": true}),
        json!({"playTokenControlEnabled": true, "enableTimeTokenForPlay": true}),
        json!({"publishTokenControlEnabled": true, "publishJwtControlEnabled": true}),
        json!({"playTokenControlEnabled": true, "playJwtControlEnabled": true}),
        json!({"publishJwtControlEnabled": true, "enableTimeTokenForPublish": true}),
        json!({"playJwtControlEnabled": true, "enableTimeTokenForPlay": true}),
        json!({"timeTokenSubscriberOnly": true, "playTokenControlEnabled": true}),
        json!({"timeTokenSubscriberOnly": true, "publishJwtControlEnabled": true}),
    ] {
        let message = setup.refused_settings(combination.clone()).await;
        refused.push((combination, message));
    }
    refused
}

/// Compares the page with the one in the tree, or writes it when told so.
fn check_page(page: &str) {
    let path = page::path();
    if std::env::var_os("SLUICE_WRITE_ACCESS_TABLE").is_some() {
        std::fs::write(&path, page).expect("the page is written");
        return;
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "{} is stale: SLUICE_WRITE_ACCESS_TABLE=1 cargo test --workspace --test e2e access_table",
        path.display()
    );
}

#[test]
fn cells_have_addresses_of_their_own() {
    let numbers = (0..17_u16).flat_map(|row| (0..100).map(move |cell| row * 100 + cell));
    let mut seen = std::collections::HashSet::new();
    for number in numbers {
        for from in [address(number, true), address(number, false), another_address(number)] {
            assert!(seen.insert(from), "{from} twice");
        }
    }
}
