//! Local work ends with the call, too.

use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn a_million() -> Server {
    let (body, _) = compressed(r#"{"_embedded":{"contact":["#, ITEMS, tiny, "]}}");
    Server::start(move |_, path, _| (path == "/contacts").then(|| Answer::gzip(&body)))
}

/// The time that this thread has worked.
fn worked() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes there.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn work_of<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = worked();
    let done = work();
    (done, worked() - before)
}

#[test]
fn a_timeout_ends_the_work_on_a_list() {
    let _alone = heap::alone();
    let server = a_million();
    let app = config(&server).with("timeout_ms", "600000").sign_in().unwrap();
    let (_, whole) = work_of(|| contacts(&app).unwrap());
    // At each of these points of the work the call ends, long before it is done.
    for part in [10, 5, 3, 2] {
        let limit = whole / part;
        app.set("timeout_ms", &limit.as_millis().max(1).to_string()).unwrap();
        let (outcome, took) = work_of(|| contacts(&app));
        assert_eq!(outcome.expect_err("in time").status, UCWA_TIMEOUT);
        // The clock goes on where the thread has to wait, so that it is the most that was worked.
        assert!(took < limit + whole / 4, "{took:?} of {whole:?}, with a limit of {limit:?}");
    }
}

#[test]
fn cancelling_ends_the_work_on_a_list() {
    let _alone = heap::alone();
    let server = a_million();
    let app = config(&server).with("timeout_ms", "600000").sign_in().unwrap();
    let (_, whole) = work_of(|| contacts(&app).unwrap());
    let ended = AtomicBool::new(false);
    let started = Instant::now();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| {
            let outcome = work_of(|| contacts(&app));
            ended.store(true, Ordering::SeqCst);
            outcome
        });
        std::thread::park_timeout(whole / 2);
        assert!(!ended.load(Ordering::SeqCst));
        app.cancel();
        let (outcome, took) = call.join().unwrap();
        assert_eq!(outcome.expect_err("cancelled").status, UCWA_CANCELLED);
        assert!(took < whole * 9 / 10, "{took:?} of {whole:?}");
    });
    assert!(started.elapsed() < Duration::from_secs(600));
}
