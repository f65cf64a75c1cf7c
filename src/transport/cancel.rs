//! The end of waiting: a call's deadline, and an application's cancelling.

use crate::error::{Error, Result, Status};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// One call of the library: when it must be over, and how often each of its requests may be repeated.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    deadline: Instant,
    timeout: Duration,
    pub retries: usize,
}

impl Call {
    pub fn new(timeout: Duration, retries: u64) -> Call {
        Call { deadline: Instant::now() + timeout, timeout, retries: usize::try_from(retries).unwrap_or(0) }
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
}

impl Cancel {
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.wake.notify_waiters();
    }

    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// A future that ends at the latest with the call or the application.
    pub async fn bound<T>(&self, call: &Call, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut cancelled = pin!(self.wake.notified());
        // Registered before the flag is read, so that no cancelling falls between the two.
        cancelled.as_mut().enable();
        if self.is_cancelled() {
            return Err(Error::cancelled());
        }
        tokio::select! {
            biased;
            () = cancelled => Err(Error::cancelled()),
            done = work => done,
            () = tokio::time::sleep_until(call.deadline.into()) => Err(call.timed_out()),
        }
    }
}
