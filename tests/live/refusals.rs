//! What the server refuses, or cannot do: it is told where it belongs, and concerns nobody else.

use crate::*;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Group};

const DANA: &str = "sip:DanaB@contoso.com";

fn refused(listener: &Listener, id: &str, contact: &str) -> Value {
    let told = listener.event("subscription");
    assert_eq!((&told["id"], &told["uri"], &told["state"]), (&json!(id), &json!(contact), &json!("refused")), "{told}");
    told["error"].clone()
}

/// The ids of new subscriptions, whose events are left to be taken.
fn subscribe(listener: &Listener, contacts: &[&str]) -> String {
    listener.app.subscribe(&json!(contacts).to_string()).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn who_comes_later_is_told_of_a_refusal_too() {
    let simulator = simulator();
    simulator.refuse_subscriptions_to(MANISH, true);
    let listener = Listener::on(&simulator);
    let first = subscribe(&listener, &[SARA, MANISH]);
    refused(&listener, &first, MANISH);
    let second = subscribe(&listener, &[MANISH]);
    refused(&listener, &second, MANISH);
    let third = listener.subscribed_to(&[SARA]);
    listener.app.change_subscription(&third, &json!({"add": [MANISH]}).to_string()).unwrap();
    refused(&listener, &third, MANISH);
    // What can be read of him is told nevertheless.
    listener.until(|event| is_presence(event, MANISH));
}

#[test]
fn a_server_without_subscriptions_tells_the_present_state() {
    for status in [404, 405] {
        let simulator = simulator();
        let listener = Listener::on(&simulator);
        simulator.fault(Fault::on("presenceSubscriptions").status(status).forever());
        let id = subscribe(&listener, &[SARA]);
        let (mut told, mut refused) = (false, false);
        listener.until(|event| {
            told |= is_presence(event, SARA);
            refused |= event["event"] == "subscription" && event["id"] == json!(id);
            told && refused
        });
    }
}

#[test]
fn one_who_can_be_read_no_more_is_told_and_comes_back() {
    let _alone = alone();
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let id = listener.subscribed_to(&[SARA, MANISH]);
    simulator.fault(Fault::on("contactPresence").path("sarad").status(403).forever());
    set(&simulator, SARA, "Busy");
    assert_eq!(refused(&listener, &id, SARA)["status"], "UCWA_FORBIDDEN");
    set(&simulator, SARA, "Away");
    set(&simulator, MANISH, "Away");
    let told = listener.until(|event| is_presence(event, MANISH));
    assert_eq!(told.len(), 1, "it is told once: {told:?}");
    // Nothing says that it may be read again, so that it is tried whenever subscriptions are extended.
    simulator.clear_faults();
    wait_until(&simulator, |simulator| simulator.pending_events() == 1 && simulator.outstanding() == 1);
    pass(&simulator, Duration::from_secs(21 * 60));
    assert_eq!(listener.until_presence(SARA, "Away"), 1);
}

#[test]
fn without_search_those_on_the_list_are_found() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let own = listener.app.application().unwrap()["href"].as_str().unwrap().to_owned();
    let mut application = listener.app.request("GET", &own, None).unwrap()["body"].clone();
    application["_embedded"]["people"]["_links"].as_object_mut().unwrap().remove("search").unwrap();
    simulator.fault(Fault::on("applications").respond(201, application.to_string()));
    let listener = Listener::on(&simulator);
    let id = subscribe(&listener, &[SARA, "sip:nobody@contoso.com"]);
    refused(&listener, &id, "sip:nobody@contoso.com");
    set(&simulator, SARA, "Busy");
    listener.until_presence(SARA, "Busy");
}

#[test]
fn the_trouble_of_one_subscription_is_not_anothers() {
    let simulator = simulator();
    simulator.edit(|directory| drop(directory.add_group(Group::own("Others").with_members([MANISH]))));
    let listener = Listener::on(&simulator);
    listener.app.subscribe_group("Sales").unwrap();
    let dana = listener.app.subscribe(&json!([DANA]).to_string()).unwrap()["id"].as_str().unwrap().to_owned();
    // The members of the group cannot be read any more, and what nobody wishes for cannot be given up.
    simulator.fault(Fault::on("groupContacts").status(500).forever());
    simulator.fault(Fault::on("presenceSubscriptionMemberships").status(500).forever());
    simulator.fault(Fault::on("presenceSubscription").method("DELETE").status(500).forever());
    simulator.edit(|directory| directory.group_named_mut("Sales").unwrap().members.push("sip:JuliaM@contoso.com".into()));
    listener.app.unsubscribe(&dana).unwrap();
    wait_until(&simulator, |simulator| simulator.count("groupContacts") >= 3);
    subscribe(&listener, &["sip:JuliaM@contoso.com"]);
    set(&simulator, "sip:JuliaM@contoso.com", "Away");
    listener.until_presence("sip:JuliaM@contoso.com", "Away");
    // Nor is it the other way round.
    assert_eq!(listener.app.subscribe_group("Others").unwrap_err().status, UCWA_SERVER_ERROR);
}

#[test]
fn a_group_whose_subscription_ended_without_a_word_is_compared() {
    let _alone = alone();
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe_group("Sales").unwrap();
    for _ in 0..made["contacts"].as_array().unwrap().len() {
        listener.event("presence");
    }
    wait_until(&simulator, |simulator| simulator.pending_events() == 1 && simulator.outstanding() == 1);
    simulator.end_subscriptions();
    set(&simulator, SARA, "DoNotDisturb");
    pass(&simulator, Duration::from_secs(21 * 60));
    // The server makes it anew where it is asked to extend it, and does not say so.
    assert_eq!(listener.until_presence(SARA, "DoNotDisturb"), 1);
}

