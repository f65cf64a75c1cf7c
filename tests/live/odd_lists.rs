//! Lists and texts as odd servers write them, live.

use crate::*;
use ucwa_simulator::Fault;

/// The group as a list of links to its contacts, one of which leads to an account that is no longer there.
fn with_a_dead_account(app: &App) -> (Vec<String>, String) {
    let contacts = app.group_contacts("Sales").unwrap()["contacts"].as_array().unwrap().clone();
    let mut links: Vec<Value> = contacts.iter().map(|contact| json!({ "href": contact["href"] })).collect();
    let dead = contacts[0]["href"].as_str().unwrap().to_lowercase().replace("sarad", "nolongerhere");
    links.insert(1, json!({ "href": dead }));
    let uris = contacts.iter().map(|contact| contact["uri"].as_str().unwrap().to_owned()).collect();
    (uris, json!({ "_links": { "contact": links } }).to_string())
}

#[test]
fn a_dead_account_in_a_group() {
    let simulator = simulator();
    for status in [None, Some(403), Some(500)] {
        simulator.clear_faults();
        let listener = Listener::on(&simulator);
        let (uris, list) = with_a_dead_account(&listener.app);
        simulator.fault(Fault::on("groupContacts").respond(200, list.clone()).forever());
        if let Some(status) = status {
            simulator.fault(Fault::any().path("nolongerhere").status(status).forever());
        }
        let made = listener.app.subscribe_group("Sales").unwrap();
        assert_eq!(made["contacts"].as_array().unwrap().len(), uris.len(), "{status:?}: {made}");
        let told: Vec<Value> = uris.iter().map(|_| listener.next()).collect();
        assert!(told.iter().all(|event| event["event"] == "presence"), "{status:?}: {told:?}");
        set(&simulator, SARA, "Busy");
        listener.until_presence(SARA, "Busy");
        set(&simulator, SARA, "Offline");
        listener.until_presence(SARA, "Offline");
    }
}

#[test]
fn who_cannot_be_read_for_a_while_has_not_left() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let (_, list) = with_a_dead_account(&listener.app);
    simulator.fault(Fault::on("groupContacts").respond(200, list).forever());
    listener.app.subscribe_lists().unwrap();
    simulator.fault(Fault::on("contact").path("manishc").status(500).forever());
    // The lists are read again, and Manish is in none that can be read.
    listener.app.add_group("Friends").unwrap();
    let mut told = listener.until(|event| event["event"] == "groupAdded");
    listener.app.rename_group("Friends", "Good Friends").unwrap();
    told.extend(listener.until(|event| event["event"] == "groupUpdated"));
    assert!(told.iter().all(|event| event["event"] != "contactRemoved"), "{told:?}");
}

#[test]
fn half_an_emoji_in_an_event() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&[SARA, MANISH]);
    let presence = r#"{"availability":"Away","activity":"Kurz weg \ud83d"}"#;
    simulator.fault(Fault::on("contactPresence").path("sarad").respond(200, presence).forever());
    set(&simulator, SARA, "Away");
    let told = listener.until(|event| is_presence(event, SARA) && event["presence"]["activity"].is_string());
    assert_eq!(told.last().unwrap()["presence"]["activity"], "Kurz weg \u{fffd}");
    // What nobody asked for is handed on as it came, from the event channel's own answer.
    let application = listener.app.application().unwrap()["href"].as_str().unwrap().to_owned();
    let event =
        r#"{"link":{"rel":"odd","href":"/odd"},"type":"updated","status":"Failure","_embedded":{"odd":{"text":"\ud83d \ud83d\ude00"}}}"#;
    let next = format!("{application}/events?ack=1");
    let answer = format!(r#"{{"_links":{{"next":{{"href":"{next}"}}}},"sender":[{{"rel":"x","href":"/x","events":[{event}]}}]}}"#);
    simulator.fault(Fault::on("events").respond(200, answer));
    set(&simulator, MANISH, "Away");
    assert_eq!(listener.event("resource")["resource"]["text"], "\u{fffd} \u{1f600}");
}
