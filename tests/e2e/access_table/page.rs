//! `docs/reference/access-table.md`, written from what the server answered.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::Cell;
use super::column::{Column, Seen};
use super::credential::Credential;
use super::row::Row;

/// The page. `refused` are combinations of settings that cannot be stored.
pub fn write(rows: &[Row], cells: &[Cell], refused: &[(Value, String)]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for row in rows {
        write!(page, "\n## {}\n\n{}\n\n", row.title, settings(&row.settings)).expect("text");
        let titles: Vec<_> = Column::ALL.iter().map(|column| column.title()).collect();
        writeln!(page, "| Brought | {} |", titles.join(" | ")).expect("text");
        writeln!(page, "|---|{}", "---|".repeat(titles.len())).expect("text");
        for credential in Credential::ALL {
            let of_line = |column| {
                cells.iter().find(|cell| (cell.mode, cell.column, cell.credential) == (row.title, column, credential))
            };
            if Column::ALL.iter().all(|column| of_line(*column).is_none()) {
                continue;
            }
            let texts: Vec<_> =
                Column::ALL.iter().map(|column| of_line(*column).map_or("–".to_owned(), text)).collect();
            writeln!(page, "| {} | {} |", credential.title(), texts.join(" | ")).expect("text");
        }
    }
    page.push_str(REFUSED);
    for (combination, message) in refused {
        writeln!(page, "| {} | {message} |", names(combination)).expect("text");
    }
    page
}

/// Where the page stands.
pub fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/access-table.md")
}

fn text(cell: &Cell) -> String {
    match &cell.seen {
        Seen::Admitted => "**in**".to_owned(),
        Seen::Refused(code) => format!("`{code}` {}", cell.logged),
    }
}

fn settings(settings: &Value) -> String {
    if settings.is_null() { "Default settings.".to_owned() } else { format!("{}.", names(settings)) }
}

/// Secrets are named without their values.
fn names(settings: &Value) -> String {
    let all = settings.as_object().expect("settings").iter();
    let name = |(name, value): (&String, &Value)| match value {
        Value::Bool(_) => format!("`{name}`"),
        Value::String(text) if name.ends_with("CIDR") => format!("`{name}` = `{text}`"),
        _ => format!("`{name}` set"),
    };
    all.map(name).collect::<Vec<_>>().join(", ")
}

const INTRODUCTION: &str = "\
# Who gets in

Every mode of the gate and the sensible combinations, tried over every protocol with everything that somebody may
bring. This page is written by the end-to-end tests from what the running server answered
(`SLUICE_WRITE_ACCESS_TABLE=1 cargo test --workspace --test e2e access_table`); a plain run of the tests checks that it
is current.

A cell says **in**, or what the client is told (the `onStatus` code of RTMP, the status of HTTP) and, behind it, the
reason in the log, the audit and GraphQL. Clients learn the class of a refusal, never which of a mode's checks failed.
Lines that a mode has nothing to say to are left out; – stands where one protocol alone has none.

RTMP is played with `rtmpPlaybackEnabled`; without it every play is refused as `playback-disabled`.

- *other stream's*: right for another stream of the application.
- *other role's*: right for playing where one publishes, and the other way round. Who may publish may play, so a
  publisher's code opens both.
- *right, but blocked*: everything is right, and the named subscriber is blocked.
- *replayed*: right, used once from one address, and shown again from another.
";

const REFUSED: &str = "
## Combinations that settings refuse

One-time tokens, JWT and time-based codes exclude one another on the same side. The whole update is refused and nothing
of it is stored.

| Settings | Answer |
|---|---|
";
