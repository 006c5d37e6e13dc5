//! Lists are connections (the Relay cursor connections specification): pages behind opaque cursors, a count only for
//! those who ask for it.

use std::sync::Arc;

use async_graphql::SimpleObject;
use futures_util::future::BoxFuture;

use super::failure::{Answer, Failure};
use crate::manage::{Cursor, Entry, MAX_PAGE, Outcome, Page, Slice};

/// Entries of a page when `first` is not given.
pub const DEFAULT_PAGE: i32 = 50;

/// Reads the arguments of a connection.
pub fn page(first: Option<i32>, after: Option<String>) -> Answer<Page> {
    let first =
        u64::try_from(first.unwrap_or(DEFAULT_PAGE)).map_err(|_| Failure::invalid("`first` cannot be negative"))?;
    if first > MAX_PAGE {
        return Err(Failure::new("LIMIT_PAGE_SIZE", format!("`first` is {first}; the limit is {MAX_PAGE}")));
    }
    let after = after
        .map(|text| Cursor::decode(&text).ok_or_else(|| Failure::invalid("`after` is not a cursor of this server")))
        .transpose()?;
    Ok(Page::After { after, first })
}

/// What a page costs: its entries times what is asked of each.
pub fn page_cost(first: Option<i32>, child: usize) -> usize {
    let entries = usize::try_from(first.unwrap_or(DEFAULT_PAGE)).unwrap_or(0).max(1);
    entries.saturating_mul(child.max(1))
}

/// What a short list costs that has no pages.
pub const SHORT_LIST: usize = 10;

/// Cuts a page out of a list that is held whole, in order of `key`.
pub fn slice<T>(nodes: Vec<T>, page: &Page, key: impl Fn(&T) -> Cursor) -> Slice<T> {
    let (after, first) = match page {
        Page::After { after, first } => (after.as_ref(), *first),
        Page::Offset { size, .. } => (None, *size),
    };
    let place = |cursor: &Cursor| (cursor.key.clone(), cursor.id);
    let mut entries: Vec<_> = nodes.into_iter().map(|node| Entry { cursor: key(&node), node }).collect();
    entries.sort_by_key(|entry| place(&entry.cursor));
    if let Some(after) = after.map(place) {
        entries.retain(|entry| place(&entry.cursor) > after);
    }
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let has_next = entries.len() > first;
    entries.truncate(first);
    Slice { entries, has_next }
}

/// Wraps the nodes of a page.
pub fn map<T, U>(slice: Slice<T>, wrap: impl Fn(T) -> U) -> Slice<U> {
    let entries = slice.entries.into_iter();
    Slice {
        entries: entries.map(|entry| Entry { cursor: entry.cursor, node: wrap(entry.node) }).collect(),
        has_next: slice.has_next,
    }
}

/// Counts the whole list, when somebody asks.
pub type Counter = Arc<dyn Fn() -> BoxFuture<'static, Outcome<u64>> + Send + Sync>;

/// Makes a [`Counter`] of a function that counts.
pub fn counter<F>(count: impl Fn() -> F + Send + Sync + 'static) -> Counter
where
    F: Future<Output = Outcome<u64>> + Send + 'static,
{
    Arc::new(move || Box::pin(count()))
}

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// True when entries follow this page.
    pub has_next_page: bool,
    /// Always false: pages are read forwards.
    pub has_previous_page: bool,
    /// The cursor of the first entry; null for an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the last entry, for `after`; null for an empty page.
    pub end_cursor: Option<String>,
}

/// Declares the connection and edge types of one kind of node.
macro_rules! connection {
    ($(#[$connection_doc:meta])* $connection:ident, $(#[$edge_doc:meta])* $edge:ident, $node:ty) => {
        $(#[$connection_doc])*
        pub struct $connection {
            slice: crate::manage::Slice<$node>,
            count: crate::graphql::connection::Counter,
        }

        $(#[$edge_doc])*
        pub struct $edge<'a>(&'a crate::manage::Entry<$node>);

        impl $connection {
            pub fn new(
                slice: crate::manage::Slice<$node>,
                count: crate::graphql::connection::Counter,
            ) -> Self {
                Self { slice, count }
            }
        }

        $(#[$connection_doc])*
        #[async_graphql::Object]
        impl $connection {
            /// The entries of this page, each with its cursor.
            async fn edges(&self) -> Vec<$edge<'_>> {
                self.slice.entries.iter().map($edge).collect()
            }

            /// The entries of this page.
            async fn nodes(&self) -> Vec<&$node> {
                self.slice.entries.iter().map(|entry| &entry.node).collect()
            }

            /// Where this page stands in the list.
            async fn page_info(&self) -> crate::graphql::connection::PageInfo {
                crate::graphql::connection::PageInfo {
                    has_next_page: self.slice.has_next,
                    has_previous_page: false,
                    start_cursor: self.slice.entries.first().map(|entry| entry.cursor.encode()),
                    end_cursor: self.slice.entries.last().map(|entry| entry.cursor.encode()),
                }
            }

            /// Entries of the whole list, over all pages. Counted only when asked for.
            #[graphql(complexity = 50)]
            async fn total_count(&self) -> crate::graphql::failure::Answer<i32> {
                Ok(crate::graphql::scalar::int((self.count)().await?))
            }
        }

        $(#[$edge_doc])*
        #[async_graphql::Object]
        impl $edge<'_> {
            /// The entry's place in the list, for `after`.
            async fn cursor(&self) -> String {
                self.0.cursor.encode()
            }

            /// The entry itself.
            async fn node(&self) -> &$node {
                &self.0.node
            }
        }
    };
}
pub(super) use connection;
