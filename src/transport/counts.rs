//! What an application has asked of the server so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since signing in.
#[derive(Default)]
pub(crate) struct Counts {
    requests: AtomicU64,
    retries: AtomicU64,
    throttled: AtomicU64,
}

impl Counts {
    pub(super) fn sent(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn throttled(&self) {
        self.throttled.fetch_add(1, Relaxed);
    }

    /// Requests sent, repetitions included; a batch is one.
    pub fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// How many of them were repetitions.
    pub fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    /// How many the server turned away with 429.
    pub fn throttlings(&self) -> u64 {
        self.throttled.load(Relaxed)
    }
}
