//! What a caller never notices: lost applications, lost connections, servers that are busy.

use crate::common::*;
use std::time::{Duration, Instant};
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

#[test]
fn an_application_that_is_gone_is_created_anew() {
    let simulator = simulator();
    for lose in [Simulator::delete_applications, Simulator::expire_applications] {
        let app = App::on(&simulator);
        app.presence(SARA).unwrap();
        lose(&simulator);
        simulator.clear_requests();
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
        assert_eq!(simulator.count("applications"), 1);
        assert_eq!(simulator.count("root"), 0, "the known address is used first");
        simulator.clear_requests();
        app.presence(SARA).unwrap();
        assert_eq!(routes(&simulator), ["GET contactPresence"]);
    }
}

#[test]
fn the_new_application_has_the_same_identity() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let before = app.application().unwrap();
    simulator.delete_applications();
    app.presence(SARA).unwrap();
    let after = app.application().unwrap();
    for name in ["endpointId", "culture", "userAgent"] {
        assert_eq!(before[name], after[name]);
    }
}

#[test]
fn one_new_application_serves_all_threads() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.delete_applications();
    simulator.clear_requests();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis"));
        }
    });
    assert_eq!(simulator.count("applications"), 1);
}

#[test]
fn not_found_does_not_always_mean_that_the_application_is() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.clear_requests();
    let body = r#"{"code":"NotFound","subcode":"ApplicationNotFound","message":"of something else"}"#;
    simulator.fault(Fault::on("contactPresence").status(404).body(body).forever());
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!((failure.status, &failure.json["subcode"]), (UCWA_NOT_FOUND, &"ApplicationNotFound".into()));
    assert!(simulator.count("application") >= 1, "the application itself was asked for");
    assert_eq!(simulator.count("applications"), 0, "and not created anew");
}

#[test]
fn some_ends_are_final() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for subcode in ["TooManyApplications", "UserAgentNotAllowed", "CannotRedirect"] {
        simulator.clear_requests();
        simulator.fault(Fault::on("myGroups").status(410).body(format!(r#"{{"code":"Gone","subcode":"{subcode}"}}"#)));
        let failure = app.groups().unwrap_err();
        assert_eq!((failure.status, failure.json["subcode"].as_str()), (UCWA_NOT_FOUND, Some(subcode)));
        assert_eq!(routes(&simulator), ["GET myGroups"]);
    }
}

#[test]
fn an_application_that_cannot_stay_is_created_once_per_call() {
    let simulator = simulator();
    let app = App::on(&simulator);
    simulator.fault(Fault::on("myGroups").status(410).body(r#"{"code":"Gone","subcode":"InactiveApplicationExpired"}"#).forever());
    assert_eq!(app.groups().unwrap_err().status, UCWA_NOT_FOUND);
    assert_eq!((simulator.count("applications"), simulator.count("myGroups")), (1, 2));
}

#[test]
fn the_home_pool_moves() {
    let simulator = simulator();
    let app = Config::by_name(&simulator).sign_in().unwrap();
    app.presence(SARA).unwrap();
    simulator.move_applications_host(Some("pool2.contoso.com"));
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    let href = app.application().unwrap()["href"].as_str().unwrap().to_owned();
    simulator.clear_requests();
    // The old pool is gone for good now.
    simulator.move_applications_host(Some("pool1.contoso.com"));
    simulator.fault(Fault::on("applications").host("pool2").status(403).forever());
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    let moved = app.application().unwrap()["href"].as_str().unwrap().to_owned();
    assert!(moved.contains("pool1.contoso.com"), "from {href} to {moved}: {:?}", routes(&simulator));
}

#[test]
fn lost_connections_are_made_anew() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    let faults = [
        Fault::on("contactPresence").drop(),
        Fault::on("contactPresence").reset(),
        Fault::on("contactPresence").truncate(10),
        Fault::on("contactPresence").close_after(),
        Fault::on("contactPresence").answer_then_reset(0),
    ];
    for fault in faults {
        let kind = format!("{fault:?}");
        simulator.fault(fault);
        for _ in 0..3 {
            assert_eq!(app.presence(SARA).unwrap_or_else(|failure| panic!("{kind}: {failure:?}"))["name"], "Sara Davis");
        }
    }
}

#[test]
fn a_server_that_stays_away() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").drop().forever());
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_NETWORK, "{}", failure.message);
    assert!(failure.request().starts_with("GET https://localhost") && failure.message.contains(failure.request()), "{failure:?}");
    assert_eq!(simulator.count("contactPresence"), 4, "once and three repetitions");

    app.set("max_retries", "0").unwrap();
    simulator.clear_requests();
    app.presence(SARA).unwrap_err();
    assert_eq!(simulator.count("contactPresence"), 1);
}

#[test]
fn busy_servers_are_asked_again() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    for status in [429, 502, 503, 504] {
        simulator.clear_requests();
        simulator.fault(Fault::on("contactPresence").status(status).times(2));
        app.presence(SARA).unwrap();
        assert_eq!(simulator.count("contactPresence"), 3, "{status}");
    }
    simulator.fault(Fault::on("contactPresence").status(429).header("Retry-After", "2"));
    let started = Instant::now();
    app.presence(SARA).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(20), "two seconds, a hundred times as fast");
    for (status, code) in [(429, UCWA_THROTTLED), (503, UCWA_SERVER_ERROR), (504, UCWA_TIMEOUT), (500, UCWA_SERVER_ERROR)] {
        simulator.fault(Fault::on("contactPresence").status(status).times(4));
        let failure = app.presence(SARA).unwrap_err();
        assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (code, Some(u64::from(status))), "{}", failure.message);
        simulator.clear_faults();
    }
}

