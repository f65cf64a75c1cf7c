//! What a caller never has to deal with: whatever happens, the present state is told in the end, and the id stays good.

use crate::*;
use std::time::Instant;
use ucwa_simulator::Fault;

/// Subscribed to two contacts, with the channel waiting.
fn listening(simulator: &Simulator) -> (Listener, String) {
    let listener = Listener::on(simulator);
    let id = listener.subscribed_to(&[SARA, MANISH]);
    wait_until(simulator, |simulator| simulator.pending_events() == 1);
    (listener, id)
}

/// Time passes while the channel waits and nothing else is under way: neither has been idle for too long then.
fn pass_by(simulator: &Simulator, time: Duration) {
    wait_until(simulator, |simulator| simulator.pending_events() == 1 && simulator.outstanding() == 1);
    pass(simulator, time);
}

/// The change comes through, once, with the same id.
fn goes_on(simulator: &Simulator, listener: &Listener, id: &str) {
    for availability in ["Busy", "Online"] {
        set(simulator, SARA, availability);
        let told = listener.until(|event| is_presence(event, SARA) && event["presence"]["availability"] == availability);
        assert_eq!(told.last().unwrap()["subscriptions"], json!([id]));
        assert_eq!(told.iter().filter(|event| event["event"] == "presence").count(), 1, "{told:?}");
    }
}

#[test]
fn a_network_that_is_gone_for_a_while() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.offline(true);
    let interrupted = listener.next();
    assert_eq!((&interrupted["event"], &interrupted["state"]), (&json!("connection"), &json!("interrupted")));
    assert!(interrupted["error"]["message"].is_string());
    assert_eq!(listener.app.health().unwrap()["connection"], "interrupted");
    set(&simulator, SARA, "Away");
    simulator.offline(false);
    // Either may be first.
    let told = [listener.next(), listener.next()];
    assert!(told.iter().any(|event| event["event"] == "connection" && event["state"] == "restored"), "{told:?}");
    assert!(told.iter().any(|event| is_presence(event, SARA) && event["presence"]["availability"] == "Away"), "{told:?}");
    assert_eq!(listener.app.health().unwrap()["connection"], "connected");
    goes_on(&simulator, &listener, &id);
}

#[test]
fn a_server_that_restarts() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.restart();
    set(&simulator, MANISH, "Away");
    assert_eq!(listener.until_presence(MANISH, "Away"), 1);
    goes_on(&simulator, &listener, &id);
    assert!(simulator.count("applications") >= 1);
}

#[test]
fn applications_that_end() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    for end in [Simulator::delete_applications, Simulator::expire_applications] {
        end(&simulator);
        goes_on(&simulator, &listener, &id);
    }
}

#[test]
fn an_application_that_is_gone_without_saying_what_is_gone() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    let own = listener.app.application().unwrap()["href"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    simulator.fault(Fault::any().path(&own).respond(404, "").forever());
    simulator.delete_applications();
    goes_on(&simulator, &listener, &id);
}

#[test]
fn another_thread_creates_the_application_anew() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    // The channel is not told that its application is gone, and the next call is.
    simulator.fault(Fault::on("events").hang());
    simulator.cut_events();
    wait_until(&simulator, |simulator| simulator.count("application") >= 1);
    simulator.delete_applications();
    listener.app.presence(SARA).unwrap();
    goes_on(&simulator, &listener, &id);
}

#[test]
fn subscriptions_that_vanish() {
    let _alone = alone();
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.expire_subscriptions();
    goes_on(&simulator, &listener, &id);
    // Without a word this time: it shows when they are extended, after twenty minutes.
    simulator.end_subscriptions();
    set(&simulator, SARA, "DoNotDisturb");
    pass_by(&simulator, Duration::from_secs(20 * 60));
    assert_eq!(listener.until_presence(SARA, "DoNotDisturb"), 1);
    goes_on(&simulator, &listener, &id);
}

#[test]
fn subscriptions_outlive_their_time() {
    let _alone = alone();
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.clear_requests();
    for extended in 1..=3 {
        pass_by(&simulator, Duration::from_secs(20 * 60));
        wait_until(&simulator, |simulator| simulator.count("presenceSubscription") >= extended);
    }
    assert_eq!(simulator.count("presenceSubscriptions"), 0, "extended, not made anew");
    goes_on(&simulator, &listener, &id);
}

