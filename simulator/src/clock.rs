//! The simulator's own time: the monotonic clock at any speed, and what was added to it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Faster than this nothing could be told apart.
const FASTEST: f64 = 1e9;
/// The last second that headers can write, since 1970: a year of five digits cannot be.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// A clock that can be moved forward and sped up, so that nothing has to wait for an expiry.
#[derive(Debug)]
pub(crate) struct Clock {
    started_wall: SystemTime,
    /// When the speed was set last, by the real clock and by this one.
    since: Instant,
    then: Duration,
    speed: f64,
    advanced: Duration,
}

impl Clock {
    pub(crate) fn new(speed: f64) -> Clock {
        let (since, started_wall) = (Instant::now(), SystemTime::now());
        Clock { started_wall, since, then: Duration::ZERO, speed: usable(speed), advanced: Duration::ZERO }
    }

    /// Time since the start, including what was added.
    pub(crate) fn now(&self) -> Duration {
        self.then.saturating_add(self.ran(self.since.elapsed()))
    }

    fn ran(&self, real: Duration) -> Duration {
        #[allow(clippy::float_cmp, reason = "the usual speed is exactly this")]
        if self.speed == 1.0 {
            return real;
        }
        Duration::try_from_secs_f64(real.as_secs_f64() * self.speed).unwrap_or(Duration::MAX)
    }

    /// How long it takes by the real clock until then; `None` where it never is.
    pub(crate) fn real_time_until(&self, then: Duration) -> Option<Duration> {
        let rest = then.saturating_sub(self.now());
        if rest.is_zero() {
            return Some(Duration::ZERO);
        }
        Duration::try_from_secs_f64(rest.as_secs_f64() / self.speed).ok()
    }

    /// The date the simulator believes in.
    pub(crate) fn wall(&self) -> SystemTime {
        self.started_wall.checked_add(self.now()).unwrap_or(UNIX_EPOCH + LATEST)
    }

    /// The same date in milliseconds since 1970, as the resources give it.
    pub(crate) fn unix_ms(&self) -> i64 {
        self.wall().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
    }

    /// The date so much later, as headers give it.
    pub(crate) fn http_date(&self, later: Duration) -> String {
        let latest = UNIX_EPOCH + LATEST;
        // Nor can one before 1970.
        httpdate::fmt_http_date(self.wall().checked_add(later).unwrap_or(latest).clamp(UNIX_EPOCH, latest))
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.then = self.then.saturating_add(by);
        self.advanced = self.advanced.saturating_add(by);
    }

    pub(crate) fn advanced(&self) -> Duration {
        self.advanced
    }

    /// From now on the clock runs so many times as fast as the real one; 0 stops it.
    pub(crate) fn set_speed(&mut self, speed: f64) {
        let real = Instant::now();
        self.then = self.then.saturating_add(self.ran(real.saturating_duration_since(self.since)));
        (self.since, self.speed) = (real, usable(speed));
    }

    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }
}

/// What is no speed stops the clock.
fn usable(speed: f64) -> f64 {
    if speed > 0.0 { speed.min(FASTEST) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_stands_runs_and_leaps() {
        let mut clock = Clock::new(0.0);
        assert_eq!((clock.now(), clock.real_time_until(Duration::from_secs(1))), (Duration::ZERO, None));
        clock.advance(Duration::from_secs(7));
        assert_eq!((clock.now(), clock.advanced()), (Duration::from_secs(7), Duration::from_secs(7)));
        assert_eq!(clock.real_time_until(Duration::from_secs(7)), Some(Duration::ZERO));
        clock.set_speed(15_000.0);
        let until = clock.real_time_until(Duration::from_secs(7 + 15_000)).unwrap();
        assert!(until <= Duration::from_secs(1), "{until:?}");
        assert!(clock.now() >= Duration::from_secs(7));
        let before = clock.now();
        clock.set_speed(f64::NAN);
        let then = clock.now();
        assert!(then >= before && then == clock.now());
        clock.advance(Duration::MAX);
        assert_eq!(clock.http_date(Duration::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        clock.set_speed(f64::INFINITY);
        assert_eq!((clock.now(), clock.wall() >= UNIX_EPOCH), (Duration::MAX, true));
    }
}
