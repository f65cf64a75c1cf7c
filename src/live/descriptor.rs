//! What a poll loop watches: readable while events wait.

use super::queue::Flag;
use crate::error::{Error, Result, Status};
use crate::own_descriptor::OwnDescriptor;
use nix::sys::socket::{MsgFlags, recv, send};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// A descriptor for poll, select and event loops: a byte lies in a pair of sockets while the flag is up. None of their ends
/// ever blocks. The host may read the byte, though it need not: so whether it is there is looked at every time, and not
/// remembered.
pub struct EventDescriptor {
    inner: OwnDescriptor,
    outer: OwnDescriptor,
    number: RawFd,
}

impl EventDescriptor {
    /// A new one, which is not readable.
    ///
    /// # Errors
    /// [`Status::Internal`](crate::Status::Internal) where the system has no more of them.
    pub fn new() -> Result<EventDescriptor> {
        let open = || -> io::Result<EventDescriptor> {
            let (inner, outer) = UnixStream::pair()?;
            inner.set_nonblocking(true)?;
            outer.set_nonblocking(true)?;
            let number = outer.as_raw_fd();
            Ok(EventDescriptor { inner: OwnDescriptor::new(inner)?, outer: OwnDescriptor::new(outer)?, number })
        };
        open().map_err(|error| Error::new(Status::Internal, format!("the system gave no descriptor: {error}")))
    }

    /// The number by which the system knows it.
    pub fn number(&self) -> RawFd {
        self.number
    }
}

impl Flag for EventDescriptor {
    fn raise(&self) {
        let (Some(inner), Some(outer)) = (self.inner.number(), self.outer.number()) else { return };
        let is_up = recv(outer, &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT).is_ok_and(|seen| seen > 0);
        if !is_up {
            // There is room for a byte, and both ends are open as long as this lives.
            let _ = send(inner, &[1], MsgFlags::MSG_DONTWAIT);
        }
    }

    fn lower(&self) {
        let _ = self.outer.number().map(|outer| recv(outer, &mut [0; 8], MsgFlags::MSG_DONTWAIT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_reads_away_comes_again() {
        let descriptor = EventDescriptor::new().unwrap();
        let read = || recv(descriptor.number(), &mut [0; 8], MsgFlags::MSG_DONTWAIT).ok();
        let is_up = || recv(descriptor.number(), &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT).is_ok();
        for _ in 0..2 {
            descriptor.raise();
            descriptor.raise();
            assert_eq!((is_up(), read()), (true, Some(1)), "one byte, however often it is raised");
            descriptor.raise();
            assert!(is_up());
            descriptor.lower();
            descriptor.lower();
            assert_eq!((is_up(), read()), (false, None));
        }
    }
}
