//! Time and waiting, from one seam. The cargo feature `test-clock` lets tests move it; without it, it is the system's.

use once_cell::sync::Lazy;
use std::time::Duration;
use std::time::Instant;

static START: Lazy<Instant> = Lazy::new(Instant::now);

/// The time since the library's first look at the clock: for expiry and freshness. A call's deadline stays real.
pub(crate) fn now() -> Duration {
    let real = START.elapsed();
    #[cfg(feature = "test-clock")]
    let real = real + test_clock::moved();
    real
}

/// How long to really wait for a wait of that length.
pub(crate) fn wait(length: Duration) -> Duration {
    #[cfg(feature = "test-clock")]
    let length = length / test_clock::speed();
    length
}

/// Moving the library's clock, for tests. Releases are built without it.
#[cfg(feature = "test-clock")]
pub mod test_clock {
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
    use std::time::Duration;

    static MOVED_MS: AtomicU64 = AtomicU64::new(0);
    static SPEED: AtomicU32 = AtomicU32::new(1);

    /// Moves the clock forward.
    pub fn advance(by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        MOVED_MS.fetch_add(ms, Ordering::SeqCst);
    }

    /// Makes waits (between attempts) that many times shorter; 0 counts as 1.
    pub fn set_speed(times: u32) {
        SPEED.store(times.max(1), Ordering::SeqCst);
    }

    pub(super) fn moved() -> Duration {
        Duration::from_millis(MOVED_MS.load(Ordering::SeqCst))
    }

    pub(super) fn speed() -> u32 {
        SPEED.load(Ordering::SeqCst)
    }
}
