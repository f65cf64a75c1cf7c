//! The main job: how a contact is found, and what each step of it costs.

use crate::common::*;
use serde_json::json;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Group, Person};

#[test]
fn a_cold_and_a_warm_presence() {
    let simulator = simulator();
    let app = Config::of(&simulator).sign_in().unwrap();
    app.presence(SARA).unwrap();
    let cold = ["GET root", "GET user", "POST token", "GET user", "POST applications", "GET myContacts", "GET contactPresence"];
    assert_eq!(routes(&simulator), cold);
    assert_eq!(simulator.connections(), 1, "everything goes over one connection");

    simulator.clear_requests();
    for spelling in ["sip:SaraD@contoso.com", "SIP:sarad@CONTOSO.com", "sarad@contoso.com"] {
        let presence = app.presence(spelling).unwrap();
        assert_eq!(presence["uri"], "sip:SaraD@contoso.com", "in the server's spelling");
    }
    assert_eq!(routes(&simulator), ["GET contactPresence"; 3]);
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn a_change_is_seen() {
    let simulator = simulator();
    let app = App::on(&simulator);
    assert_eq!(app.presence(SARA).unwrap()["availability"], "Offline");
    assert!(simulator.set_presence(SARA, json!({"availability": "Busy", "activity": "in-a-meeting", "deviceType": "PC"})));
    let presence = app.presence(SARA).unwrap();
    assert_eq!(
        (&presence["availability"], &presence["activity"], &presence["deviceType"]),
        (&json!("Busy"), &json!("in-a-meeting"), &json!("PC"))
    );
    assert!(simulator.set_presence(SARA, json!({"availability": "Dancing", "activity": null, "deviceType": null, "lastActiveMs": null})));
    let presence = app.presence(SARA).unwrap();
    assert_eq!(presence["availability"], "Dancing", "a value that the library does not know is passed on");
    assert_eq!(
        presence.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["uri", "name", "availability", "href"],
        "what was not said is absent"
    );
}

#[test]
fn the_documented_flow_step_by_step() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let steps = [
        ("", "", vec![]),
        ("people", "people", vec![]),
        ("people/myGroups", "myGroups", vec!["GET myGroups"]),
        ("people/myGroups/pinnedGroup", "pinnedGroup", vec!["GET myGroups"]),
        ("people/myGroups/pinnedGroup/groupContacts", "groupContacts", vec!["GET myGroups", "GET groupContacts"]),
        (
            "people/myGroups/pinnedGroup/groupContacts/contact[uri=sip:sarad@contoso.com]",
            "contact",
            vec!["GET myGroups", "GET groupContacts"],
        ),
        (
            "people/myGroups/pinnedGroup/groupContacts/contact[uri=sip:sarad@contoso.com]/contactPresence",
            "contactPresence",
            vec!["GET myGroups", "GET groupContacts", "GET contactPresence"],
        ),
    ];
    for (path, rel, cost) in steps {
        simulator.clear_requests();
        let resource = app.navigate(path).unwrap();
        assert!(resource["_links"]["self"]["href"].is_string(), "{path}");
        assert!(rel.is_empty() || resource["rel"] == rel, "{path}: {resource}");
        assert_eq!(routes(&simulator), cost, "{path}");
    }
}

#[test]
fn a_contact_that_only_a_group_holds_or_only_the_search_knows() {
    let simulator = simulator();
    simulator.edit(|directory| directory.add_person(Person::new("sip:only.found@contoso.com", "Only Found")));
    let app = App::on(&simulator);
    assert_eq!(app.presence("only.found@contoso.com").unwrap()["name"], "Only Found");
    let asked = routes(&simulator);
    assert_eq!(asked.first().map(String::as_str), Some("GET myContacts"));
    assert_eq!(asked[asked.len() - 2..], ["GET search", "GET contactPresence"]);
    let search = simulator.requests().into_iter().find(|request| request.route == "search").unwrap();
    assert!(search.target.contains("query=only.found%40contoso.com"), "{}", search.target);

    // The lists were read a moment ago and are not read again for the next one.
    simulator.edit(|directory| directory.add_person(Person::new("sip:another@contoso.com", "Another")));
    simulator.clear_requests();
    app.presence("another@contoso.com").unwrap();
    assert_eq!(routes(&simulator), ["GET search", "GET contactPresence"]);
}

