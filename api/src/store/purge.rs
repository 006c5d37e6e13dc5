//! Deleting many old rows a batch at a time: no statement runs long, and nobody waits behind one for long.

use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};

use super::Stored;

/// Deletes what `condition` finds, in batches, until nothing is left. `id` is the table's key. Returns how many.
pub async fn purge<E: EntityTrait>(
    db: &impl ConnectionTrait,
    id: E::Column,
    condition: impl Into<Condition>,
) -> Stored<u64>
where
    E::Column: ColumnTrait,
{
    let condition = condition.into();
    let mut deleted = 0;
    loop {
        let batch = Query::select().column(id).from(E::default()).cond_where(condition.clone()).limit(BATCH).to_owned();
        let gone = E::delete_many().filter(id.in_subquery(batch)).exec(db).await?.rows_affected;
        deleted += gone;
        if gone < BATCH {
            return Ok(deleted);
        }
    }
}

const BATCH: u64 = 5_000;
