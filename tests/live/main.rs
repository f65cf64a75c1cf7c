//! Live presence from the outside: the C functions against the simulator's event channel. Both clocks run a hundred times
//! as fast, so that five seconds of gathering are a twentieth of one.

#[path = "../common/mod.rs"]
mod common;

mod ends;
mod lists;
mod odd_lists;
mod refusals;
mod shapes;
mod subscriptions;
mod taking;
mod trouble;

use common::*;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use ucwa_simulator::Simulator;

const SPEED: u32 = 100;
/// Longer than anything here takes, on any machine.
const LONGEST: Duration = Duration::from_secs(300);

const MANISH: &str = "sip:ManishC@contoso.com";

/// A simulator whose clock runs as fast as the library's.
fn simulator() -> Simulator {
    fast(Simulator::builder())
}

fn fast(builder: ucwa_simulator::Builder) -> Simulator {
    ucwa::test_clock::run_at(SPEED);
    builder.clock_speed(f64::from(SPEED)).start().unwrap()
}

/// A signed-in application with what it was told.
struct Listener {
    app: App,
}

impl Listener {
    fn on(simulator: &Simulator) -> Listener {
        Listener { app: App::on(simulator) }
    }

    fn next(&self) -> Value {
        self.app.next_event(i32::try_from(LONGEST.as_millis()).unwrap()).unwrap()
    }

    /// The events up to the one that fits.
    fn until(&self, mut fits: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut told = Vec::new();
        loop {
            told.push(self.next());
            if told.last().is_some_and(&mut fits) {
                return told;
            }
        }
    }

    /// The next event of that kind; others are passed over.
    fn event(&self, kind: &str) -> Value {
        self.until(|event| event["event"] == kind).pop().unwrap()
    }

    /// Reads on until somebody is told to be so, and tells how often that contact was told of.
    fn until_presence(&self, contact: &str, availability: &str) -> usize {
        let told = self.until(|event| is_presence(event, contact) && event["presence"]["availability"] == availability);
        told.iter().filter(|event| is_presence(event, contact)).count()
    }

    /// Subscribes, and takes the present state of all.
    fn subscribed_to(&self, contacts: &[&str]) -> String {
        let made = self.app.subscribe(&json!(contacts).to_string()).unwrap();
        for _ in 0..contacts.len() {
            assert_eq!(self.next()["event"], "presence");
        }
        made["id"].as_str().unwrap().to_owned()
    }

    /// Nothing waits. To be asked only when whatever might come has come.
    fn has_nothing(&self) -> bool {
        self.app.next_event(0).is_err_and(|failure| failure.status == ucwa::ffi::UCWA_TIMEOUT)
    }
}

fn is_presence(event: &Value, contact: &str) -> bool {
    event["event"] == "presence" && event["uri"].as_str().is_some_and(|uri| uri.eq_ignore_ascii_case(contact))
}

fn set(simulator: &Simulator, contact: &str, availability: &str) {
    assert!(simulator.set_presence(contact, json!({ "availability": availability })));
}

/// Held by tests in which time jumps: the library's clock is one for all of them.
fn alone() -> MutexGuard<'static, ()> {
    static JUMPS: Mutex<()> = Mutex::new(());
    JUMPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Both clocks jump.
fn pass(simulator: &Simulator, time: Duration) {
    ucwa::test_clock::advance(time);
    simulator.advance(time);
}

/// Waits for the simulator to be so.
fn wait_until(simulator: &Simulator, condition: impl FnMut(&Simulator) -> bool) {
    assert!(simulator.wait_until(LONGEST, condition), "it never came to be: {:?}", routes(simulator));
}
