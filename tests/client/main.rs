//! The library from the outside: its C functions against the simulator, over TLS.

#[path = "../common/mod.rs"]
mod common;

mod batches;
mod costs;
mod failures;
mod finding;
mod listening;
mod lists;
mod many;
mod myself;
mod navigation;
mod neighbours;
mod network;
mod once;
mod people;
mod proxies;
mod recovery;
mod secrets;
mod security;
mod shapes;
mod sign_in;
mod texts;
mod tls;
mod tokens;
mod trust;
