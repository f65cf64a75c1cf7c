//! How often the event channel is asked. Waits are shortened here, and the clock runs as usual: what comes at once still does so
//! on a busy machine.

use crate::common::*;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use ucwa_simulator::{Fault, Simulator};

const LONGEST: Duration = Duration::from_secs(300);

/// A listener at a server that gathers events for a twentieth of a second, and the address of its event channel.
fn listening() -> (Simulator, App, String) {
    shorten_waits();
    let simulator = Simulator::builder().clock_speed(100.0).start().unwrap();
    let app = App::on(&simulator);
    app.subscribe(&json!([SARA]).to_string()).unwrap();
    until(&app, |event| event["event"] == "presence");
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    let events = app.navigate("").unwrap()["_links"]["events"]["href"].as_str().unwrap().to_owned();
    (simulator, app, events)
}

fn wait_until(simulator: &Simulator, condition: impl FnMut(&Simulator) -> bool) {
    assert!(simulator.wait_until(LONGEST, condition), "it never came to be: {:?}", routes(simulator));
}

/// The event that fits; others are passed over.
fn until(app: &App, mut fits: impl FnMut(&Value) -> bool) -> Value {
    loop {
        let event = app.next_event(i32::try_from(LONGEST.as_millis()).unwrap()).unwrap();
        if fits(&event) {
            return event;
        }
    }
}

fn answer(rel: &str, href: &str) -> String {
    let happened = json!({"type": "updated", "link": {"rel": "moon", "href": "/moon"}});
    json!({"_links": {rel: {"href": href}}, "sender": [{"events": [happened]}]}).to_string()
}

/// The channel is restored, and Sara is told to be so, in whatever order.
fn goes_on(simulator: &Simulator, app: &App, availability: &str) {
    assert!(simulator.set_presence(SARA, json!({ "availability": availability })));
    let (mut restored, mut told) = (false, false);
    until(app, |event| {
        restored |= event["state"] == "restored";
        told |= event["event"] == "presence" && event["presence"]["availability"] == availability;
        restored && told
    });
}

/// The real time that goes by until the channel has been asked so many times more.
fn time_for(simulator: &Simulator, more: usize) -> Duration {
    let (began, asked) = (Instant::now(), simulator.count("events"));
    wait_until(simulator, |simulator| simulator.count("events") >= asked + more);
    began.elapsed()
}

#[test]
fn events_that_lead_on_at_once_are_asked_for_ten_times_and_then_slowly() {
    let (simulator, app, events) = listening();
    for number in 0..300 {
        simulator.fault(Fault::on("events").respond(200, answer("next", &format!("{events}?ack={number}"))));
    }
    simulator.clear_requests();
    let began = Instant::now();
    simulator.cut_events();
    wait_until(&simulator, |simulator| simulator.count("events") >= 60);
    // After the tenth answer the waits are 0.1, 0.2, 0.4, 0.8, 1.6 and then 2 seconds: 93 of them in all, a hundred times as fast.
    // A single answer that takes a second costs a third of it.
    assert!(began.elapsed() >= Duration::from_millis(600), "60 GETs in {:?}", began.elapsed());
    assert_eq!(app.health().unwrap()["connection"], "connected", "there is nothing wrong with the channel");
    simulator.clear_faults();
    assert!(simulator.set_presence(SARA, json!({"availability": "Away"})));
    until(&app, |event| event["presence"]["availability"] == "Away");
}

#[test]
fn a_channel_that_is_answered_at_once_over_and_over_is_asked_more_and_more_rarely() {
    let (simulator, app, events) = listening();
    for (rel, availability) in [("next", "Away"), ("resync", "Busy"), ("resume", "Online")] {
        let hollow = json!({"_links": {"self": {"href": events}, rel: {"href": events}}});
        simulator.fault(Fault::on("events").respond(200, hollow.to_string()).forever());
        simulator.clear_requests();
        simulator.cut_events();
        let interrupted = until(&app, |event| event["event"] == "connection");
        assert_eq!(interrupted["state"], "interrupted");
        assert!(interrupted["error"]["message"].as_str().unwrap().contains("at once"), "{interrupted}");
        assert!(simulator.count("events") <= 20, "{}", simulator.count("events"));
        assert!(time_for(&simulator, 4) >= Duration::from_millis(60), "{rel}: six seconds, a hundred times as fast");
        simulator.clear_faults();
        goes_on(&simulator, &app, availability);
    }
}

#[test]
fn a_channel_that_leads_in_circles_is_asked_more_and_more_rarely() {
    let (simulator, app, events) = listening();
    // The address is that which is asked then, with the parameters that the library adds.
    let asked = format!("{events}&low=15&medium=5&timeout=180");
    simulator.fault(Fault::on("events").respond(200, answer("next", &asked)).forever());
    simulator.clear_requests();
    simulator.cut_events();
    assert_eq!(until(&app, |event| event["event"] == "connection")["state"], "interrupted");
    assert!(simulator.count("events") <= 20, "{}", simulator.count("events"));
    simulator.clear_faults();
    goes_on(&simulator, &app, "Away");
}
