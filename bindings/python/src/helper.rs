//! The thread that makes the main thread's calls. It waits for the next one, as to start a thread for each would cost a
//! third of a request.

use std::process;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::{io, mem};

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does what it is given. It ends when this is dropped and the last job is done.
pub(crate) struct Helper {
    jobs: Sender<Job>,
    /// A forked child has the channel, and nobody at its other end.
    process: u32,
}

/// The one that has nothing to do. Whoever finds it in use, by whatever thread, takes another one.
static IDLE: Mutex<Option<Helper>> = Mutex::new(None);

impl Helper {
    /// The idle one, or a new one.
    pub(crate) fn take() -> io::Result<Helper> {
        let idle = IDLE.try_lock().ok().and_then(|mut idle| idle.take());
        match idle {
            Some(helper) if helper.process == process::id() => Ok(helper),
            inherited => {
                mem::forget(inherited);
                Helper::start()
            }
        }
    }

    fn start() -> io::Result<Helper> {
        let (jobs, given) = channel::<Job>();
        ucwa::start_thread("ucwa-call", move || given.into_iter().for_each(|job| job()))?;
        Ok(Helper { jobs, process: process::id() })
    }

    /// Gives it a job, which must not panic. Where the thread is gone, the job is dropped.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        let _ = self.jobs.send(Box::new(job));
    }

    /// Keeps it for the next call. It has done what it was given.
    pub(crate) fn give_back(self) {
        if let Ok(mut idle) = IDLE.try_lock() {
            *idle = Some(self);
        }
    }
}
