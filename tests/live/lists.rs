//! The contact list and its groups, live.

use crate::*;
use ucwa_simulator::{Group, Person};

#[test]
fn contacts_and_groups_come_and_go() {
    let simulator = simulator();
    simulator.edit(|directory| directory.add_person(Person::new("sip:new@contoso.com", "New")));
    let listener = Listener::on(&simulator);
    let made = listener.app.subscribe_lists().unwrap();
    assert_eq!(made["contacts"].as_array().unwrap().len(), listener.app.contacts().unwrap()["contacts"].as_array().unwrap().len());

    listener.app.add_contact("sip:new@contoso.com", Some("Sales")).unwrap();
    let told = [listener.next(), listener.next()];
    assert!(told.iter().all(|event| event["event"] == "contactAdded" && event["uri"] == "sip:new@contoso.com"), "{told:?}");
    assert!(told.iter().all(|event| event["contact"]["name"] == "New" && event["subscriptions"] == json!([made["id"]])));
    assert!(told.iter().any(|event| event["group"]["name"] == "Sales") && told.iter().any(|event| event["group"].is_null()));

    listener.app.remove_contact("sip:new@contoso.com", None).unwrap();
    let told = [listener.next(), listener.next()];
    assert!(told.iter().all(|event| event["event"] == "contactRemoved" && event["uri"] == "sip:new@contoso.com"), "{told:?}");

    listener.app.add_group("Friends").unwrap();
    let added = listener.next();
    assert_eq!(
        (&added["event"], &added["group"]["name"], &added["group"]["rel"]),
        (&json!("groupAdded"), &json!("Friends"), &json!("group"))
    );
    listener.app.rename_group("Friends", "Good Friends").unwrap();
    let renamed = listener.next();
    assert_eq!((&renamed["event"], &renamed["group"]["name"]), (&json!("groupUpdated"), &json!("Good Friends")));
    assert_eq!(renamed["group"]["id"], added["group"]["id"]);
    listener.app.remove_group("Good Friends").unwrap();
    assert_eq!(listener.next()["event"], "groupRemoved");
    assert!(listener.has_nothing());

    listener.app.unsubscribe(made["id"].as_str().unwrap()).unwrap();
    wait_until(&simulator, |simulator| simulator.requests().iter().any(|request| request.target.contains("stop")));
}

#[test]
fn what_changed_while_nobody_listened_is_told() {
    let simulator = simulator();
    let listener = Listener::on(&simulator);
    listener.app.subscribe_lists().unwrap();
    simulator.restart();
    simulator.edit(|directory| {
        directory.add_person(Person::new("sip:new@contoso.com", "New"));
        directory.add_group(Group::own("Newcomers").with_members(["sip:new@contoso.com"]));
    });
    let told = listener.until(|event| event["event"] == "contactAdded" && event["group"]["name"] == "Newcomers");
    assert_eq!(told.iter().filter(|event| event["event"] == "groupAdded").count(), 1, "{told:?}");
    assert!(told.iter().all(|event| event["event"] != "groupUpdated" && event["event"] != "contactRemoved"), "{told:?}");
}
