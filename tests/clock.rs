//! What happens as time goes by. The library's clock is one for the process, so these tests run one after the other.

mod common;

use common::*;
use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Person, Simulator};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone(speed: u32) -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    ucwa::test_clock::set_speed(speed);
    guard
}

/// Both clocks, the library's and the server's.
fn pass(simulator: &Simulator, time: Duration) {
    ucwa::test_clock::advance(time);
    simulator.advance(time);
}

#[test]
fn an_unknown_contact_is_forgotten_after_a_minute() {
    let _alone = alone(100);
    let simulator = Simulator::start().unwrap();
    let app = App::on(&simulator);
    assert_eq!(app.presence("new@contoso.com").unwrap_err().status, UCWA_NOT_FOUND);
    simulator.edit(|directory| directory.add_person(Person::new("sip:new@contoso.com", "New")));
    pass(&simulator, Duration::from_secs(59));
    assert_eq!(app.presence("new@contoso.com").unwrap_err().status, UCWA_NOT_FOUND);
    pass(&simulator, Duration::from_secs(1));
    simulator.clear_requests();
    assert_eq!(app.presence("new@contoso.com").unwrap()["name"], "New");
    assert!(simulator.count("myContacts") == 1, "the lists are read anew, too");
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    let _alone = alone(100);
    let simulator = Simulator::start().unwrap();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    pass(&simulator, Duration::from_secs(8 * 3600 - 302));
    simulator.clear_requests();
    app.presence(SARA).unwrap();
    assert_eq!(routes(&simulator), ["GET contactPresence"], "not earlier than needed");
    pass(&simulator, Duration::from_secs(2));
    simulator.clear_requests();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| app.presence(SARA).unwrap());
        }
    });
    assert_eq!((simulator.count("token"), simulator.count("contactPresence")), (1, 16), "no request was refused, one renewal served all");
}

#[test]
fn an_early_renewal_may_fail_while_the_token_holds() {
    let _alone = alone(100);
    let simulator = Simulator::start().unwrap();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    pass(&simulator, Duration::from_secs(8 * 3600 - 200));
    simulator.clear_requests();
    simulator.fault(Fault::on("token").status(500).forever());
    app.presence(SARA).unwrap();
    app.presence(SARA).unwrap();
    assert_eq!(simulator.count("token"), 1, "the renewal is left alone for a while");
    pass(&simulator, Duration::from_secs(31));
    app.presence(SARA).unwrap();
    assert_eq!(simulator.count("token"), 2);
    simulator.clear_faults();
    pass(&simulator, Duration::from_secs(31));
    app.presence(SARA).unwrap();
    pass(&simulator, Duration::from_secs(400));
    app.presence(SARA).unwrap();
    assert_eq!(simulator.count("token"), 3);
}

#[test]
fn a_refusal_ends_early_renewal_only_with_the_token() {
    let _alone = alone(100);
    let simulator = Simulator::start().unwrap();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.set_password("changed");
    pass(&simulator, Duration::from_secs(8 * 3600 - 200));
    simulator.clear_requests();
    app.presence(SARA).unwrap();
    pass(&simulator, Duration::from_secs(40));
    app.presence(SARA).unwrap();
    assert_eq!(simulator.count("token"), 1, "the refused password is not sent again");
    pass(&simulator, Duration::from_secs(200));
    assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_AUTHENTICATION_FAILED);
    assert_eq!(simulator.count("token"), 1);
}

#[test]
fn a_week_of_one_read_an_hour() {
    let _alone = alone(100);
    let simulator = Simulator::builder().application_lifetime(Some(Duration::from_secs(15 * 60))).start().unwrap();
    let app = App::on(&simulator);
    for _ in 0..7 * 24 {
        pass(&simulator, Duration::from_secs(3600));
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    }
    assert!(simulator.count("token") <= 7 * 4, "{}", simulator.count("token"));
    assert_eq!(simulator.count("applications"), 7 * 24, "the application expires after a quarter of an hour each time");
}

