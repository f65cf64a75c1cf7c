//! The library's own threads, and the signals there. Signals are the host's, and so are the threads that handle them: none
//! is delivered to a thread of the library, but while it runs code of the host, which has the mask of the host.

use crate::logging;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

#[cfg(all(unix, feature = "capi"))]
pub(crate) use system::shielded;
pub(crate) use system::{Mask, keep_signals_away};

/// Starts a thread that takes no signals, as all of the library are; bindings start theirs so, too.
///
/// # Errors
/// Those of the system.
pub fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let hosts = Mask::of_host();
    // It inherits the mask, and so takes none from its beginning on.
    let _blocked = hosts.and_the_librarys().held();
    Builder::new().name(name.to_owned()).spawn(move || {
        hosts.remember();
        work();
    })
}

/// Waits for a thread to end, however it does; not for the one that this is called on, which may be in a callback that
/// lets go of the application.
pub(crate) fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != std::thread::current().id() {
        // It was told of, where it panicked.
        let _ = thread.join();
    }
}

/// The same, but for a thread that cannot be woken only for so long: then it goes on by itself, and ends when it wakes. It
/// is waited for as long as code of the host runs on threads of the library.
pub(crate) fn join_or_leave(thread: JoinHandle<()>, patience: Duration) {
    let begin = Instant::now();
    while !thread.is_finished() && (begin.elapsed() < patience || HOST_CODE.load(Ordering::SeqCst) > 0) {
        std::thread::sleep(Duration::from_millis(1));
    }
    if thread.is_finished() {
        join(thread);
    } else {
        logging::warn!("a thread of the library could not be woken, and ends later by itself");
    }
}

/// How many threads of the library run code of the host in the middle of a call.
static HOST_CODE: AtomicUsize = AtomicUsize::new(0);

/// Runs code of the host in the middle of a call, on whatever thread that is.
pub(crate) fn as_host<T>(work: impl FnOnce() -> T) -> T {
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            HOST_CODE.fetch_sub(1, Ordering::SeqCst);
        }
    }
    HOST_CODE.fetch_add(1, Ordering::SeqCst);
    let _counted = Counted;
    system::as_host(work)
}

#[cfg(unix)]
mod system {
    use nix::sys::signal::{SigSet, SigmaskHow, Signal};
    use std::cell::Cell;

    /// What a thread raises by its own fault is for whoever looks into crashes; blocked, it would end the process at once.
    const FAULTS: [Signal; 7] =
        [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGFPE, Signal::SIGILL, Signal::SIGTRAP, Signal::SIGSYS, Signal::SIGABRT];

    thread_local! {
        /// On a thread of the library: what code of the host has to run with.
        static HOSTS: Cell<Option<Mask>> = const { Cell::new(None) };
        /// On a thread of the host: SIGPIPE is blocked for the length of a call alone.
        static SHIELDED: Cell<bool> = const { Cell::new(false) };
    }

    /// The signals that are blocked in a thread. `None` where the system did not say, and nothing is changed.
    #[derive(Clone, Copy)]
    pub(crate) struct Mask(Option<SigSet>);

    impl Mask {
        /// What the host has chosen for this thread, or for the one that the library started this one on.
        pub fn of_host() -> Mask {
            if let Some(hosts) = HOSTS.get() {
                return hosts;
            }
            let mut set = SigSet::thread_get_mask().ok();
            if let Some(set) = set.as_mut().filter(|_| SHIELDED.get()) {
                set.remove(Signal::SIGPIPE);
            }
            Mask(set)
        }

        /// All signals, but for faults that the host has not blocked itself.
        pub(super) fn and_the_librarys(self) -> Mask {
            let mut set = SigSet::all();
            let kept = |signal: &Signal| self.0.is_none_or(|hosts| !hosts.contains(*signal));
            FAULTS.into_iter().filter(kept).for_each(|signal| set.remove(signal));
            Mask(Some(set))
        }

        pub(super) fn remember(self) {
            HOSTS.set(Some(self));
        }

        /// This thread has it until what is returned goes.
        pub(super) fn held(self) -> Held {
            Held { before: self.0.and_then(|set| set.thread_swap_mask(SigmaskHow::SIG_SETMASK).ok()), hosts: HOSTS.get() }
        }

