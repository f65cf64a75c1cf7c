//! Signing in: finding the server, answering its challenges, keeping tokens.

mod authority;
mod challenge;
mod discovery;
mod grant;
mod leads;
mod names;
mod trust;

pub(crate) use authority::Authority;
pub(crate) use discovery::discover;
