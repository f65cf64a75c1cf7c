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
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    /// Bytes lie in a pair of sockets while the flag is up. None of their ends ever blocks. The host need not read them; for
    /// one that does there is another with every event, and as long as events wait after one was taken.
    pub struct Descriptor {
        inner: UnixStream,
        outer: UnixStream,
        up: AtomicBool,
    }

    impl Descriptor {
        pub(super) fn open() -> io::Result<Descriptor> {
            let (inner, outer) = UnixStream::pair()?;
            inner.set_nonblocking(true)?;
            outer.set_nonblocking(true)?;
            Ok(Descriptor { inner, outer, up: AtomicBool::new(false) })
        }

        pub fn number(&self) -> isize {
            self.outer.as_raw_fd() as isize
        }
    }

    impl Flag for Descriptor {
        fn raise(&self) {
            self.up.store(true, SeqCst);
            // Both ends are open as long as this lives, and where there is no room there are bytes.
            let _ = (&self.inner).write(&[1]);
        }

        fn lower(&self) {
            if self.up.swap(false, SeqCst) {
                let mut bytes = [0; 1024];
                while (&self.outer).read(&mut bytes).is_ok_and(|read| read == bytes.len()) {}
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
