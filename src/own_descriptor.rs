//! Descriptors that are the library's own, and stay so. A program that becomes a daemon may close all that it does not know
//! (`closefrom`); by then the numbers belong to nobody, or to files of the program, and must not be touched.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;

/// A descriptor with what it is a number of.
pub(crate) struct OwnDescriptor {
    /// `None` only while it is dropped.
    file: Option<File>,
    identity: (u64, u64),
}

impl OwnDescriptor {
    pub fn new(descriptor: impl Into<OwnedFd>) -> io::Result<OwnDescriptor> {
        let file = File::from(descriptor.into());
        Ok(OwnDescriptor { identity: identity(&file)?, file: Some(file) })
    }

    /// Its number, if it still is the library's.
    pub fn number(&self) -> Option<RawFd> {
        let same = |file: &&File| identity(file).is_ok_and(|identity| identity == self.identity);
        self.file.as_ref().filter(same).map(AsRawFd::as_raw_fd)
    }
}

fn identity(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Drop for OwnDescriptor {
    fn drop(&mut self) {
        let is_own = self.number().is_some();
        if let Some(file) = self.file.take().filter(|_| !is_own) {
            let _ = file.into_raw_fd();
        }
    }
}
