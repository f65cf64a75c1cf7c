//! How much stack a thread needs that calls the library.

use super::*;
use std::process::Command;
use std::thread;

/// What the manual says.
const STACK: usize = 256 << 10;

/// What a program does on a thread with little stack: everything that goes through other layers.
fn all_of_it(simulator: &ucwa_simulator::Simulator) {
    let app = Config::of(simulator).sign_in().unwrap();
    // SAFETY: the handles are live.
    unsafe {
        let contact = CString::new(SARA).unwrap();
        length(ucwa_get_contact_presence(app.handle(), contact.as_ptr())).unwrap();
        length(ucwa_get_contacts(app.handle())).unwrap();
        presences(&app, &some_contacts(3)).unwrap();
        let group = CString::new("Sales").unwrap();
        length(ucwa_get_group_presence(app.handle(), group.as_ptr())).unwrap();
        length(ucwa_get_me(app.handle())).unwrap();
        let nowhere = CString::new("people/nowhere").unwrap();
        length(ucwa_navigate(app.handle(), nowhere.as_ptr())).unwrap_err();
    }
    app.subscribe(&format!("[\"{SARA}\"]")).unwrap();
    app.next_event(10_000).unwrap();
    app.sign_out().unwrap();
    let by_name = Config::by_name(simulator).sign_in().unwrap();
    by_name.sign_out().unwrap();
}

#[test]
fn a_thread_with_little_stack() {
    let size = std::env::var("UCWA_STACK").map_or(STACK, |text| text.parse().unwrap());
    // A stack that does not suffice ends the process: another one is asked.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "stack::on_that_thread", "--include-ignored", "--nocapture"])
        .env("UCWA_STACK", size.to_string())
        .output()
        .unwrap();
    assert!(child.status.success(), "{size} bytes do not suffice: {}", String::from_utf8_lossy(&child.stderr));
}

#[test]
#[ignore = "a_thread_with_little_stack runs it in a process of its own"]
fn on_that_thread() {
    let size: usize = std::env::var("UCWA_STACK").unwrap().parse().unwrap();
    let simulator = ucwa_simulator::Simulator::builder().start().unwrap();
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(size).spawn_scoped(scope, || all_of_it(&simulator)).unwrap();
        worker.join().unwrap();
    });
}