#[test]
fn being_told_that_a_subscription_runs_starts_none() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.app.subscribe_lists().unwrap();
    listener.subscribed_to(&[SARA]);
    wait_until(&simulator, |simulator| simulator.pending_events() == 1);
    let read = |href: &str| listener.app.navigate(href).unwrap()["_links"]["self"]["href"].as_str().unwrap().to_owned();
    let (lists, all) = (read("people/myContactsAndGroupsSubscription"), read("people/presenceSubscriptions"));
    let all = listener.app.request("GET", &all, None).unwrap();
    let own = all["body"]["_embedded"]["presenceSubscription"][0]["_links"]["self"]["href"].as_str().unwrap().to_owned();
    let events = listener.app.navigate("").unwrap()["_links"]["events"]["href"].as_str().unwrap().to_owned();
    let happened = |rel: &str, href: &str| json!({"type": "updated", "link": {"rel": rel, "href": href}});
    let answer = json!({
        "_links": {"self": {"href": events}, "next": {"href": events}},
        "sender": [{"rel": "people", "href": "/", "events":
            [happened("myContactsAndGroupsSubscription", &lists), happened("presenceSubscription", &own)]}],
    });
    simulator.clear_requests();
    simulator.fault(Fault::on("events").respond(200, answer.to_string()).times(6));
    simulator.cut_events();
    wait_until(&simulator, |simulator| simulator.count("events") >= 7 && simulator.pending_events() == 1);
    set(&simulator, SARA, "Busy");
    listener.until_presence(SARA, "Busy");
    // That it is answered so quickly has everything compared, in a batch.
    let asked = |request: &ucwa_simulator::RequestRecord| request.method == "POST" && request.route != "batch";
    let posts: Vec<_> = simulator.requests().into_iter().filter(asked).map(|request| request.target).collect();
    assert!(posts.is_empty(), "{posts:?}");
}

#[test]
fn who_is_taken_after_all_is_not_refused() {
    let simulator = simulator();
    simulator.edit(|directory| drop(directory.add_group(Group::own("Team").with_members([MANISH]))));
    simulator.refuse_subscriptions_to(MANISH, true);
    let listener = Listener::on(&simulator);
    let first = subscribe(&listener, &[MANISH]);
    refused(&listener, &first, MANISH);
    simulator.refuse_subscriptions_to(MANISH, false);
    listener.app.subscribe_group("Team").unwrap();
    set(&simulator, MANISH, "Away");
    let told = listener.until(|event| is_presence(event, MANISH) && event["presence"]["availability"] == "Away");
    assert!(told.iter().all(|event| event["event"] != "subscription"), "{told:?}");
}

#[test]
fn of_one_who_is_not_watched_the_present_state_is_read() {
    let simulator = simulator();
    simulator.refuse_subscriptions_to(MANISH, true);
    let listener = Listener::on(&simulator);
    subscribe(&listener, &[MANISH]);
    listener.until(|event| is_presence(event, MANISH));
    // Nobody is told of this.
    set(&simulator, MANISH, "Away");
    subscribe(&listener, &[MANISH]);
    assert_eq!(listener.event("presence")["presence"]["availability"], "Away");
}

#[test]
fn who_leaves_a_group_is_still_told_of_to_others() {
    let simulator = simulator();
    simulator.edit(|directory| drop(directory.add_group(Group::own("Team").with_members([MANISH]))));
    let listener = Listener::on(&simulator);
    listener.app.subscribe_group("Team").unwrap();
    listener.event("presence");
    listener.subscribed_to(&[MANISH]);
    let asked = simulator.count("presenceSubscriptions");
    simulator.edit(|directory| directory.group_named_mut("Team").unwrap().members.clear());
    wait_until(&simulator, |simulator| simulator.count("presenceSubscriptions") > asked);
    set(&simulator, MANISH, "Away");
    listener.until_presence(MANISH, "Away");
}

#[test]
fn who_was_read_is_told_whatever_became_of_the_others() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    simulator.fault(Fault::on("contactPresence").path("sarad").status(404).forever());
    simulator.fault(Fault::on("application").method("GET").status(500).forever());
    let id = subscribe(&listener, &[SARA, MANISH]);
    listener.until(|event| is_presence(event, MANISH));
    simulator.clear_faults();
    simulator.fault(Fault::on("contactPresence").path("sarad").status(404).forever());
    refused(&listener, &id, SARA);
}

#[test]
fn a_change_that_fails_loses_nothing() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe(&json!({"contacts": [SARA], "include": ["note"]}).to_string()).unwrap();
    let told = [listener.next(), listener.next()];
    assert!(told.iter().any(|event| event["event"] == "note"));
    let id = made["id"].as_str().unwrap();
    for route in ["presenceSubscriptions", "addToPresenceSubscription"] {
        simulator.fault(Fault::on(route).delay(200).status(500).times(8));
    }
    std::thread::scope(|scope| {
        let changing = scope.spawn(|| listener.app.change_subscription(id, &json!({"remove": [SARA], "add": [DANA]}).to_string()));
        wait_until(&simulator, |simulator| simulator.subscribed().is_empty());
        simulator.edit(|directory| directory.person_mut(SARA).unwrap().note = Some(ucwa_simulator::Note::personal("Meanwhile")));
        assert_eq!(changing.join().unwrap().unwrap_err().status, UCWA_SERVER_ERROR);
    });
    simulator.clear_faults();
    assert_eq!(listener.event("note")["note"]["message"], "Meanwhile");
}
