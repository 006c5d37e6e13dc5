//! Lasting changes happen one after the other, over all APIs: whoever makes one holds this from before its transaction
//! until the workers were told. So revisions are announced in their order, and every change is made of what the last one
//! left behind.

use tokio::sync::MutexGuard;

use crate::Api;
use crate::store::{Held, Lock, Stored};

/// Held while lasting state changes. This API's own turn comes first, so that it never waits twice in the database.
pub struct InOrder<'a> {
    #[allow(dead_code, reason = "held, not read")]
    all: Held,
    #[allow(dead_code, reason = "held, not read")]
    own: MutexGuard<'a, ()>,
}

impl Api {
    /// The right to change lasting state and to announce it, with the directory as it stands now. The revision is raised
    /// under it.
    pub(crate) async fn in_order(&self) -> Stored<InOrder<'_>> {
        let own = self.fleet().order.lock().await;
        let all = self.store().hold(Lock::Order).await?;
        self.current_directory().await?;
        Ok(InOrder { all, own })
    }
}