#[test]
fn a_group_member_is_found_without_the_search() {
    let simulator = simulator();
    simulator.edit(|directory| {
        directory.add_person(Person::new("sip:deep@contoso.com", "Deep"));
        directory.add_group(Group::own("Deep Group").with_members(["sip:deep@contoso.com"]));
    });
    // A contact list that does not hold what its groups hold.
    simulator.fault(Fault::on("myContacts").respond(200, r#"{"_links":{"self":{"href":"/x"},"contact":[]},"rel":"myContacts"}"#));
    let app = App::on(&simulator);
    assert_eq!(app.presence("sip:deep@contoso.com").unwrap()["name"], "Deep");
    assert_eq!(simulator.count("search"), 0);
    assert!(simulator.count_batched("groupContacts") > 1);
}

#[test]
fn an_unknown_contact_is_asked_for_once() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let failure = app.presence("sip:nobody@contoso.com").unwrap_err();
    assert_eq!(failure.status, UCWA_NOT_FOUND);
    assert!(failure.message.contains("sip:nobody@contoso.com"), "{}", failure.message);
    assert_eq!(simulator.count("search"), 1);
    simulator.clear_requests();
    assert_eq!(app.presence("nobody@contoso.com").unwrap_err().status, UCWA_NOT_FOUND);
    assert!(routes(&simulator).is_empty(), "it was sought in vain a moment ago");
}

#[test]
fn a_remembered_address_that_is_gone_is_resolved_anew_once() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").status(404));
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!(routes(&simulator), ["GET contactPresence", "GET myContacts", "GET contactPresence"]);

    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").status(404).forever());
    let failure = app.presence(SARA).unwrap_err();
    assert_eq!(failure.status, UCWA_NOT_FOUND);
    assert_eq!(failure.json["httpStatus"], 404);
    assert_eq!(simulator.count("contactPresence"), 2);
}

#[test]
fn lists_that_only_link() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let base = app.application().unwrap()["href"].as_str().unwrap().to_owned();
    let path = url::Url::parse(&base).unwrap().path().to_owned();
    let list = json!({"_links": {"self": {"href": "/x"}, "contact": [
        {"href": format!("{path}/people/chrisb@contoso.com")},
        {"href": format!("{path}/people/sarad@contoso.com")},
    ]}, "rel": "myContacts"});
    simulator.fault(Fault::on("myContacts").respond(200, list.to_string()).forever());
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!(routes(&simulator), ["GET myContacts", "GET contact", "GET contactPresence"], "only the likely link was read");
    let contacts = app.contacts().unwrap();
    let names: Vec<_> = contacts["contacts"].as_array().unwrap().iter().map(|contact| contact["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Chris Barry", "Sara Davis"]);
}

#[test]
fn the_contact_list_may_be_unavailable() {
    let simulator = simulator();
    let app = App::on(&simulator);
    simulator.fault(Fault::on("myContacts").status(500).body(r#"{"code":"ExchangeServiceFailure","subcode":"ExchangeTimeout"}"#).forever());
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis", "the search still finds her");
    let failure = app.presence("sip:nobody@contoso.com").unwrap_err();
    assert_eq!(failure.status, UCWA_SERVER_ERROR, "whether nobody is on the list is not known: {}", failure.message);
    let failure = app.contacts().unwrap_err();
    assert_eq!((failure.status, &failure.json["subcode"]), (UCWA_SERVER_ERROR, &json!("ExchangeTimeout")));
}

#[test]
fn sixteen_threads_share_one_application() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let contacts = app.contacts().unwrap();
    let uris: Vec<String> =
        contacts["contacts"].as_array().unwrap().iter().map(|contact| contact["uri"].as_str().unwrap().to_owned()).collect();
    simulator.clear_requests();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (app, uris) = (&app, &uris);
            scope.spawn(move || {
                for turn in 0..10 {
                    let uri = &uris[(thread + turn) % uris.len()];
                    assert_eq!(app.presence(uri).unwrap()["uri"], uri.as_str());
                }
            });
        }
    });
    assert_eq!(routes(&simulator), ["GET contactPresence"; 160], "nothing but what was asked for");
}
