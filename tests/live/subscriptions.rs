//! What is subscribed to, and what is told of it.

use crate::*;
use std::collections::BTreeSet;
use ucwa::ffi::*;
use ucwa_simulator::{Group, Person};

fn subscribed(simulator: &Simulator) -> BTreeSet<String> {
    simulator.subscribed().into_iter().map(|uri| uri.to_lowercase()).collect()
}

fn lower(contacts: &[&str]) -> BTreeSet<String> {
    contacts.iter().map(|contact| contact.to_lowercase()).collect()
}

#[test]
fn the_present_state_then_each_change_once() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe(&json!([SARA, "manishc@contoso.com"]).to_string()).unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["contacts"].as_array().unwrap().len(), 2);
    let first = [listener.next(), listener.next()];
    let sara = first.iter().find(|event| is_presence(event, SARA)).unwrap();
    assert_eq!((&sara["presence"]["availability"], &sara["subscriptions"]), (&json!("Offline"), &json!([id])));
    assert_eq!(sara["uri"], SARA, "in the server's spelling");
    assert!(first.iter().any(|event| is_presence(event, MANISH)));

    set(&simulator, SARA, "Busy");
    assert_eq!(listener.until_presence(SARA, "Busy"), 1);
    set(&simulator, SARA, "Away");
    assert_eq!(listener.until_presence(SARA, "Away"), 1, "told once, and nothing in between");
    assert!(listener.has_nothing());
}

#[test]
fn what_changes_back_before_it_is_told_is_no_change() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&[SARA, MANISH]);
    set(&simulator, SARA, "Busy");
    set(&simulator, SARA, "Offline");
    set(&simulator, MANISH, "Away");
    let told = listener.until(|event| is_presence(event, MANISH));
    // The server may have gathered in between; then there are two changes, and both are told.
    assert_ne!(told.iter().filter(|event| is_presence(event, SARA)).count(), 1, "{told:?}");
}

#[test]
fn values_that_come_along_are_not_read() {
    let simulator = simulator();
    simulator.embed_events(true);
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    simulator.clear_requests();
    set(&simulator, SARA, "DoNotDisturb");
    let event = listener.event("presence");
    assert_eq!((&event["presence"]["availability"], &event["presence"]["name"]), (&json!("DoNotDisturb"), &json!("Sara Davis")));
    assert!(event["presence"]["href"].as_str().unwrap().starts_with("https://"), "{event}");
    assert_eq!(simulator.count("contactPresence") + simulator.count("batch"), 0);
}

#[test]
fn many_changes_are_read_in_one_batch() {
    let simulator = fast(Simulator::builder().contacts(80));
    simulator.repeat_senders(true);
    let listener = Listener::on(&simulator);
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    listener.subscribed_to(&uris);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    simulator.clear_requests();
    simulator.edit(|directory| {
        for uri in &uris {
            directory.person_mut(uri).unwrap().presence.availability = Some("Elsewhere".into());
        }
    });
    for _ in &uris {
        assert_eq!(listener.event("presence")["presence"]["availability"], "Elsewhere");
    }
    assert!((1..=2).contains(&simulator.count("batch")) && simulator.count("contactPresence") == 0, "{:?}", routes(&simulator));
}

