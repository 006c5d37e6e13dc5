//! Pages of rows: by offset, or behind the last id of the page before.

use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoColumnRef, LikeExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::manage::{Cursor, Page};

/// How a list is ordered: by a text expression and then the id, or by the id alone.
pub struct Keyset<C> {
    pub id: C,
    pub text: Option<C>,
    pub descending: bool,
}

impl<C: ColumnTrait + Copy + IntoColumnRef> Keyset<C> {
    /// By id, the oldest first.
    pub fn oldest(id: C) -> Self {
        Self { id, text: None, descending: false }
    }

    /// By id, the newest first.
    pub fn newest(id: C) -> Self {
        Self { id, text: None, descending: true }
    }

    /// Orders `select` and cuts it to `page` and one row more, which tells whether more follow.
    pub fn cut<E: EntityTrait>(&self, select: Select<E>, page: &Page) -> Select<E> {
        let order = if self.descending { Order::Desc } else { Order::Asc };
        let mut select = select;
        if let Some(text) = self.text {
            select = select.order_by(key(text), order.clone());
        }
        select = select.order_by(self.id, order);
        match page {
            Page::Offset { offset, .. } => select = select.offset(*offset),
            Page::After { after: Some(after), .. } => select = select.filter(self.behind(after)),
            Page::After { after: None, .. } => {}
        }
        select.limit(page.size() + 1)
    }

    fn behind(&self, cursor: &Cursor) -> Condition {
        let id: Uuid = cursor.id;
        let by_id = if self.descending { self.id.lt(id) } else { self.id.gt(id) };
        let Some(text) = self.text else { return Condition::all().add(by_id) };
        let at = cursor.key.clone().unwrap_or_default();
        let beyond = if self.descending { key(text).lt(at.clone()) } else { key(text).gt(at.clone()) };
        Condition::any().add(beyond).add(Condition::all().add(key(text).eq(at)).add(by_id))
    }
}

/// Rows without a text sort as those with an empty one, on both databases.
fn key<C: IntoColumnRef>(column: C) -> Expr {
    Expr::col(column).if_null("")
}

/// True for rows of which one of the columns holds `search`, in either case (of ASCII: that is what both databases
/// agree on).
pub fn contains<C: IntoColumnRef, const N: usize>(columns: [C; N], search: &str) -> Condition {
    let mut pattern = String::with_capacity(search.len() + 2);
    pattern.push('%');
    for c in search.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern.push('%');
    columns.into_iter().fold(Condition::any(), |any, column| {
        any.add(Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(pattern.clone()).escape('\\')))
    })
}