#[test]
fn cut_connections_are_nothing_to_speak_of() {
    let _alone = alone();
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    for _ in 0..5 {
        // As proxies do that let no request take longer than a minute.
        pass(&simulator, Duration::from_secs(60));
        simulator.cut_events();
        wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    }
    set(&simulator, SARA, "Busy");
    let told = listener.until(|event| event["event"] == "presence");
    assert_eq!(told.len(), 1, "nobody was told of it: {told:?}");
    set(&simulator, SARA, "Online");
    listener.until_presence(SARA, "Online");
    goes_on(&simulator, &listener, &id);
}

#[test]
fn a_channel_that_stays_away_is_told() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.fault(Fault::on("events").status(503).times(4));
    simulator.cut_events();
    assert_eq!(listener.next()["state"], "interrupted");
    assert_eq!(listener.event("connection")["state"], "restored");
    goes_on(&simulator, &listener, &id);
}

#[test]
fn answers_that_make_no_sense() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    for fault in [
        Fault::on("events").html_page(200),
        Fault::on("events").respond(200, "{}"),
        Fault::on("events").truncate(5),
        Fault::on("events").status(401),
        Fault::on("events").status(429).header("Retry-After", "1"),
        Fault::on("events").drop(),
    ] {
        let kind = format!("{fault:?}");
        simulator.fault(fault);
        simulator.cut_events();
        set(&simulator, SARA, "Away");
        assert_eq!(listener.until_presence(SARA, "Away"), 1, "{kind}");
        goes_on(&simulator, &listener, &id);
    }
}

#[test]
fn a_connection_that_falls_silent() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.fault(Fault::on("events").hang());
    let started = Instant::now();
    simulator.cut_events();
    set(&simulator, SARA, "Away");
    assert_eq!(listener.until_presence(SARA, "Away"), 1);
    assert!(started.elapsed() > Duration::from_secs(2), "210 seconds, at a hundred times the speed");
    goes_on(&simulator, &listener, &id);
}

#[test]
fn tokens_that_are_no_longer_good() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.expire_tokens();
    goes_on(&simulator, &listener, &id);
}

#[test]
fn the_home_pool_moves() {
    ucwa::test_clock::run_at(SPEED);
    let simulator = simulator();
    let listener = Listener { app: Config::by_name(&simulator).sign_in().unwrap() };
    let id = listener.subscribed_to(&[SARA]);
    simulator.move_applications_host(Some("pool2.contoso.com"));
    set(&simulator, SARA, "Away");
    listener.until_presence(SARA, "Away");
    assert!(listener.app.application().unwrap()["href"].as_str().unwrap().contains("pool2"));
    goes_on(&simulator, &listener, &id);
}

#[test]
fn a_channel_that_was_idle_for_too_long_is_resumed() {
    let simulator = simulator();
    // Shorter than a GET is pending without events: the server resumes whenever one was cut and stayed away for a while.
    simulator.resume_after(Some(Duration::from_secs(20)));
    let (listener, id) = listening(&simulator);
    simulator.offline(true);
    assert_eq!(listener.next()["state"], "interrupted");
    simulator.advance(Duration::from_secs(60));
    set(&simulator, SARA, "Away");
    simulator.offline(false);
    assert_eq!(listener.until_presence(SARA, "Away"), 1);
    goes_on(&simulator, &listener, &id);
}

#[test]
fn two_who_listen_to_one_application() {
    let simulator = simulator();
    let config = Config::of(&simulator).with("endpoint_id", "the-same");
    let one = Listener { app: config.sign_in().unwrap() };
    one.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    let other = Listener { app: config.sign_in().unwrap() };
    other.app.subscribe(&json!([MANISH]).to_string()).unwrap();
    let stopped = one.event("connection");
    assert_eq!((&stopped["state"], &stopped["error"]["status"]), (&json!("stopped"), &json!("UCWA_CONFLICT")));
    assert!(stopped["error"]["message"].as_str().unwrap().contains("endpoint_id"), "{stopped}");
    // To wait for events is not to fight for them.
    assert!(one.app.next_event(50).is_err() && one.app.descriptor().is_ok());
    assert_eq!(one.app.health().unwrap()["connection"], "stopped");
    other.until_presence(MANISH, "Busy");
    assert!(other.has_nothing());
}

