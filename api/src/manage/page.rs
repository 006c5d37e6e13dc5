//! Pages of lists: by offset for REST, by cursor for GraphQL.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most entries of one page, on both faces.
pub const MAX_PAGE: u64 = 250;

/// Which part of a list.
#[derive(Debug, Clone)]
pub enum Page {
    /// `size` above [`MAX_PAGE`] is cut.
    Offset { offset: u64, size: u64 },
    /// Entries behind `after`; `first` above [`MAX_PAGE`] is cut.
    After { after: Option<Cursor>, first: u64 },
}

impl Page {
    /// The largest first page.
    pub const fn first() -> Self {
        Self::Offset { offset: 0, size: MAX_PAGE }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Offset { size, .. } => (*size).min(MAX_PAGE),
            Self::After { first, .. } => (*first).min(MAX_PAGE),
        }
    }
}

/// One entry with its place in the list.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub cursor: Cursor,
    pub node: T,
}

/// One page.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    pub entries: Vec<Entry<T>>,
    pub has_next: bool,
}

impl<T> Slice<T> {
    /// From rows that were read one past the page: each becomes its cursor and its node.
    pub(crate) fn of<R>(page: &Page, mut rows: Vec<R>, entry: impl FnMut(R) -> Entry<T>) -> Self {
        let size = usize::try_from(page.size()).unwrap_or(usize::MAX);
        let has_next = rows.len() > size;
        rows.truncate(size);
        Self { entries: rows.into_iter().map(entry).collect(), has_next }
    }

    /// The entries without their places.
    pub fn into_nodes(self) -> Vec<T> {
        self.entries.into_iter().map(|entry| entry.node).collect()
    }
}

/// A place in a list: the sort key and, to tell equals apart, the id. Opaque outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "i")]
    pub(crate) id: Uuid,
    /// `None` where the list is in order of ids.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

impl Cursor {
    /// A place in a list in order of ids.
    pub(crate) const fn of(id: Uuid) -> Self {
        Self { id, key: None }
    }

    /// The text that clients carry.
    pub fn encode(&self) -> String {
        BASE64URL_NOPAD.encode(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a text that a client brought back; `None` if it is not ours.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > 2_048 {
            return None;
        }
        serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
    }
}
