//! Groups, contacts and search.

use crate::common::*;
use serde_json::{Value, json};
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Group, GroupKind, Person};

fn names(list: &Value, of: &str) -> Vec<String> {
    list[of].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn groups_of_every_kind() {
    let simulator = simulator();
    simulator.edit(|directory| {
        directory.add_group(Group::new(GroupKind::Delegates, "My Delegates"));
    });
    let app = App::on(&simulator);
    let groups = app.groups().unwrap();
    let rels: Vec<_> = groups["groups"].as_array().unwrap().iter().map(|group| group["rel"].as_str().unwrap()).collect();
    for rel in ["pinnedGroup", "defaultGroup", "group", "distributionGroup", "delegatesGroup"] {
        assert!(rels.contains(&rel), "{rel} is missing in {rels:?}");
    }
    for group in groups["groups"].as_array().unwrap() {
        assert!(group["href"].as_str().unwrap().starts_with("https://localhost:"), "{group}");
        assert!(group["id"].is_string() && group["name"].is_string() && group.get("_links").is_none(), "{group}");
    }
    assert_eq!(routes(&simulator), ["GET myGroups"]);
}

#[test]
fn a_group_by_id_relation_and_name() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let groups = app.groups().unwrap();
    let sales = groups["groups"].as_array().unwrap().iter().find(|group| group["name"] == "Sales").unwrap();
    let expected = ["Sara Davis", "Manish Chopra", "Dana Birkby", "Alex Darrow"];
    for wanted in [sales["id"].as_str().unwrap(), "Sales", "sALES"] {
        simulator.clear_requests();
        assert_eq!(names(&app.group_contacts(wanted).unwrap(), "contacts"), expected, "{wanted}");
        assert_eq!(routes(&simulator), ["GET groupContacts"], "the group's address is remembered");
    }
    assert_eq!(names(&app.group_contacts("pinnedGroup").unwrap(), "contacts"), ["Sara Davis", "Julia Moseley", "Li Wei"]);
    assert_eq!(names(&app.group_contacts("büro köln – 2. STOCK").unwrap(), "contacts"), ["Jörg Müller", "Sina Weiß"]);
    let failure = app.group_contacts("No Such Group").unwrap_err();
    assert_eq!(failure.status, UCWA_NOT_FOUND);
    assert!(failure.message.contains("No Such Group") && failure.message.contains("Pinned Contacts"), "{}", failure.message);
}

#[test]
fn a_name_that_fits_two_groups() {
    let simulator = simulator();
    let ids = ["twin-1", "twin-2"];
    simulator.edit(|directory| {
        for id in ids {
            directory.add_group(Group::own("Twins").with_id(id));
        }
    });
    let app = App::on(&simulator);
    let failure = app.group_contacts("twins").unwrap_err();
    assert_eq!(failure.status, UCWA_CONFLICT);
    assert_eq!(failure.json["ids"], json!(ids));
    assert!(failure.message.contains("twin-1") && failure.message.contains("twin-2"));
    assert_eq!(app.group_contacts("twin-2").unwrap(), json!({"contacts": []}));
}

#[test]
fn a_group_that_moved_is_resolved_anew_once() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.group_contacts("Sales").unwrap();
    simulator.clear_requests();
    simulator.fault(Fault::on("groupContacts").status(404));
    assert_eq!(names(&app.group_contacts("Sales").unwrap(), "contacts").len(), 4);
    assert_eq!(routes(&simulator), ["GET groupContacts", "GET myGroups", "GET groupContacts"]);
}

#[test]
fn a_distribution_group_that_can_only_be_expanded() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for group in ["All Engineering", "Sales Team"] {
        assert!(!names(&app.group_contacts(group).unwrap(), "contacts").is_empty(), "{group}");
    }
    assert!(simulator.requests().iter().any(|request| request.route == "expandDistributionGroup"));
}

#[test]
fn the_contact_list_and_one_contact() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let contacts = app.contacts().unwrap();
    let list = contacts["contacts"].as_array().unwrap();
    assert_eq!(list.len(), 19);
    let sara = list.iter().find(|contact| contact["uri"] == SARA).unwrap();
    assert_eq!((&sara["name"], &sara["type"], &sara["sourceNetwork"]), (&json!("Sara Davis"), &json!("User"), &json!("SameEnterprise")));
    simulator.clear_requests();
    let contact = app.contact(SARA).unwrap();
    assert_eq!(contact["title"], "Sales Manager");
    assert!(contact["expires"].as_str().unwrap().ends_with('Z') && contact["expiresUnixMs"].is_i64());
    assert_eq!(routes(&simulator), ["GET contact"]);
}

#[test]
fn duplicates_are_merged() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let twice = r#"{"_embedded":{"contact":[{"uri":"sip:A@x.example","name":"A"},{"uri":"sip:a@X.example","name":"A again"},{"name":"without uri"}]}}"#;
    simulator.fault(Fault::on("myContacts").respond(200, twice));
    assert_eq!(names(&app.contacts().unwrap(), "contacts"), ["A", "without uri"]);
}

#[test]
fn five_thousand_contacts() {
    shorten_waits();
    let simulator = ucwa_simulator::Simulator::builder().contacts(5_000).start().unwrap();
    let app = App::on(&simulator);
    let contacts = app.contacts().unwrap();
    let list = contacts["contacts"].as_array().unwrap();
    assert!(list.len() >= 5_000, "{}", list.len());
    simulator.clear_requests();
    app.presence(list[4_999]["uri"].as_str().unwrap()).unwrap();
    assert_eq!(routes(&simulator), ["GET contactPresence"]);
}

#[test]
fn search_and_its_limits() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let found = app.search("Sales", 0).unwrap();
    assert!(names(&found, "distributionGroups").contains(&"Sales Team".to_owned()), "{found:#}");
    let none = app.search("zzzz", 0).unwrap();
    assert_eq!((&none["contacts"], &none["distributionGroups"]), (&json!([]), &json!([])));
    let some = app.search("a", 2).unwrap();
    assert_eq!((some["contacts"].as_array().unwrap().len(), &some["moreResultsAvailable"]), (2, &json!(true)));
    assert_eq!(app.search("Jörg & \"Müller\"?x=1#y", 0).unwrap()["contacts"], json!([]));

    simulator.clear_requests();
    for (query, limit) in [("a", 101), ("a", u32::MAX), (&"a".repeat(257), 0), ("", 5)] {
        assert_eq!(app.search(query, limit).unwrap_err().status, UCWA_INVALID_ARGUMENT, "{limit}");
    }
    assert!(routes(&simulator).is_empty(), "refused without asking the server");
    app.search(&"ä".repeat(256), 100).unwrap();
}

#[test]
fn a_person_of_whom_hardly_anything_is_known() {
    let simulator = simulator();
    simulator.edit(|directory| {
        let mut bare = Person::new("sip:bare@contoso.com", "");
        bare.name = None;
        directory.add_person(bare);
    });
    let app = App::on(&simulator);
    let presence = app.presence("sip:bare@contoso.com").unwrap();
    assert!(presence.get("name").is_none() && presence["uri"] == "sip:bare@contoso.com", "{presence}");
}