#[test]
fn side_by_side_in_one_process() {
    let simulator = simulator();
    let listeners: Vec<(Listener, String)> = (0..4)
        .map(|_| {
            let listener = Listener::on(&simulator);
            let id = listener.subscribed_to(&[SARA]);
            (listener, id)
        })
        .collect();
    set(&simulator, SARA, "Busy");
    for (listener, id) in &listeners {
        assert_eq!(listener.event("presence")["subscriptions"], json!([id]));
    }
}

#[test]
fn a_channel_whose_address_is_no_longer_good_begins_anew() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    goes_on(&simulator, &listener, &id);
    // Not what began the channel, but what it went on to.
    simulator.fault(Fault::on("events").path("key=").status(404).forever());
    simulator.cut_events();
    wait_until(&simulator, |simulator| simulator.count("events") >= 5);
    simulator.clear_faults();
    set(&simulator, SARA, "Away");
    listener.until_presence(SARA, "Away");
}

#[test]
fn a_server_that_wants_no_such_application_is_left_alone() {
    let simulator = simulator();
    let (listener, _) = listening(&simulator);
    let body = r#"{"code":"Gone","subcode":"TooManyApplications","message":"There are too many."}"#;
    simulator.fault(Fault::on("applications").status(410).body(body).forever());
    simulator.restart();
    let stopped = listener.until(|event| event["state"] == "stopped").pop().unwrap();
    assert_eq!(stopped["error"]["subcode"], "TooManyApplications");
    let asked = simulator.count("applications");
    pass(&simulator, Duration::from_secs(3_600));
    assert_eq!(listener.app.health().unwrap()["connection"], "stopped");
    assert_eq!(simulator.count("applications"), asked, "nothing is tried behind the caller's back");
    // Whoever asks for more has it tried again.
    simulator.clear_faults();
    listener.app.subscribe(&json!([MANISH]).to_string()).unwrap();
    set(&simulator, SARA, "Away");
    listener.until_presence(SARA, "Away");
}

#[test]
fn subscriptions_that_cannot_be_kept_up_hold_nothing_up() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    let other = listener.subscribed_to(&["sip:DanaB@contoso.com"]);
    // That one is to be given up, and cannot be.
    simulator.fault(Fault::on("presenceSubscriptionMemberships").status(500).forever());
    simulator.clear_requests();
    listener.app.unsubscribe(&other).unwrap();
    wait_until(&simulator, |simulator| simulator.count("presenceSubscriptionMemberships") >= 8);
    goes_on(&simulator, &listener, &id);
    simulator.clear_faults();
    wait_until(&simulator, |simulator| simulator.subscribed().len() == 2);
}

#[test]
fn a_channel_that_is_out_of_step_is_led_back() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    goes_on(&simulator, &listener, &id);
    // What was acknowledged is not what the server sent: it says where to go on, and nothing else.
    let events = listener.app.navigate("").unwrap()["_links"]["events"]["href"].as_str().unwrap().to_owned();
    let resync = json!({"_links": {"self": {"href": events}, "resync": {"href": events}}});
    simulator.fault(Fault::on("events").respond(200, resync.to_string()));
    simulator.cut_events();
    set(&simulator, SARA, "Away");
    assert_eq!(listener.until_presence(SARA, "Away"), 1);
    goes_on(&simulator, &listener, &id);
}

/// The time that goes by until the channel has been asked so many times more.
fn time_for(simulator: &Simulator, more: usize) -> Duration {
    let (began, asked) = (simulator.elapsed(), simulator.count("events"));
    wait_until(simulator, |simulator| simulator.count("events") >= asked + more);
    simulator.elapsed() - began
}

#[test]
fn an_address_that_leads_nowhere_again_and_again_is_asked_more_and_more_rarely() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    goes_on(&simulator, &listener, &id);
    simulator.fault(Fault::on("events").path("key=").status(404).forever());
    simulator.cut_events();
    assert_eq!(listener.event("connection")["state"], "interrupted");
    assert!(time_for(&simulator, 6) >= Duration::from_secs(6));
    // What happens meanwhile is told all the same.
    set(&simulator, SARA, "Away");
    listener.until_presence(SARA, "Away");
}

