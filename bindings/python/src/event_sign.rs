//! What shows that events wait: to threads that wait for it, and as a descriptor for poll loops.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use ucwa::{Client, Flag, Result};

/// Up while events wait, and when the application has ended.
#[derive(Default)]
pub(crate) struct EventSign {
    inside: Mutex<Inside>,
    bell: Condvar,
}

#[derive(Default)]
struct Inside {
    up: bool,
    light: Option<descriptor::Light>,
}

impl EventSign {
    /// Follows the events of an application from now on.
    pub(crate) fn show_events_of(self: &Arc<Self>, client: &Client) -> Result<()> {
        client.show_events_by(|| Ok(Arc::clone(self) as Arc<dyn Flag>))
    }

    /// Waits for it to be up; None is for ever. Whether it is.
    pub(crate) fn wait(&self, end: Option<Instant>) -> bool {
        let mut inside = self.lock();
        while !inside.up {
            inside = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => self.bell.wait(inside).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return false,
                Some(left) => self.bell.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        true
    }

    /// The descriptor, the same at every call.
    pub(crate) fn descriptor(self: &Arc<Self>, client: &Client) -> Result<i32> {
        self.show_events_of(client)?;
        let mut inside = self.lock();
        if inside.light.is_none() {
            let light = descriptor::Light::new()?;
            if inside.up {
                light.on();
            }
            inside.light = Some(light);
        }
        Ok(inside.light.as_ref().map_or(-1, descriptor::Light::number))
    }

    fn show(&self, up: bool) {
        let mut inside = self.lock();
        if inside.up == up {
            return;
        }
        inside.up = up;
        match &inside.light {
            Some(light) if up => light.on(),
            Some(light) => light.off(),
            None => {}
        }
        drop(inside);
        self.bell.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flag for EventSign {
    fn raise(&self) {
        self.show(true);
    }

    fn lower(&self) {
        self.show(false);
    }
}

#[cfg(unix)]
mod descriptor {
    use std::io::{self, Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use ucwa::{Error, Result, Status};

    /// A pair of sockets; what one byte is written to can be read.
    pub(super) struct Light {
        watched: UnixStream,
        own: UnixStream,
    }

    impl Light {
        pub fn new() -> Result<Light> {
            let pair = || -> io::Result<Light> {
                let (watched, own) = UnixStream::pair()?;
                watched.set_nonblocking(true)?;
                own.set_nonblocking(true)?;
                Ok(Light { watched, own })
            };
            pair().map_err(|error| Error::new(Status::Internal, format!("the system gave no descriptor: {error}")))
        }

        /// Neither can fail: at most one byte is on its way. Where the host took it itself there is nothing to take.
        pub fn on(&self) {
            let _ = (&self.own).write(&[1]);
        }

        pub fn off(&self) {
            let _ = (&self.watched).read(&mut [0; 8]);
        }

        pub fn number(&self) -> i32 {
            self.watched.as_raw_fd()
        }
    }
}

#[cfg(not(unix))]
mod descriptor {
    use ucwa::{Error, Result, Status};

    pub(super) enum Light {}

    impl Light {
        pub fn new() -> Result<Light> {
            Err(Error::new(Status::Unsupported, "this system has no descriptor for events; wait for them in a thread or with asyncio"))
        }

        pub fn on(&self) {}

        pub fn off(&self) {}

        pub fn number(&self) -> i32 {
            match *self {}
        }
    }
}
