//! Events are an interface: golden files hold one of each kind, and what subscribing and health hand out.
//! `UCWA_WRITE_GOLDEN=1` writes them anew.

use crate::common::golden::holds;
use crate::*;
use ucwa_simulator::{Fault, Person};

#[test]
fn presence_and_what_was_included() {
    let simulator = simulator();
    simulator.refuse_subscriptions_to(MANISH, true);
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe(&json!({"contacts": [SARA], "include": ["note", "location", "contact"]}).to_string()).unwrap();
    holds("subscription", &simulator, made);
    for kind in ["presence", "note", "location", "contact"] {
        holds(&format!("event_{kind}"), &simulator, listener.event(kind));
    }
    set(&simulator, SARA, "Busy");
    listener.until_presence(SARA, "Busy");
    // Whatever else is asked for meanwhile is counted, too.
    let mut health = listener.app.health().unwrap();
    health["requests"] = json!(1);
    holds("health", &simulator, health);
    listener.app.subscribe(&json!([MANISH]).to_string()).unwrap();
    holds("event_subscription", &simulator, listener.event("subscription"));
}

#[test]
fn the_contact_list_and_its_groups() {
    let simulator = simulator();
    simulator.edit(|directory| directory.add_person(Person::new("sip:new@contoso.com", "New")));
    let listener = Listener::on(&simulator);
    listener.app.subscribe_lists().unwrap();
    listener.app.add_contact("sip:new@contoso.com", Some("Sales")).unwrap();
    let to_the_list = listener.event("contactAdded");
    assert!(to_the_list["group"].is_null(), "the contact list as a whole comes first: {to_the_list}");
    holds("event_contact_added", &simulator, listener.event("contactAdded"));
    listener.app.remove_contact("sip:new@contoso.com", None).unwrap();
    holds("event_contact_removed", &simulator, listener.event("contactRemoved"));
    listener.app.add_group("Friends").unwrap();
    holds("event_group_added", &simulator, listener.event("groupAdded"));
    listener.app.rename_group("Friends", "Good Friends").unwrap();
    holds("event_group_updated", &simulator, listener.event("groupUpdated"));
    listener.app.remove_group("Good Friends").unwrap();
    holds("event_group_removed", &simulator, listener.event("groupRemoved"));
}

#[test]
fn the_connection() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    simulator.fault(Fault::on("events").status(503).times(4));
    simulator.cut_events();
    let mut interrupted = listener.event("connection");
    let request = interrupted["error"]["request"].as_str().unwrap().to_owned();
    let known = request.split('?').next().unwrap().to_owned();
    for member in ["request", "message"] {
        interrupted["error"][member] = interrupted["error"][member].as_str().unwrap().replace(&request, &known).into();
    }
    holds("event_connection_interrupted", &simulator, interrupted);
    holds("event_connection_restored", &simulator, listener.event("connection"));
}

#[test]
fn what_has_no_name() {
    let simulator = fast(Simulator::builder().embed_events(true));
    let listener = Listener::on(&simulator);
    assert!(listener.has_nothing(), "it listens from now on");
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    listener.app.make_me_available(Some(r#"{"signInAs":"Busy"}"#)).unwrap();
    let told = listener.until(|event| event["rel"] == "presence").pop().unwrap();
    holds("event_resource", &simulator, told);
}
