//! libucwa: the presence of people on Skype for Business Server, over UCWA 2.0.
//!
//! A [`Config`] says how to sign in, a [`Client`] is a signed-in application, and every read is handed back as owned JSON
//! text. The same functions stand behind the C ABI, whose manual is `include/ucwa.h`.

#![forbid(unsafe_op_in_unsafe_fn)]

mod application;
mod certificate_file;
mod client;
mod clock;
mod config;
mod error;
#[cfg(feature = "capi")]
pub mod ffi;
mod health;
mod json_text;
mod limits;
mod live;
mod logging;
mod me;
#[cfg(unix)]
mod own_descriptor;
mod people;
mod recovery;
mod resource;
mod secret;
mod shown;
mod sign_in;
mod sip_uri;
mod threads;
mod transport;

pub use client::Client;
#[cfg(feature = "test-clock")]
pub use clock::test_clock;
pub use config::{Config, TokenCallback, VERSION};
pub use error::{Error, Result, Status};
#[cfg(unix)]
pub use live::EventDescriptor;
pub use live::{EventCallback, Flag};
pub use people::Photo;
pub use secret::Secret;
pub use threads::start as start_thread;
