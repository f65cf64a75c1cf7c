//! How events are taken: pulled, pushed, or when a descriptor says so.

use crate::*;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;
use ucwa::ffi::*;

#[test]
fn none_came() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    assert_eq!(listener.app.next_event(0).unwrap_err().status, UCWA_TIMEOUT);
    let started = Instant::now();
    let failure = listener.app.next_event(50).unwrap_err();
    assert!(failure.status == UCWA_TIMEOUT && failure.message.contains("50 ms"), "{failure:?}");
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[test]
fn pushed() {
    let simulator = simulator();
    let app = Arc::new(App::on(&simulator));
    let (sender, receiver) = mpsc::channel();
    let (own, sender) = (Arc::clone(&app), Mutex::new(sender));
    // What the callback holds is released with it, the application's handle first.
    let inside = Mutex::new(Some(own));
    app.on_event(Box::new(move |event| {
        let app = inside.lock().unwrap().clone();
        // A callback may read from the server.
        let read = app.map(|app| app.presence(SARA).unwrap()["availability"].clone());
        if event["event"] == "presence" {
            inside.lock().unwrap().take();
        }
        sender.lock().unwrap().send((event, read)).unwrap();
    }))
    .unwrap();
    app.subscribe(&json!([SARA, MANISH]).to_string()).unwrap();
    let (first, read) = receiver.recv_timeout(LONGEST).unwrap();
    assert!(first["event"] == "presence" && read == Some(json!("Offline")), "{first} {read:?}");
    assert_eq!(receiver.recv_timeout(LONGEST).unwrap().0["event"], "presence");
    assert_eq!(app.next_event(0).unwrap_err().status, UCWA_CONFLICT);
    assert_eq!(app.descriptor().unwrap_err().status, UCWA_CONFLICT);

    app.no_callback().unwrap();
    assert!(receiver.recv().is_err(), "the callback and its data are gone");
    set(&simulator, SARA, "Busy");
    assert_eq!(app.next_event(60_000).unwrap()["presence"]["availability"], "Busy");
}

#[test]
fn a_callback_that_removes_itself() {
    let simulator = simulator();
    let app = Arc::new(App::on(&simulator));
    let (sender, receiver) = mpsc::channel();
    let (weak, sender) = (Arc::downgrade(&app), Mutex::new(sender));
    app.on_event(Box::new(move |_| {
        weak.upgrade().unwrap().no_callback().unwrap();
        sender.lock().unwrap().send(()).unwrap();
    }))
    .unwrap();
    app.subscribe(&json!([SARA, MANISH]).to_string()).unwrap();
    receiver.recv_timeout(LONGEST).unwrap();
    assert_eq!(app.next_event(60_000).unwrap()["event"], "presence", "the second one waits");
    assert!(receiver.recv().is_err());
}

#[test]
fn who_waits_is_not_passed_by() {
    let simulator = simulator();
    let app = App::on(&simulator);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| app.next_event(-1));
        // Whether the thread waits already cannot be seen from here: the conflict comes when it does.
        while app.on_event(Box::new(|_| {})).is_ok() {
            app.no_callback().unwrap();
            if waiting.is_finished() {
                break;
            }
        }
        app.cancel();
        let failure = waiting.join().unwrap().unwrap_err();
        assert!([UCWA_CANCELLED, UCWA_CONFLICT].contains(&failure.status), "{failure:?}");
    });
}

#[test]
fn each_event_goes_to_one() {
    let simulator = fast(Simulator::builder().contacts(100));
    let app = App::on(&simulator);
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    let total = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while app.next_event(-1).is_ok() {
                    total.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            });
        }
        app.subscribe(&json!(uris).to_string()).unwrap();
        while total.load(std::sync::atomic::Ordering::SeqCst) < uris.len() {
            std::thread::yield_now();
        }
        app.cancel();
    });
    assert_eq!(total.into_inner(), uris.len());
}

