//! Counting what threads do, in processes that may fork.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// A number in the lower half. The upper one is the process that it was counted in: what a forked child finds there is its
/// parent's, and counts as nothing.
pub(crate) struct Tally(AtomicU64);

const COUNT: u64 = 0xFFFF_FFFF;

impl Tally {
    pub(crate) const fn new() -> Tally {
        Tally(AtomicU64::new(0))
    }

    pub(crate) fn add(&self) {
        self.change(|count| count + 1);
    }

    pub(crate) fn remove(&self) {
        self.change(|count| count.saturating_sub(1));
    }

    pub(crate) fn count(&self) -> u64 {
        self.change(|count| count)
    }

    /// Changes the number, and tells what it is then.
    fn change(&self, change: impl Fn(u64) -> u64) -> u64 {
        let process = u64::from(process::id()) << 32;
        let changed = |before: u64| process | change(if before & !COUNT == process { before & COUNT } else { 0 });
        let before = self.0.fetch_update(SeqCst, SeqCst, |before| Some(changed(before)));
        changed(before.unwrap_or_else(|unchanged| unchanged)) & COUNT
    }
}
