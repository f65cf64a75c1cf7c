//! Telling those who wait outside that something has happened.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Counts what happens, and wakes who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Signals {
    /// Something has happened.
    pub(crate) fn raise(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// How much has happened so far.
    pub(crate) fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until more has happened than that. False where it did not until then.
    pub(crate) fn wait(&self, seen: u64, until: Instant) -> bool {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count == seen {
            let Some(rest) = until.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero()) else {
                return false;
            };
            count = self.changed.wait_timeout(count, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
