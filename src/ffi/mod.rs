//! The C ABI: the only module with `unsafe` in it, and one with no logic of its own.
//!
//! Every function has the same order: `guard`, then the handle and the texts are checked, then one call on the facade,
//! then the answer is handed out. `include/ucwa.h` is generated from the comments here; the manual at its top is
//! written in `cbindgen.toml`.

#![allow(non_camel_case_types, reason = "C's names")]
#![allow(clippy::missing_safety_doc, reason = "what a caller must keep to stands in the manual at the top of the header")]

// What C sees, in the header's order.
mod status;

mod config;

mod application;

mod presence;

mod people;

mod facets;

mod editing;

mod live;

mod me;

mod resource;

mod strings;

mod bytes;

mod json;

mod last_error;

mod logging;

// What stands behind it.
mod callback;
mod descriptor;
mod guard;
mod handle;
mod json_tree;
mod kept_error;
mod sigpipe;
mod text;

pub use application::*;
pub use bytes::*;
pub use callback::*;
pub use config::*;
pub use editing::*;
pub use facets::*;
pub use json::*;
pub use last_error::*;
pub use live::*;
pub use logging::*;
pub use me::*;
pub use people::*;
pub use presence::*;
pub use resource::*;
pub use status::*;
pub use strings::*;
