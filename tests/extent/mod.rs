//! How much is tested: `UCWA_TESTS` says so.
//!
//! Without it the tests take minutes, and what wants a tool that is not here is left out. `strict` makes a missing tool a
//! failure. `long` is `strict` with the long forms: every compiler, packages of all kinds, a month of live presence.
#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeSet;
use std::env;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Whether the long forms are wanted.
pub fn long() -> bool {
    wanted().as_deref() == Some("long")
}

/// Says once what is not tested here, past what cargo keeps back of tests that pass. Where changes land, nothing is left out.
pub fn left_out(what: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    assert!(wanted().is_none(), "not tested: {what}");
    if SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned()) {
        io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes()).unwrap();
    }
}

fn wanted() -> Option<String> {
    let wanted = env::var("UCWA_TESTS").ok()?;
    assert!(["strict", "long"].contains(&wanted.as_str()), "UCWA_TESTS is strict, long or not set");
    Some(wanted)
}