        /// Runs code of the host on a thread of the library.
        pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
            let _held = self.held();
            HOSTS.set(None);
            work()
        }
    }

    pub(super) struct Held {
        before: Option<SigSet>,
        hosts: Option<Mask>,
    }

    impl Drop for Held {
        fn drop(&mut self) {
            if let Some(before) = self.before {
                // It was this thread's before, and so it can be again.
                let _ = before.thread_set_mask();
            }
            HOSTS.set(self.hosts);
        }
    }

    /// On a thread of the library SIGPIPE stays blocked: one may wait that the library itself has raised.
    pub(super) fn as_host<T>(work: impl FnOnce() -> T) -> T {
        let Some(Mask(set)) = HOSTS.get() else { return work() };
        let with_sigpipe = |mut set: SigSet| {
            set.add(Signal::SIGPIPE);
            set
        };
        Mask(set.map(with_sigpipe)).during(work)
    }

    /// Blocks signals in this thread, which the library did not start itself.
    pub(crate) fn keep_signals_away() {
        let _before = Mask(None).and_the_librarys().0.map(|set| set.thread_block());
    }

    /// Whether SIGPIPE is blocked in this thread, and the host has not asked for it.
    #[cfg(feature = "capi")]
    pub(crate) fn shielded(shielded: bool) {
        SHIELDED.set(shielded);
    }

    #[cfg(test)]
    mod tests {
        use super::super::start;
        use super::*;

        fn blocked() -> Vec<Signal> {
            SigSet::thread_get_mask().unwrap().iter().collect()
        }

        fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
            let (sender, receiver) = std::sync::mpsc::channel();
            start("test", move || sender.send(work()).unwrap()).unwrap().join().unwrap();
            receiver.recv().unwrap()
        }

        #[test]
        fn a_fault_that_the_host_keeps_away_stays_away() {
            let mut own = SigSet::empty();
            own.add(Signal::SIGABRT);
            own.thread_block().unwrap();
            let (held, others) = on_a_thread(|| (blocked().contains(&Signal::SIGABRT), blocked().contains(&Signal::SIGSEGV)));
            own.thread_unblock().unwrap();
            assert!(held && !others);
        }

        #[test]
        fn no_signal_but_in_code_of_the_host() {
            let mut own = SigSet::empty();
            own.add(Signal::SIGUSR1);
            own.thread_block().unwrap();
            let hosts = blocked();
            assert!(hosts.contains(&Signal::SIGUSR1) && !hosts.contains(&Signal::SIGINT));
            let (outside, within, again) = on_a_thread(|| {
                let mask = Mask::of_host();
                let within = mask.during(blocked);
                let again = std::panic::catch_unwind(|| mask.during(|| panic!("the host's"))).map_or_else(|_| blocked(), |()| Vec::new());
                (blocked(), within, again)
            });
            for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD, Signal::SIGPIPE, Signal::SIGALRM] {
                assert!(outside.contains(&signal), "{signal}");
            }
            assert!(FAULTS.iter().all(|signal| !outside.contains(signal)));
            assert_eq!((&within, &again, &blocked()), (&hosts, &outside, &hosts));
        }

        #[test]
        fn sigpipe_is_blocked_for_the_length_of_a_call() {
            SHIELDED.set(true);
            let mut own = SigSet::empty();
            own.add(Signal::SIGPIPE);
            own.thread_block().unwrap();
            let (callback, question) = on_a_thread(|| (Mask::of_host().during(blocked), as_host(blocked)));
            assert!(!callback.contains(&Signal::SIGPIPE), "what the host starts from there ends as it should");
            assert!(question.contains(&Signal::SIGPIPE) && !question.contains(&Signal::SIGINT));
            assert!(as_host(blocked).contains(&Signal::SIGPIPE), "this is a thread of the host");
        }

        #[test]
        fn a_thread_of_another_thread() {
            let hosts = blocked();
            assert_eq!(on_a_thread(|| on_a_thread(|| Mask::of_host().during(blocked))), hosts);
        }
    }
}

#[cfg(not(unix))]
mod system {
    #[derive(Clone, Copy)]
    pub(crate) struct Mask;

    impl Mask {
        pub fn of_host() -> Mask {
            Mask
        }

        pub(super) fn and_the_librarys(self) -> Mask {
            self
        }

        pub(super) fn remember(self) {}

        pub(super) fn held(self) -> Mask {
            self
        }

        pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
            work()
        }
    }

    pub(super) fn as_host<T>(work: impl FnOnce() -> T) -> T {
        work()
    }

    pub(crate) fn keep_signals_away() {}
}