#[test]
fn activity_is_reported_every_four_minutes_where_it_is_asked_for() {
    // Four minutes are a fifth of a second.
    let _alone = alone(1200);
    let simulator = Simulator::start().unwrap();
    let reported = |least: usize| {
        while simulator.count("reportMyActivity") < least {
            std::thread::yield_now();
        }
    };
    let app = App::on(&simulator);
    let started = Instant::now();
    app.make_me_available(Some(r#"{"keepActive":true,"supportedModalities":["Messaging"]}"#)).unwrap();
    let asked = simulator.requests().into_iter().find(|request| request.route == "makeMeAvailable").unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.body), r#"{"supportedModalities":["Messaging"]}"#, "keepActive is the library's own");
    reported(3);
    assert!(started.elapsed() >= Duration::from_millis(600), "{:?}", started.elapsed());
    // A failure does not end it, and a new application is made available first.
    simulator.fault(Fault::on("reportMyActivity").status(500));
    simulator.delete_applications();
    reported(6);
    assert_eq!(simulator.count("makeMeAvailable"), 2);
    app.sign_out().unwrap();
    let before = simulator.requests().len();
    drop(app);
    assert_eq!(simulator.requests().len(), before, "nothing is reported any more, and freeing does not wait");

    let app = App::on(&simulator);
    app.make_me_available(Some(r#"{"keepActive":false}"#)).unwrap();
    app.set_mine("note", Some("here")).unwrap();
    assert_eq!(simulator.count("reportMyActivity"), 0);
}

#[test]
fn the_internal_name_is_preferred() {
    let _alone = alone(1);
    let simulator = Simulator::start().unwrap();
    let address = simulator.https_address();
    let config = Config::of(&simulator).without("discovery_url");
    let config = config.with("resolve", &format!("lyncdiscoverinternal.contoso.com={address},lyncdiscover.contoso.com={address}"));
    config.sign_in().unwrap();
    let asked = simulator.requests();
    assert!(
        asked.iter().filter(|request| request.route != "root").all(|request| request.host.starts_with("lyncdiscoverinternal")),
        "{asked:?}"
    );
    assert!(asked.iter().all(|request| request.tls), "nothing goes over plain http where https answers");
}

#[test]
fn a_firewall_costs_at_most_two_seconds() {
    let _alone = alone(1);
    let simulator = Simulator::start().unwrap();
    // It takes the connection and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (silent_address, https) = (silent.local_addr().unwrap(), simulator.https_address());
    let config = Config::of(&simulator).without("discovery_url");
    let config = config.with("resolve", &format!("lyncdiscoverinternal.contoso.com={silent_address},lyncdiscover.contoso.com={https}"));
    let started = Instant::now();
    config.sign_in().unwrap();
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(900), "the internal name is preferred for a second");
    assert!(took < GUARD, "{took:?}");
    // The next ones do not knock there.
    silent.set_nonblocking(true).unwrap();
    let knocks = || std::iter::from_fn(|| silent.accept().ok()).count();
    assert!(knocks() > 0);
    for _ in 0..3 {
        config.sign_in().unwrap();
    }
    assert_eq!(knocks(), 0);
    // After a minute one of them tries.
    ucwa::test_clock::advance(Duration::from_secs(61));
    for _ in 0..3 {
        config.sign_in().unwrap();
    }
    assert!(knocks() > 0);
}

#[test]
fn retry_after_is_waited_out() {
    let _alone = alone(10);
    let simulator = Simulator::start().unwrap();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.fault(Fault::on("contactPresence").status(503).header("Retry-After", "1"));
    let started = Instant::now();
    app.presence(SARA).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(100), "a second, ten times as fast");
    let date = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(7200));
    simulator.fault(Fault::on("contactPresence").status(429).header("Retry-After", &date));
    app.set("timeout_ms", "3000").unwrap();
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_THROTTLED);
    assert!((7_190_000..=7_200_000).contains(&failure.json["retryAfterMs"].as_u64().unwrap()), "{failure:?}");
}

#[test]
fn that_batches_do_not_work_is_remembered_for_ten_minutes() {
    let _alone = alone(100);
    let simulator = Simulator::builder().contacts(20).start().unwrap();
    let app = App::on(&simulator);
    let contacts = app.contacts().unwrap();
    let uris: Vec<&str> = contacts["contacts"].as_array().unwrap()[..20].iter().map(|contact| contact["uri"].as_str().unwrap()).collect();
    simulator.fault(Fault::on("batch").status(500).times(2));
    for (later, batches, singles) in [(0, 1, 20), (60, 0, 20), (538, 0, 20), (3, 1, 20), (601, 1, 0), (1, 1, 0)] {
        ucwa::test_clock::advance(Duration::from_secs(later));
        simulator.clear_requests();
        let presences = app.presences_of(&uris).unwrap();
        assert!(presences.iter().all(|presence| presence["availability"].is_string()), "{presences:?}");
        assert_eq!((simulator.count("batch"), simulator.count("contactPresence")), (batches, singles), "{later} s later");
    }
    // Another application may be at another server.
    simulator.fault(Fault::on("batch").status(500));
    app.presences_of(&uris).unwrap();
    simulator.delete_applications();
    app.presences_of(&uris).unwrap();
    simulator.clear_requests();
    app.presences_of(&uris).unwrap();
    assert_eq!((simulator.count("batch"), simulator.count("contactPresence")), (1, 0));
}
