//! The end of waiting: a call's deadline, and an application's cancelling.

use crate::error::{Error, Result, Status};
use crate::recovery::{Attempt, Effect, Outcome, Stage, Tried};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// One call of the library: when it must be over, how often each of its requests may be repeated, and what was tried in it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    deadline: Instant,
    timeout: Duration,
    pub retries: usize,
    /// Whether another server may be found where one does not answer.
    has_elsewhere: bool,
    /// Whether there are further names to ask, while the server is being discovered.
    has_other_names: bool,
    pub tried: Arc<Tried>,
}

impl Call {
    pub fn new(timeout: Duration, retries: u64) -> Call {
        let retries = usize::try_from(retries).unwrap_or(0);
        Call { deadline: Instant::now() + timeout, timeout, retries, has_elsewhere: false, has_other_names: false, tried: Arc::default() }
    }

    /// The same call, where another server may be found, or may not, if one does not answer.
    pub fn with_elsewhere(self, has_elsewhere: bool) -> Call {
        Call { has_elsewhere, ..self }
    }

    /// The same call for one of the names that discovery asks.
    pub fn among_names(&self, others_left: bool) -> Call {
        Call { has_elsewhere: false, has_other_names: others_left, ..self.clone() }
    }

    /// Whether there is another server to turn to that was not tried yet: one that is silent is not waited for then.
    pub fn elsewhere(&self) -> bool {
        self.has_other_names || self.has_elsewhere && !self.tried.searched()
    }

    /// An attempt of this call without an outcome yet, for [`recovery::next`].
    pub fn attempt(&self) -> Attempt {
        Attempt {
            effect: Effect::Idempotent,
            paced: false,
            outcome: Outcome::Failed(Stage::Unsent),
            elsewhere: self.elsewhere(),
            changed: self.tried.changed(),
            reconnected: false,
            remembered: false,
            reread: false,
            renewed: false,
            application_gone: None,
            created: self.tried.created(),
            backoff: None,
            left: self.left(),
        }
    }

    /// The same call, in which nothing is repeated.
    pub fn without_retries(&self) -> Call {
        Call { retries: 0, ..self.clone() }
    }

    /// The real time that is left.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    pub fn timed_out(&self) -> Error {
        Error::new(Status::Timeout, format!("the call was not over within its {} ms (timeout_ms)", self.timeout.as_millis()))
    }
}

/// Set once, for ever; wakes everything that waits.
#[derive(Default)]
pub(crate) struct Cancel {
    flag: AtomicBool,
    wake: Notify,
    /// For those that wait for time to pass: they need no runtime, and so no descriptor.
    pauses: Mutex<()>,
    bell: Condvar,
}

impl Cancel {
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        // Nobody is between looking at the flag and waiting.
        drop(self.pauses.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_all();
        self.wake.notify_waiters();
    }

    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Waits, unless the application is cancelled or the call's time is up before.
    pub fn pause(&self, call: &Call, wait: Duration) -> Result<()> {
        let end = Instant::now().checked_add(wait).map_or(call.deadline, |end| end.min(call.deadline));
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.is_cancelled() {
                return Err(Error::cancelled());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return if end < call.deadline { Ok(()) } else { Err(call.timed_out()) };
            }
            pauses = self.bell.wait_timeout(pauses, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A future that ends at the latest with the call or the application. Its thread wakes every so often meanwhile.
    pub async fn bound<T>(&self, call: &Call, every: Option<Duration>, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut cancelled = pin!(self.wake.notified());
        // Registered before the flag is read, so that no cancelling falls between the two.
        cancelled.as_mut().enable();
        if self.is_cancelled() {
            return Err(Error::cancelled());
        }
        let end = async {
            loop {
                let next = every.and_then(|every| Instant::now().checked_add(every)).unwrap_or(call.deadline);
                tokio::time::sleep_until(next.min(call.deadline).into()).await;
                if self.is_cancelled() {
                    return Error::cancelled();
                }
                if call.left().is_zero() {
                    return call.timed_out();
                }
            }
        };
        tokio::select! {
            biased;
            () = cancelled => Err(Error::cancelled()),
            done = work => done,
            error = end => Err(error),
        }
    }
}
