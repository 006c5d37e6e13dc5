//! Counts what is open, by whom, so that nobody opens without end.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// How much each has open. Entries at zero are removed, so the map is as large as what is open.
#[derive(Default)]
pub struct OpenCounts(Mutex<HashMap<String, usize>>);

/// One thing that is open. Dropped, it is not.
pub struct Open {
    counts: Arc<OpenCounts>,
    whose: String,
}

impl OpenCounts {
    /// Counts one more; `None` if `whose` has `most` already.
    pub fn open(self: &Arc<Self>, whose: &str, most: usize) -> Option<Open> {
        let mut counts = self.0.lock();
        let count = counts.entry(whose.to_owned()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Open { counts: Arc::clone(self), whose: whose.to_owned() })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock();
        if let Some(count) = counts.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.whose);
            }
        }
    }
}
