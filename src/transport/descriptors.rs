//! Whether the process still has the descriptors that a runtime opened. Without them it cannot wait, and cannot be woken.

use crate::error::{Error, Result, Status};
#[cfg(unix)]
use crate::own_descriptor::OwnDescriptor;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Instant;

thread_local! {
    /// What this thread drives a runtime for.
    static DRIVEN: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// Looks after the descriptors of one runtime.
pub(super) struct Witness {
    /// It is opened with the runtime's and used for nothing else: if it is gone, so are they.
    #[cfg(unix)]
    descriptor: OwnDescriptor,
    gone: AtomicBool,
    /// When it was looked for last, in milliseconds.
    looked_at: AtomicU64,
}

impl Witness {
    pub fn new() -> io::Result<Witness> {
        Ok(Witness {
            #[cfg(unix)]
            descriptor: OwnDescriptor::new(std::os::unix::net::UnixDatagram::unbound()?)?,
            gone: AtomicBool::new(false),
            looked_at: AtomicU64::new(0),
        })
    }

    /// Looks for it.
    pub fn is_there(&self) -> bool {
        #[cfg(unix)]
        if self.descriptor.number().is_none() {
            self.gone.store(true, Ordering::SeqCst);
        }
        self.looked_at.store(now(), Ordering::Relaxed);
        !self.is_gone()
    }

    /// Whether it was missing when it was looked for last.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// To be called when a runtime has waited. If it cannot wait again, what is driven fails before it tries. While answers come
    /// without delay nobody has the time to close descriptors.
    pub fn after_waiting(&self) {
        if self.is_gone() || self.looked_at.load(Ordering::Relaxed) != now() && !self.is_there() {
            // A thread that is ending drives nothing.
            let _ = DRIVEN.try_with(|driven| driven.borrow().as_ref().map(Waker::wake_by_ref));
        }
    }
}

/// Milliseconds, for comparison.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What becomes of calls when it is gone.
pub(super) fn closed_by_the_program() -> Error {
    let text = "the program has closed the descriptors that the library opened (closefrom?); free the application and sign in again";
    Error::new(Status::Cancelled, text)
}

/// Drives a future until the descriptors are gone; and so that no other thread wakes it through one that is not the
/// runtime's any more, which would write into a file of the program, or panic.
pub(super) async fn guarded<T>(witness: Arc<Witness>, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    // A waker keeps its runtime.
    let _driven = Driven;
    let mut kept: Option<(Waker, Waker)> = None;
    poll_fn(move |context| {
        if witness.is_gone() {
            return Poll::Ready(Err(closed_by_the_program()));
        }
        let (_, own) = match kept.take() {
            Some(pair) if pair.0.will_wake(context.waker()) => kept.insert(pair),
            _ => {
                let runtimes = context.waker().clone();
                let _ = DRIVEN.try_with(|driven| driven.replace(Some(runtimes.clone())));
                let wakeup = Wakeup { runtimes: runtimes.clone(), driver: thread::current().id(), witness: Arc::clone(&witness) };
                kept.insert((runtimes, Waker::from(Arc::new(wakeup))))
            }
        };
        work.as_mut().poll(&mut Context::from_waker(own))
    })
    .await
}

struct Driven;

impl Drop for Driven {
    fn drop(&mut self) {
        let _ = DRIVEN.try_with(RefCell::take);
    }
}

struct Wakeup {
    runtimes: Waker,
    /// The thread that drives the runtime.
    driver: ThreadId,
    witness: Arc<Witness>,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // On its own thread the runtime needs no descriptor for it.
        if thread::current().id() == self.driver || self.witness.is_there() {
            self.runtimes.wake_by_ref();
        }
    }
}