#[test]
fn a_channel_that_cannot_be_read_for_long_is_made_up_for_by_comparing() {
    for poison in [Fault::on("events").status(500), Fault::on("events").html_page(200), Fault::on("events").truncate(5)] {
        let simulator = simulator();
        let (listener, id) = listening(&simulator);
        goes_on(&simulator, &listener, &id);
        simulator.fault(poison.path("key=").forever());
        simulator.cut_events();
        assert_eq!(listener.event("connection")["state"], "interrupted");
        for availability in ["Busy", "Away"] {
            set(&simulator, SARA, availability);
            assert_eq!(listener.until_presence(SARA, availability), 1);
        }
        simulator.clear_faults();
        assert_eq!(listener.event("connection")["state"], "restored");
        goes_on(&simulator, &listener, &id);
    }
}

/// A channel that is begun anew is answered at once, with nothing; the GET after that is pending for minutes.
#[test]
fn what_works_again_is_told_soon() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    goes_on(&simulator, &listener, &id);
    // Three are enough, unless one of them takes so long that it counts as answered.
    simulator.fault(Fault::on("events").drop().times(8));
    simulator.cut_events();
    assert_eq!(listener.event("connection")["state"], "interrupted");
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    let asked = simulator.count("events");
    assert_eq!(listener.event("connection")["state"], "restored");
    assert_eq!(simulator.count("events"), asked, "before that GET is answered");
    assert_eq!(listener.app.health().unwrap()["connection"], "connected");
    goes_on(&simulator, &listener, &id);
}

#[test]
fn a_server_that_asks_for_a_wait_gets_it() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.fault(Fault::on("events").status(503).header("Retry-After", "20"));
    simulator.clear_requests();
    let began = simulator.elapsed();
    simulator.cut_events();
    // One may have been under way before the connections were cut.
    wait_until(&simulator, |simulator| {
        let statuses: Vec<u16> =
            simulator.requests().into_iter().filter(|request| request.route == "events").map(|request| request.status).collect();
        statuses.iter().position(|status| *status == 503).is_some_and(|refused| statuses.len() > refused + 1)
    });
    let waited = simulator.elapsed() - began;
    assert!(waited >= Duration::from_secs(20), "{waited:?}");
    goes_on(&simulator, &listener, &id);
    // As long as anybody likes is too long.
    let _alone = alone();
    simulator.fault(Fault::on("events").status(503).header("Retry-After", "864000"));
    simulator.clear_requests();
    simulator.cut_events();
    wait_until(&simulator, |simulator| simulator.count("events") >= 1);
    goes_on(&simulator, &listener, &id);
}

#[test]
fn who_cannot_sign_out_goes_on() {
    let simulator = simulator();
    let (listener, id) = listening(&simulator);
    simulator.fault(Fault::on("application").method("DELETE").delay(300).status(500).times(9));
    std::thread::scope(|scope| {
        let signing_out = scope.spawn(|| listener.app.sign_out());
        wait_until(&simulator, |simulator| {
            simulator.requests().iter().any(|request| request.route == "application" && request.method == "DELETE")
        });
        // Meanwhile the channel cannot create another.
        simulator.delete_applications();
        assert!(signing_out.join().unwrap().is_err());
    });
    goes_on(&simulator, &listener, &id);
}

#[test]
fn a_page_at_the_applications_address_ends_nothing() {
    let simulator = simulator();
    let first = App::on(&simulator);
    let own = first.application().unwrap();
    let listener = Listener {
        app: Config::of(&simulator)
            .with("application_url", own["href"].as_str().unwrap())
            .with("endpoint_id", own["endpointId"].as_str().unwrap())
            .sign_in()
            .unwrap(),
    };
    let id = listener.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    simulator.fault(Fault::on("application").method("GET").html_page(404).times(3));
    simulator.cut_events();
    listener.until(|event| event["state"] == "restored");
    goes_on(&simulator, &listener, &id);
    assert_eq!(simulator.count("applications"), 0, "none was made in its place");
}