#[test]
fn a_wait_beyond_the_deadline_is_not_begun() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.fault(Fault::on("contactPresence").status(503).header("Retry-After", "86400"));
    // A wait would end with the call's time, and that is another failure.
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!((failure.status, failure.json["retryAfterMs"].as_u64()), (UCWA_THROTTLED, Some(86_400_000)), "{}", failure.message);
}

#[test]
fn a_silent_server_costs_the_timeout_and_no_more() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    app.set("timeout_ms", "200").unwrap();
    simulator.fault(Fault::on("contactPresence").hang().forever());
    let started = Instant::now();
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_TIMEOUT, "{}", failure.message);
    assert!(failure.message.contains("200 ms") && failure.request().contains("presence"), "{failure:?}");
    assert!((Duration::from_millis(150)..GUARD).contains(&started.elapsed()));
}

#[test]
fn cancelling_wakes_every_thread() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    app.set("timeout_ms", "3600000").unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").hang().forever());
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| (app.presence(SARA).unwrap_err().status, Instant::now()))).collect();
        while simulator.count("contactPresence") < 4 {
            std::thread::yield_now();
        }
        let started = Instant::now();
        app.cancel();
        for thread in waiting {
            let (status, ended) = thread.join().unwrap();
            assert_eq!(status, UCWA_CANCELLED);
            assert!(ended.duration_since(started) < GUARD);
        }
    });
    assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_CANCELLED);
    assert_eq!(app.groups().unwrap_err().status, UCWA_CANCELLED);
    assert_eq!(app.application().unwrap_err().status, UCWA_CANCELLED);
    assert_eq!(app.sign_out().unwrap_err().status, UCWA_CANCELLED);
}

#[test]
fn signing_out_deletes_and_ends() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.sign_out().unwrap();
    assert_eq!(routes(&simulator), ["DELETE application"]);
    assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_CANCELLED);
    assert_eq!(routes(&simulator).len(), 1, "nothing brings it back");

    let app = App::on(&simulator);
    simulator.delete_applications();
    app.sign_out().unwrap();

    let app = App::on(&simulator);
    simulator.fault(Fault::on("application").method("DELETE").status(500));
    assert_eq!(app.sign_out().unwrap_err().status, UCWA_SERVER_ERROR);
    app.presence(SARA).unwrap();
    app.sign_out().unwrap();
}

#[test]
fn releasing_leaves_the_application_on_the_server() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let href = app.application().unwrap()["href"].as_str().unwrap().to_owned();
    drop(app);
    assert_eq!(simulator.count("application"), 0);
    let again = Config::of(&simulator).without("discovery_url").with("application_url", &href).sign_in().unwrap();
    assert_eq!(again.presence(SARA).unwrap()["name"], "Sara Davis");
}
