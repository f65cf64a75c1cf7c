//! The simulator's own time: the monotonic clock and what was added to it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that can be moved forward, so that nothing has to wait for an expiry.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_wall: SystemTime,
    advanced: Duration,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { started: Instant::now(), started_wall: SystemTime::now(), advanced: Duration::ZERO }
    }

    /// Time since the start, including what was added.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed().saturating_add(self.advanced)
    }

    /// The date the simulator believes in.
    pub(crate) fn wall(&self) -> SystemTime {
        self.started_wall.checked_add(self.now()).unwrap_or(self.started_wall)
    }

    /// The same date in milliseconds since 1970, as the resources give it.
    pub(crate) fn unix_ms(&self) -> i64 {
        self.wall().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
    }

    /// The date so much later, as headers give it.
    pub(crate) fn http_date(&self, later: Duration) -> String {
        // Neither a year of five digits nor one before 1970 can be written.
        let latest = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        httpdate::fmt_http_date(self.wall().checked_add(later).unwrap_or(latest).clamp(UNIX_EPOCH, latest))
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by);
    }

    pub(crate) fn advanced(&self) -> Duration {
        self.advanced
    }
}
