//! Keeps SIGPIPE away from the host while the library may write to a socket on the host's thread.
//!
//! Not every write can be told to raise none (gathered ones cannot), and to ignore the signal would change it for the
//! whole process. So it is blocked in this thread, and one that arose meanwhile is taken away before it is unblocked.

#[cfg(not(unix))]
pub(super) struct Shield;

#[cfg(not(unix))]
impl Shield {
    pub fn raise() -> Shield {
        Shield
    }
}

#[cfg(unix)]
pub(super) use unix::Shield;

#[cfg(unix)]
mod unix {
    use crate::threads;
    use libc::{SIG_BLOCK, SIG_UNBLOCK, SIGPIPE, sigset_t};
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    pub struct Shield {
        /// The host had it blocked already.
        was_blocked: bool,
        /// The host's own SIGPIPE was waiting already.
        was_pending: bool,
    }

    impl Shield {
        pub fn raise() -> Shield {
            let mut before = empty_set();
            // SAFETY: both sets are initialised and outlive the call.
            unsafe { libc::pthread_sigmask(SIG_BLOCK, &only_sigpipe(), &mut before) };
            let was_blocked = holds_sigpipe(&before);
            if !was_blocked {
                threads::shielded(true);
            }
            // Only a blocked signal can wait.
            Shield { was_blocked, was_pending: was_blocked && is_pending() }
        }
    }

    impl Drop for Shield {
        fn drop(&mut self) {
            if !self.was_pending && is_pending() {
                consume();
            }
            if !self.was_blocked {
                threads::shielded(false);
                // SAFETY: the set is initialised; the former mask is not asked for.
                unsafe { libc::pthread_sigmask(SIG_UNBLOCK, &only_sigpipe(), null_mut()) };
            }
        }
    }

    fn empty_set() -> sigset_t {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set that it is given.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            set.assume_init()
        }
    }

    fn only_sigpipe() -> sigset_t {
        let mut set = empty_set();
        // SAFETY: the set is initialised.
        unsafe { libc::sigaddset(&mut set, SIGPIPE) };
        set
    }

    fn holds_sigpipe(set: &sigset_t) -> bool {
        // SAFETY: the set is initialised.
        unsafe { libc::sigismember(set, SIGPIPE) == 1 }
    }

    fn is_pending() -> bool {
        let mut pending = empty_set();
        // SAFETY: the set is initialised and outlives the call.
        unsafe { libc::sigpending(&mut pending) };
        holds_sigpipe(&pending)
    }

    #[cfg(not(any(target_vendor = "apple", target_os = "openbsd")))]
    fn consume() {
        // No time at all: another thread may have taken the signal meanwhile.
        let no_time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the set and the time are initialised; what the signal said is not asked for.
        while unsafe { libc::sigtimedwait(&only_sigpipe(), null_mut(), &no_time) } == -1
            && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
        {}
    }

    #[cfg(any(target_vendor = "apple", target_os = "openbsd"))]
    fn consume() {
        let mut signal = 0;
        // SAFETY: the set is initialised; the signal waits, so this returns at once.
        unsafe { libc::sigwait(&only_sigpipe(), &mut signal) };
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn raise_sigpipe() {
            // SAFETY: the signal is blocked in this thread, to which it is sent.
            unsafe { libc::pthread_kill(libc::pthread_self(), SIGPIPE) };
        }

        #[test]
        fn its_own_signal_is_taken_away_and_the_hosts_is_kept() {
            let outer = Shield::raise();
            drop(outer);
            let outer = Shield::raise();
            {
                let _inner = Shield::raise();
                raise_sigpipe();
            }
            assert!(!is_pending());
            raise_sigpipe();
            drop(Shield::raise());
            assert!(is_pending());
            drop(outer);
            assert!(!is_pending());
        }
    }
}