#[cfg(unix)]
#[test]
fn a_descriptor_for_poll() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let descriptor = listener.app.descriptor().unwrap();
    assert_eq!(listener.app.descriptor().unwrap(), descriptor);
    let readable = |timeout_ms: i32| {
        let mut watched = libc::pollfd { fd: i32::try_from(descriptor).unwrap(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry, which outlives the call.
        unsafe { libc::poll(&mut watched, 1, timeout_ms) == 1 }
    };
    assert!(!readable(0));
    listener.app.subscribe(&json!([SARA, MANISH]).to_string()).unwrap();
    let read_away = || {
        let mut byte = 0_u8;
        // SAFETY: there is room for the one byte.
        let read = unsafe { libc::read(i32::try_from(descriptor).unwrap(), (&raw mut byte).cast(), 1) };
        assert_eq!(read, 1, "who reads it spoils nothing");
    };
    for _ in 0..2 {
        assert!(readable(60_000));
        assert_eq!(listener.app.next_event(0).unwrap()["event"], "presence");
    }
    assert!(!readable(0));
    for availability in ["Away", "Offline"] {
        for contact in [SARA, MANISH] {
            set(&simulator, contact, availability);
        }
        while listener.app.health().unwrap()["waitingEvents"] != 2 {
            std::thread::yield_now();
        }
        read_away();
        assert!(!readable(0));
        listener.app.next_event(0).unwrap();
        assert!(readable(0), "the other event still waits");
        listener.app.next_event(0).unwrap();
        assert!(!readable(0));
    }
    set(&simulator, SARA, "BeRightBack");
    assert!(readable(60_000));
    read_away();
    set(&simulator, MANISH, "BeRightBack");
    assert!(readable(60_000), "the next event puts it back");
    while listener.app.next_event(0).is_ok() {}
    assert!(!readable(0));
    assert_eq!(listener.app.on_event(Box::new(|_| {})).unwrap_err().status, UCWA_CONFLICT);
    set(&simulator, SARA, "Busy");
    assert!(readable(60_000));
    listener.app.next_event(0).unwrap();
    listener.app.cancel();
    assert!(readable(60_000), "a poll loop wakes when it is over");
    assert_eq!(listener.app.next_event(0).unwrap_err().status, UCWA_CANCELLED);
}

#[cfg(unix)]
#[test]
fn who_reads_from_the_descriptor_misses_nothing() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let descriptor = i32::try_from(listener.app.descriptor().unwrap()).unwrap();
    let readable = |timeout_ms: i32| {
        let mut watched = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry, which outlives the call.
        unsafe { libc::poll(&mut watched, 1, timeout_ms) == 1 }
    };
    listener.app.subscribe(&json!([SARA, MANISH, "sip:DanaB@contoso.com"]).to_string()).unwrap();
    // One event for each time that it is readable, as a loop does that reads a byte for an event.
    for _ in 0..3 {
        assert!(readable(60_000));
        // SAFETY: there is room for what is read.
        unsafe { libc::read(descriptor, [0_u8; 64].as_mut_ptr().cast(), 64) };
        assert_eq!(listener.app.next_event(60_000).unwrap()["event"], "presence");
    }
    assert!(!readable(0));
}

#[cfg(unix)]
#[test]
fn the_callback_has_the_signal_mask_of_the_host() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    app.on_event(Box::new(move |_| {
        let mut mask = std::mem::MaybeUninit::uninit();
        // SAFETY: the mask is only asked for, and written before it is looked at.
        let blocked = unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            libc::sigismember(mask.as_ptr(), libc::SIGPIPE)
        };
        sender.lock().unwrap().send(blocked).unwrap();
    }))
    .unwrap();
    app.subscribe(&json!([SARA]).to_string()).unwrap();
    assert_eq!(receiver.recv_timeout(LONGEST).unwrap(), 0);
}

