//! What a poll loop watches: readable (on Windows: signalled) while events wait.

use crate::error::{Error, Result, Status};
use crate::live::Flag;
use std::io;
use std::sync::Arc;

pub(super) use system::Descriptor;

impl Descriptor {
    pub fn new() -> Result<Arc<Descriptor>> {
        let failed = |error: io::Error| Error::new(Status::Internal, format!("the system gave no descriptor: {error}"));
        Descriptor::open().map(Arc::new).map_err(failed)
    }
}

#[cfg(unix)]
mod system {
    use super::{Flag, io};
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// A byte lies in a pair of sockets while the flag is up. None of their ends ever blocks. The host may read the byte,
    /// though it need not: so whether it is there is looked at every time, and not remembered.
    pub struct Descriptor {
        inner: UnixStream,
        outer: UnixStream,
    }

    impl Descriptor {
        pub(super) fn open() -> io::Result<Descriptor> {
            let (inner, outer) = UnixStream::pair()?;
            inner.set_nonblocking(true)?;
            outer.set_nonblocking(true)?;
            Ok(Descriptor { inner, outer })
        }

        pub fn number(&self) -> isize {
            self.outer.as_raw_fd() as isize
        }

        fn is_up(&self) -> bool {
            let mut byte = 0_u8;
            // SAFETY: the socket is open as long as this lives; there is room for the one byte, and it stays where it is.
            let seen = unsafe { libc::recv(self.outer.as_raw_fd(), (&raw mut byte).cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) };
            seen > 0
        }
    }

    impl Flag for Descriptor {
        fn raise(&self) {
            if !self.is_up() {
                // There is room for a byte, and both ends are open as long as this lives.
                let _ = (&self.inner).write(&[1]);
            }
        }

        fn lower(&self) {
            let _ = (&self.outer).read(&mut [0; 8]);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_the_host_reads_away_comes_again() {
            let descriptor = Descriptor::open().unwrap();
            let read = || (&descriptor.outer).read(&mut [0; 8]).ok();
            for _ in 0..2 {
                descriptor.raise();
                descriptor.raise();
                assert_eq!((descriptor.is_up(), read()), (true, Some(1)), "one byte, however often it is raised");
                descriptor.raise();
                assert!(descriptor.is_up());
                descriptor.lower();
                descriptor.lower();
                assert_eq!((descriptor.is_up(), read()), (false, None));
            }
        }
    }
}

#[cfg(windows)]
mod system {
    use super::{Flag, io};
    use std::ptr::null;
    use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
    use windows_sys::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent};

    /// An event that stays signalled until it is reset.
    pub struct Descriptor(HANDLE);

    // SAFETY: the system lets any thread use an event.
    unsafe impl Send for Descriptor {}
    // SAFETY: as above.
    unsafe impl Sync for Descriptor {}

    impl Descriptor {
        pub(super) fn open() -> io::Result<Descriptor> {
            // SAFETY: neither attributes nor a name are given.
            let handle = unsafe { CreateEventW(null(), 1, 0, null()) };
            if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Descriptor(handle)) }
        }

        pub fn number(&self) -> isize {
            self.0 as isize
        }
    }

    impl Flag for Descriptor {
        fn raise(&self) {
            // SAFETY: the handle is open as long as this lives.
            unsafe { SetEvent(self.0) };
        }

        fn lower(&self) {
            // SAFETY: as above.
            unsafe { ResetEvent(self.0) };
        }
    }

    impl Drop for Descriptor {
        fn drop(&mut self) {
            // SAFETY: it is closed once, and used no more.
            unsafe { CloseHandle(self.0) };
        }
    }
}
