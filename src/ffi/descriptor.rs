//! What a poll loop watches as C knows it: a file descriptor, or on Windows an event.

#[cfg(unix)]
pub(super) use crate::live::EventDescriptor as Descriptor;
#[cfg(windows)]
pub(super) use event::Event as Descriptor;

#[cfg(windows)]
mod event {
    use crate::error::{Error, Result, Status};
    use crate::live::Flag;
    use std::io;
    use std::ptr::null;
    use windows_sys::Win32::Foundation::{CloseHandle, HANDLE};
    use windows_sys::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent};

    /// An event that stays signalled until it is reset.
    pub struct Event(HANDLE);

    // SAFETY: the system lets any thread use an event.
    unsafe impl Send for Event {}
    // SAFETY: as above.
    unsafe impl Sync for Event {}

    impl Event {
        pub fn new() -> Result<Event> {
            // SAFETY: neither attributes nor a name are given.
            let handle = unsafe { CreateEventW(null(), 1, 0, null()) };
            if handle.is_null() {
                let text = format!("the system gave no event: {}", io::Error::last_os_error());
                return Err(Error::new(Status::Internal, text));
            }
            Ok(Event(handle))
        }

        pub fn number(&self) -> HANDLE {
            self.0
        }
    }

    impl Flag for Event {
        fn raise(&self) {
            // SAFETY: the handle is open as long as this lives.
            unsafe { SetEvent(self.0) };
        }

        fn lower(&self) {
            // SAFETY: as above.
            unsafe { ResetEvent(self.0) };
        }
    }

    impl Drop for Event {
        fn drop(&mut self) {
            // SAFETY: it is closed once, and used no more.
            unsafe { CloseHandle(self.0) };
        }
    }
}
