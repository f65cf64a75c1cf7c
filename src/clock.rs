//! Time and waiting, from one seam. The cargo feature `test-clock` lets tests move it; without it, it is the system's.

use once_cell::sync::Lazy;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

static START: Lazy<Instant> = Lazy::new(Instant::now);

/// The time since the library's first look at the clock: for expiry and freshness. A call's deadline stays real.
pub(crate) fn now() -> Duration {
    let real = START.elapsed();
    #[cfg(feature = "test-clock")]
    let real = test_clock::seen(real);
    real
}

/// The date of a time of this clock, in milliseconds since 1970.
pub(crate) fn unix_ms(at: Duration) -> i64 {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    ms(today).saturating_add(ms(at)).saturating_sub(ms(now()))
}

/// How long to really wait for a wait of that length.
pub(crate) fn wait(length: Duration) -> Duration {
    #[cfg(feature = "test-clock")]
    let length = length / test_clock::waits();
    length
}

/// The same for who looks at the clock again afterwards, and waits on if need be: where the clock may be moved, the wait
/// is a short one.
pub(crate) fn nap(length: Duration) -> Duration {
    #[cfg(feature = "test-clock")]
    let length = wait(length).min(Duration::from_millis(1));
    length
}

/// How long to wait for a server before it counts as silent. However fast the library's clock runs in tests, a server that
/// shares a busy machine with it does not.
pub(crate) fn patience(length: Duration) -> Duration {
    #[cfg(feature = "test-clock")]
    let length = wait(length).max(length.min(Duration::from_secs(2)));
    length
}

/// Moving the library's clock, for tests. Releases are built without it.
#[cfg(feature = "test-clock")]
pub mod test_clock {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    static SPEED: AtomicU32 = AtomicU32::new(1);
    static RUN: Mutex<Run> = Mutex::new(Run { real: Duration::ZERO, seen: Duration::ZERO, rate: 1 });

    /// How the clock runs since it was set last.
    struct Run {
        real: Duration,
        seen: Duration,
        rate: u32,
    }

    /// Moves the clock forward.
    pub fn advance(by: Duration) {
        change(|run| run.seen += by);
    }

    /// Makes waits (between attempts) that many times shorter; 0 counts as 1.
    pub fn set_speed(times: u32) {
        SPEED.store(times.max(1), Ordering::SeqCst);
    }

    /// Lets the clock run that many times as fast, and with it all waits; 0 counts as 1.
    pub fn run_at(times: u32) {
        change(|run| run.rate = times.max(1));
    }

    fn change(how: impl FnOnce(&mut Run)) {
        let now = super::START.elapsed();
        let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = run.seen + now.saturating_sub(run.real) * run.rate;
        (run.real, run.seen) = (now, seen);
        how(&mut run);
    }

    pub(super) fn seen(real: Duration) -> Duration {
        let run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
        run.seen + real.saturating_sub(run.real) * run.rate
    }

    pub(super) fn waits() -> u32 {
        let rate = RUN.lock().unwrap_or_else(PoisonError::into_inner).rate;
        SPEED.load(Ordering::SeqCst).saturating_mul(rate)
    }
}