#[test]
fn notes_and_places_are_told_where_they_are_wished() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe(&json!({"contacts": [SARA], "include": ["note", "location", "contact"]}).to_string()).unwrap();
    let kinds: BTreeSet<String> = (0..4).map(|_| listener.next()["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["contact", "location", "note", "presence"].map(String::from).into());
    listener.subscribed_to(&[MANISH]);
    simulator.edit(|directory| {
        for contact in [SARA, MANISH] {
            let person = directory.person_mut(contact).unwrap();
            person.location = Some("Köln".into());
            person.title = Some("Queen".into());
        }
    });
    let told = [listener.next(), listener.next()];
    let location = told.iter().find(|event| event["event"] == "location").unwrap();
    assert_eq!((&location["uri"], &location["location"]["location"]), (&json!(SARA), &json!("Köln")));
    let contact = told.iter().find(|event| event["event"] == "contact").unwrap();
    assert_eq!((&contact["contact"]["title"], &contact["subscriptions"]), (&json!("Queen"), &json!([made["id"]])));
    set(&simulator, MANISH, "Away");
    assert_eq!(listener.until_presence(MANISH, "Away"), 1, "of the other one only presence was wished");
}

#[test]
fn contacts_need_not_be_on_the_list() {
    let simulator = simulator();
    simulator.edit(|directory| directory.add_person(Person::new("sip:partner@fabrikam.com", "Partner")));
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&["sip:partner@fabrikam.com"]);
    set(&simulator, "sip:partner@fabrikam.com", "Busy");
    listener.until_presence("sip:partner@fabrikam.com", "Busy");

    // Whom no search finds the server may know all the same. A jump of the clock would end the waiting for it.
    let _alone = alone();
    listener.subscribed_to(&["sip:new@partner.com"]);
    set(&simulator, "sip:new@partner.com", "Busy");
    let told = listener.until(|event| is_presence(event, "sip:new@partner.com") && event["presence"]["availability"] == "Busy");
    assert!(told.iter().all(|event| event["event"] != "subscription"), "{told:?}");

    // Nobody knows this one yet; it is told, and heard of when there is something to hear.
    let unknown = listener.app.subscribe(r#"["sip:late@contoso.com"]"#).unwrap();
    let refused = listener.event("subscription");
    assert_eq!((&refused["id"], &refused["uri"], &refused["state"]), (&unknown["id"], &json!("sip:late@contoso.com"), &json!("refused")));
    assert_eq!(refused["error"]["status"], "UCWA_NOT_FOUND");
}

#[test]
fn overlapping_subscriptions_share() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let first = listener.subscribed_to(&[SARA, MANISH]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    simulator.clear_requests();
    let second = listener.app.subscribe(&json!([SARA]).to_string()).unwrap()["id"].as_str().unwrap().to_owned();
    let told = listener.next();
    assert_eq!(told["subscriptions"], json!([second]), "the first one knows already");
    assert!(simulator.count("presenceSubscriptions") + simulator.count("contactPresence") == 0, "{:?}", routes(&simulator));
    set(&simulator, SARA, "Busy");
    let told: BTreeSet<String> =
        listener.event("presence")["subscriptions"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(told, [first.clone(), second.clone()].into());

    listener.app.unsubscribe(&first).unwrap();
    wait_until(&simulator, |simulator| subscribed(simulator) == lower(&[SARA]));
    set(&simulator, SARA, "Away");
    assert_eq!(listener.event("presence")["subscriptions"], json!([second]));
    listener.app.unsubscribe(&second).unwrap();
    wait_until(&simulator, |simulator| subscribed(simulator).is_empty());
    assert_eq!(listener.app.unsubscribe(&second).unwrap_err().status, UCWA_NOT_FOUND);
}

#[test]
fn members_come_and_go() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let id = listener.subscribed_to(&[SARA]);
    let changed = listener.app.change_subscription(&id, &json!({"add": [MANISH, SARA]}).to_string()).unwrap();
    assert_eq!((&changed["id"], changed["contacts"].as_array().unwrap().len()), (&json!(id), 2));
    assert!(is_presence(&listener.next(), MANISH), "who was there already is not told again");
    assert_eq!(subscribed(&simulator), lower(&[SARA, MANISH]));
    let changed = listener.app.change_subscription(&id, &json!({"remove": [SARA]}).to_string()).unwrap();
    assert_eq!(changed["contacts"], json!([MANISH]));
    wait_until(&simulator, |simulator| subscribed(simulator) == lower(&[MANISH]));
    set(&simulator, SARA, "Busy");
    set(&simulator, MANISH, "Away");
    assert!(is_presence(&listener.next(), MANISH));

    // What fails changes nothing.
    simulator.fault(ucwa_simulator::Fault::on("addToPresenceSubscription").status(500).times(4));
    assert_eq!(listener.app.change_subscription(&id, &json!({"add": [SARA]}).to_string()).unwrap_err().status, UCWA_SERVER_ERROR);
    simulator.clear_faults();
    assert_eq!(listener.app.change_subscription(&id, "{}").unwrap()["contacts"], json!([MANISH]));

    for (id, change, status) in [
        ("no-such-id", r#"{"add":[]}"#, UCWA_NOT_FOUND),
        (id.as_str(), "[]", UCWA_INVALID_ARGUMENT),
        (id.as_str(), r#"{"add":"x"}"#, UCWA_INVALID_ARGUMENT),
        (id.as_str(), r#"{"add":["x"]}"#, UCWA_INVALID_ARGUMENT),
        (id.as_str(), r#"{"drop":[]}"#, UCWA_INVALID_ARGUMENT),
    ] {
        assert_eq!(listener.app.change_subscription(id, change).unwrap_err().status, status, "{change}");
    }
}

#[test]
fn a_group_is_followed() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe_group("sales").unwrap();
    assert_eq!(made["contacts"].as_array().unwrap().len(), 4, "{made}");
    for _ in 0..4 {
        assert_eq!(listener.next()["subscriptions"], json!([made["id"]]));
    }
    assert_eq!((simulator.count("subscribeToGroupPresence"), subscribed(&simulator).len()), (1, 4));
    simulator.edit(|directory| {
        let group = directory.group_named_mut("Sales").unwrap();
        group.name = "Sellers".into();
        group.members.push("sip:JuliaM@contoso.com".into());
        group.members.retain(|member| member != SARA);
    });
    assert!(is_presence(&listener.event("presence"), "sip:JuliaM@contoso.com"));
    set(&simulator, SARA, "Busy");
    set(&simulator, "sip:JuliaM@contoso.com", "Away");
    assert_eq!(listener.until_presence("sip:JuliaM@contoso.com", "Away"), 1);
    assert_eq!(listener.app.change_subscription(made["id"].as_str().unwrap(), r#"{"add":[]}"#).unwrap_err().status, UCWA_CONFLICT);
    listener.app.unsubscribe(made["id"].as_str().unwrap()).unwrap();
    wait_until(&simulator, |simulator| subscribed(simulator).is_empty());
    assert_eq!(listener.app.subscribe_group("No Such Group").unwrap_err().status, UCWA_NOT_FOUND);
}

#[test]
fn a_group_that_cannot_be_subscribed_to_as_such() {
    let simulator = simulator();
    simulator.edit(|directory| {
        let mut group = Group::distribution("Everybody", "everybody@contoso.com").unlisted().with_members([SARA, MANISH]);
        group.contacts_linked = true;
        group.listed = true;
        directory.add_group(group);
    });
    let listener = Listener::on(&simulator);
    simulator.fault(ucwa_simulator::Fault::on("subscribeToGroupPresence").status(403));
    assert_eq!(listener.app.subscribe_group("Everybody").unwrap()["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(subscribed(&simulator), lower(&[SARA, MANISH]));
    let asked = (simulator.count("subscribeToGroupPresence"), simulator.count("presenceSubscriptions"));
    assert_eq!(asked, (1, 1), "as a group, and then one by one");
}

#[test]
fn a_server_that_takes_few_at_a_time() {
    let simulator = fast(Simulator::builder().contacts(60));
    simulator.max_subscription_contacts(10);
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    let uris: Vec<&str> = uris.iter().map(String::as_str).collect();
    let listener = Listener::on(&simulator);
    listener.subscribed_to(&uris);
    assert_eq!(subscribed(&simulator), lower(&uris));
    assert!(simulator.count("presenceSubscriptions") < 20, "{}", simulator.count("presenceSubscriptions"));
}

#[test]
fn one_who_is_refused_is_told_and_the_others_are_not_concerned() {
    let simulator = simulator();
    simulator.refuse_subscriptions_to(MANISH, true);
    let listener = Listener::on(&simulator);
    let contacts = [SARA, MANISH, "sip:DanaB@contoso.com", "sip:AlexD@contoso.com", "no address"];
    listener.app.subscribe(&json!(contacts).to_string()).unwrap();
    let told: Vec<Value> = (0..6).map(|_| listener.next()).collect();
    let refused: BTreeSet<&str> =
        told.iter().filter(|event| event["state"] == "refused").map(|event| event["uri"].as_str().unwrap()).collect();
    assert_eq!(refused, [MANISH, "no address"].into(), "{told:?}");
    assert_eq!(subscribed(&simulator), lower(&[SARA, "sip:DanaB@contoso.com", "sip:AlexD@contoso.com"]));

    // An hour later it is tried again.
    let _alone = alone();
    simulator.refuse_subscriptions_to(MANISH, false);
    for _ in 0..4 {
        wait_until(&simulator, |simulator| simulator.pending_events() == 1 && simulator.outstanding() == 1);
        pass(&simulator, Duration::from_secs(18 * 60));
    }
    wait_until(&simulator, |simulator| subscribed(simulator).contains(&MANISH.to_lowercase()));
}

#[test]
fn a_limit_over_all_is_told_to_those_beyond_it() {
    let simulator = fast(Simulator::builder().contacts(60));
    simulator.max_subscribed_contacts(20);
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    let listener = Listener::on(&simulator);
    listener.app.subscribe(&json!(uris).to_string()).unwrap();
    for _ in 0..uris.len() - 20 {
        let refused = listener.event("subscription");
        assert_eq!((&refused["state"], &refused["error"]["subcode"]), (&json!("refused"), &json!("LimitExceeded")));
    }
    assert_eq!(simulator.subscribed().len(), 20);
    assert!(simulator.count("presenceSubscriptions") < 40, "{} requests", simulator.count("presenceSubscriptions"));
}

#[test]
fn where_nothing_can_be_subscribed_to() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    simulator.fault(ucwa_simulator::Fault::on("presenceSubscriptions").status(500).forever());
    let failure = listener.app.subscribe(&json!([SARA]).to_string()).unwrap_err();
    assert_eq!(failure.status, UCWA_SERVER_ERROR, "{failure:?}");
    simulator.clear_faults();
    listener.subscribed_to(&[MANISH]);
    assert_eq!(subscribed(&simulator), lower(&[MANISH]), "what failed is not subscribed to behind the caller's back");
}

#[test]
fn the_pending_get_and_many_reads_keep_to_the_servers_limit() {
    let simulator = fast(Simulator::builder().contacts(1_000));
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    let listener = Listener::on(&simulator);
    let contacts = json!(uris).to_string();
    listener.app.subscribe(&contacts).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for _ in 0..10 {
                listener.app.presences(&contacts).unwrap();
                // The pending GET is answered, and the next one follows, while batches are under way.
                for uri in uris.iter().take(3) {
                    set(&simulator, uri, "Busy");
                    set(&simulator, uri, "Away");
                }
            }
        });
        while !reader.is_finished() {
            let _ = listener.app.next_event(10);
        }
    });
    let refused: Vec<_> = simulator.requests().into_iter().filter(|request| request.status == 429).collect();
    assert!(refused.is_empty(), "{} requests were too many", refused.len());
    assert_eq!(listener.app.health().unwrap()["throttled"], 0);
}