#[test]
fn a_callback_is_removed_after_all_is_over() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let (sender, receiver) = mpsc::channel::<()>();
    let sender = Mutex::new(sender);
    app.on_event(Box::new(move |_| sender.lock().unwrap().send(()).unwrap())).unwrap();
    app.cancel();
    assert_eq!(app.on_event(Box::new(|_| {})).unwrap_err().status, UCWA_CANCELLED);
    assert_eq!(app.no_callback().unwrap_err().status, UCWA_CANCELLED);
    assert!(receiver.recv().is_err(), "what belongs to it is gone");
}

#[test]
fn a_slow_reader_is_told_that_it_lagged() {
    let simulator = fast(Simulator::builder().contacts(1_500));
    let listener = Listener::on(&simulator);
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    // Of this one nothing changes: what the first subscription is told at once is all that it ever gets.
    let steady = uris.pop().unwrap();
    let first = listener.app.subscribe(&json!([steady]).to_string()).unwrap()["id"].clone();
    while listener.app.health().unwrap()["waitingEvents"] != 1 {
        std::thread::yield_now();
    }
    listener.app.subscribe(&json!([steady]).to_string()).unwrap();
    listener.app.subscribe(&json!(uris).to_string()).unwrap();
    const ROUNDS: [&str; 8] = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"];
    for availability in ROUNDS {
        simulator.clear_requests();
        simulator.edit(|directory| {
            for uri in &uris {
                directory.person_mut(uri).unwrap().presence.availability = Some(availability.into());
            }
        });
        // All of it is read before the next change.
        wait_until(&simulator, |simulator| simulator.count_batched("contactPresence") + simulator.count("contactPresence") >= uris.len());
    }
    let mut latest = std::collections::HashMap::new();
    let (mut lagged, mut told_of_the_steady) = (false, false);
    while latest.values().filter(|state| *state == ROUNDS[7]).count() < uris.len() {
        let event = listener.next();
        lagged |= event["event"] == "lagged" && event["dropped"].as_u64().unwrap() > 0;
        if event["uri"] == *steady {
            told_of_the_steady |= event["subscriptions"] == json!([first]);
        } else if event["event"] == "presence" {
            latest.insert(event["uri"].as_str().unwrap().to_owned(), event["presence"]["availability"].as_str().unwrap().to_owned());
        }
        assert!(listener.app.health().unwrap()["waitingEvents"].as_u64().unwrap() <= 4_096);
    }
    assert!(lagged && told_of_the_steady);
}

#[test]
fn what_the_library_has_no_name_for() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    assert!(listener.app.next_event(0).is_err());
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    listener.app.make_me_available(Some(r#"{"signInAs":"Busy"}"#)).unwrap();
    let told = listener.until(|event| event["rel"] == "presence");
    let event = told.last().unwrap();
    assert_eq!((&event["event"], &event["rel"]), (&json!("resource"), &json!("presence")));
    let read = listener.app.request("GET", event["href"].as_str().unwrap(), None).unwrap();
    assert_eq!(read["body"]["availability"], "Busy");
}

#[test]
fn how_it_fares() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let health = listener.app.health().unwrap();
    assert_eq!((&health["connection"], &health["subscriptions"], &health["applications"]), (&json!("none"), &json!(0), &json!(1)));
    assert!(health["tokenExpiresUnixMs"].as_i64().unwrap() > 0 && health["lastEvent"].is_null());
    listener.subscribed_to(&[SARA, MANISH]);
    set(&simulator, SARA, "Busy");
    listener.until_presence(SARA, "Busy");
    let health = listener.app.health().unwrap();
    assert_eq!((&health["connection"], &health["subscriptions"], &health["contacts"]), (&json!("connected"), &json!(1), &json!(2)));
    assert_eq!(
        (&health["serverSubscriptions"], &health["subscribedContacts"], &health["waitingEvents"]),
        (&json!(1), &json!(2), &json!(0))
    );
    assert!(health["lastEvent"].as_str().unwrap().ends_with('Z') && health["requests"].as_u64().unwrap() > 5);
    listener.app.cancel();
    assert_eq!(listener.app.health().unwrap_err().status, UCWA_CANCELLED);
}
