//! How many requests of the user are under way at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::signals::Signals;

/// The requests under way.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    count: Arc<AtomicUsize>,
    signals: Arc<Signals>,
}

/// Some requests under way; they are over when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    requests: usize,
    under_way: Arc<AtomicUsize>,
    signals: Arc<Signals>,
}

impl UnderWay {
    /// None yet; these tell when some are over.
    pub(crate) fn new(signals: Arc<Signals>) -> UnderWay {
        UnderWay { count: Arc::default(), signals }
    }

    /// Lets so many requests begin, or none of them where that were more than the limit; 0 is none. The state's lock is held meanwhile.
    pub(crate) fn admit(&self, requests: usize, limit: usize) -> Option<Ticket> {
        if limit > 0 && self.count().saturating_add(requests) > limit {
            return None;
        }
        self.count.fetch_add(requests, Relaxed);
        Some(Ticket { requests, under_way: self.count.clone(), signals: self.signals.clone() })
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.under_way.fetch_sub(self.requests, Relaxed);
        self.signals.raise();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_none_are_admitted() {
        let under_way = UnderWay::default();
        let first = under_way.admit(60, 100).unwrap();
        assert!(under_way.admit(41, 100).is_none());
        let second = under_way.admit(40, 100).unwrap();
        assert!(under_way.admit(1, 100).is_none() && under_way.admit(1, 0).is_some());
        drop((first, second));
        assert_eq!(under_way.count(), 0);
        assert!(under_way.admit(100, 100).is_some() && under_way.admit(101, 100).is_none());
    }
}
