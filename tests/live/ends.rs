//! The end: cancelling, signing out and freeing with everything under way.

use crate::*;
use std::time::Instant;
use ucwa::ffi::*;

/// The signals that each thread of that name has blocked, the first one being the lowest bit.
#[cfg(target_os = "linux")]
fn blocked_in_threads(fits: impl Fn(&str) -> bool) -> Vec<u64> {
    let blocked = |task: std::io::Result<std::fs::DirEntry>| {
        // It may have ended meanwhile.
        let status = std::fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        line("Name:").filter(|name| fits(name))?;
        u64::from_str_radix(line("SigBlk:")?, 16).ok()
    };
    std::fs::read_dir("/proc/self/task").unwrap().filter_map(blocked).collect()
}

#[cfg(target_os = "linux")]
fn is_of_the_library(name: &str) -> bool {
    ["ucwa-live", "ucwa-events", "ucwa-callback"].contains(&name)
}

#[cfg(target_os = "linux")]
fn threads_of_the_library() -> usize {
    blocked_in_threads(is_of_the_library).len()
}

/// A thread gets its name when it first runs, and is listed a moment longer than it does.
#[cfg(target_os = "linux")]
fn has_threads(count: usize) {
    let started = Instant::now();
    while threads_of_the_library() != count {
        assert!(started.elapsed() < LONGEST, "{} threads, not {count}", threads_of_the_library());
        std::thread::yield_now();
    }
}

/// Alone in this file, since it counts the threads of the process: it runs in a process of its own.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_left_behind() {
    const MARK: &str = "UCWA_TEST_ALONE";
    if std::env::var_os(MARK).is_none() {
        let own = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ends::no_thread_is_left_behind", "--nocapture"])
            .env(MARK, "1")
            .output()
            .unwrap();
        assert!(own.status.success(), "{}{}", String::from_utf8_lossy(&own.stdout), String::from_utf8_lossy(&own.stderr));
        return;
    }
    let simulator = simulator();
    for callback in [false, true] {
        let listener = Listener::on(&simulator);
        assert_eq!(threads_of_the_library(), 0, "none before they are needed");
        if callback {
            listener.app.on_event(Box::new(|_| {})).unwrap();
        }
        listener.app.subscribe(&json!([SARA, MANISH]).to_string()).unwrap();
        wait_until(&simulator, |simulator| simulator.pending_events() == 1);
        has_threads(if callback { 3 } else { 2 });
        for blocked in blocked_in_threads(is_of_the_library) {
            let holds = |signal: libc::c_int| blocked >> (signal - 1) & 1 == 1;
            assert!([libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGALRM, libc::SIGPIPE].into_iter().all(holds), "{blocked:x}");
            assert!(!holds(libc::SIGSEGV), "what a thread does wrong is told");
        }
        let started = Instant::now();
        drop(listener);
        assert!(started.elapsed() < GUARD, "{:?}", started.elapsed());
        has_threads(0);
    }
}

#[test]
fn cancelling_wakes_who_waits_for_events() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| (listener.app.next_event(-1).unwrap_err().status, Instant::now()))).collect();
        let started = Instant::now();
        listener.app.cancel();
        for thread in waiting {
            let (status, at) = thread.join().unwrap();
            assert_eq!(status, UCWA_CANCELLED);
            assert!(at.saturating_duration_since(started) < GUARD);
        }
    });
    for failure in [
        listener.app.subscribe(&json!([SARA]).to_string()).unwrap_err(),
        listener.app.subscribe_group("Sales").unwrap_err(),
        listener.app.subscribe_lists().unwrap_err(),
        listener.app.change_subscription("x", "{}").unwrap_err(),
        listener.app.next_event(0).unwrap_err(),
        listener.app.descriptor().unwrap_err(),
        listener.app.on_event(Box::new(|_| {})).unwrap_err(),
    ] {
        assert_eq!(failure.status, UCWA_CANCELLED, "{failure:?}");
    }
    assert_eq!(listener.app.unsubscribe("x").unwrap_err().status, UCWA_CANCELLED);
}

#[test]
fn signing_out_is_the_end() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    simulator.clear_requests();
    listener.app.sign_out().unwrap();
    assert_eq!(listener.app.next_event(-1).unwrap_err().status, UCWA_CANCELLED);
    wait_until(&simulator, |simulator| simulator.pending_events() == 0);
    drop(listener);
    assert_eq!(simulator.count("applications"), 0, "nothing creates it anew");
}

#[test]
fn freeing_while_a_call_is_made_for_the_callback() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    app.on_event(Box::new(move |event| sender.lock().unwrap().send(event).unwrap_or_default())).unwrap();
    app.subscribe(&json!([SARA]).to_string()).unwrap();
    receiver.recv_timeout(LONGEST).unwrap();
    drop(app);
    assert!(receiver.recv().is_err());
}

#[test]
fn removing_a_callback_after_cancelling_waits_for_the_call() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let (begun, begins) = std::sync::mpsc::channel();
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let (begun, gone) = (Mutex::new(begun), Mutex::new(gone));
    app.on_event(Box::new(move |_| {
        begun.lock().unwrap().send(()).unwrap();
        gone.lock().unwrap().recv().unwrap();
    }))
    .unwrap();
    app.subscribe(&json!([SARA]).to_string()).unwrap();
    begins.recv_timeout(LONGEST).unwrap();
    app.cancel();
    std::thread::scope(|scope| {
        let removing = scope.spawn(|| app.no_callback().unwrap_err().status);
        // It cannot return before the callback may.
        assert!(begins.recv_timeout(Duration::from_millis(50)).is_err() && !removing.is_finished());
        go.send(()).unwrap();
        assert_eq!(removing.join().unwrap(), UCWA_CANCELLED);
    });
    assert!(begins.recv().is_err(), "the callback and its data are gone");
}
