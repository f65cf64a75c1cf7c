//! Servers and addresses that failed lately. They are passed over for a while where there is another to try.
//!
//! All copies of a configuration share one [`Health`], so that what one application has learned costs the next one nothing.

use crate::clock;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::Url;

/// How long something that failed is passed over.
const PASSED_OVER: Duration = Duration::from_secs(60);

/// How many failures are remembered. Beyond it the oldest is forgotten, which costs one more attempt.
const MOST: usize = 256;

/// What is known to have failed: origins (scheme, host and port of a URL) and addresses.

#[derive(Default)]
pub(crate) struct Health {
    origins: Memory<String>,
    pub addresses: Memory<SocketAddr>,
}

impl Health {
    /// Whether the origin of this URL failed within the last 60 s. When they are over, one caller gets `false` and tries
    /// it; the others get `true` until it worked, or for another 60 s. Ask only where there is another origin to try.
    #[allow(dead_code, reason = "its callers come with the next changes")]
    pub fn passed_over(&self, url: &Url) -> bool {
        self.origins.passed_over(&origin(url))
    }

    /// No connection could be made to the origin, or it stayed silent.
    pub fn failed(&self, url: &Url) {
        self.origins.failed(origin(url));
    }

    /// The origin answered, whatever it said.
    pub fn worked(&self, url: &Url) {
        if !self.origins.is_empty() {
            self.origins.worked(&origin(url));
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Failures by what failed, on the library's clock.
pub(crate) struct Memory<K> {
    failures: Mutex<Failures<K>>,
    /// Read without the lock, since most often nothing failed.
    known: AtomicUsize,
}

impl<K> Default for Memory<K> {
    fn default() -> Memory<K> {
        Memory { failures: Mutex::new(Failures { until: HashMap::new() }), known: AtomicUsize::new(0) }
    }
}

impl<K: Eq + Hash + Clone> Memory<K> {
    pub fn passed_over(&self, what: &K) -> bool {
        !self.is_empty() && self.failures().passed_over(what, clock::now())
    }

    pub fn failed(&self, what: K) {
        let mut failures = self.failures();
        failures.failed(what, clock::now());
        self.known.store(failures.until.len(), Ordering::Release);
    }

    pub fn worked(&self, what: &K) {
        if self.is_empty() {
            return;
        }
        let mut failures = self.failures();
        failures.until.remove(what);
        self.known.store(failures.until.len(), Ordering::Release);
    }

    fn is_empty(&self) -> bool {
        self.known.load(Ordering::Acquire) == 0
    }

    fn failures(&self) -> MutexGuard<'_, Failures<K>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The decisions, without a clock.
struct Failures<K> {
    /// Until when each is passed over.
    until: HashMap<K, Duration>,
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn passed_over(&mut self, what: &K, now: Duration) -> bool {
        match self.until.get_mut(what) {
            None => false,
            Some(until) if now < *until => true,
            // This caller tries it. If it never reports how that went, another one may try 60 s later.
            Some(until) => {
                *until = now + PASSED_OVER;
                false
            }
        }
    }

    fn failed(&mut self, what: K, now: Duration) {
        if self.until.len() >= MOST && !self.until.contains_key(&what) {
            let oldest = self.until.iter().min_by_key(|(_, until)| **until).map(|(what, _)| what.clone());
            if let Some(oldest) = oldest {
                self.until.remove(&oldest);
            }
        }
        self.until.insert(what, now + PASSED_OVER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_failure_is_passed_over_for_a_minute_and_then_tried_by_one() {
        let mut failures = Failures { until: HashMap::new() };
        assert!(!failures.passed_over(&"a", at(0)));
        failures.failed("a", at(0));
        assert!(failures.passed_over(&"a", at(59)) && !failures.passed_over(&"b", at(59)));
        assert!(!failures.passed_over(&"a", at(60)), "one tries it");
        assert!(failures.passed_over(&"a", at(60)), "the others do not");
        failures.failed("a", at(61));
        assert!(failures.passed_over(&"a", at(120)));
        assert!(!failures.passed_over(&"a", at(121)));
    }

    #[test]
    fn a_trial_that_reports_nothing_is_repeated_by_another_caller() {
        let mut failures = Failures { until: HashMap::new() };
        failures.failed("a", at(0));
        assert!(!failures.passed_over(&"a", at(60)));
        assert!(failures.passed_over(&"a", at(119)));
        assert!(!failures.passed_over(&"a", at(120)));
    }

    #[test]
    fn what_worked_is_tried_by_all() {
        let memory = Memory::default();
        memory.failed(1);
        memory.failed(2);
        assert!(memory.passed_over(&1));
        memory.worked(&1);
        assert!(!memory.passed_over(&1) && memory.passed_over(&2));
        memory.worked(&2);
        assert!(memory.is_empty());
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let health = Health::default();
        let url = |text| Url::parse(text).unwrap();
        health.failed(&url("https://Pool1.contoso.com/a?b"));
        assert!(health.passed_over(&url("https://pool1.contoso.com:443/")));
        for other in ["http://pool1.contoso.com/", "https://pool1.contoso.com:444/", "https://pool2.contoso.com/"] {
            assert!(!health.passed_over(&url(other)), "{other}");
        }
        health.worked(&url("https://pool1.contoso.com/x"));
        assert!(!health.passed_over(&url("https://pool1.contoso.com/")));
    }

    #[test]
    fn its_size_is_bounded() {
        let mut failures = Failures { until: HashMap::new() };
        for number in 0..5000_u64 {
            failures.failed(number, at(number));
        }
        assert_eq!(failures.until.len(), MOST);
        assert!(failures.passed_over(&4999, at(5000)) && !failures.passed_over(&0, at(5000)));
    }
}
