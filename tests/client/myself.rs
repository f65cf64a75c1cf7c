//! The signed-in user, and what the user changes.

use crate::common::*;
use serde_json::json;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Person};

#[test]
fn signing_in_shows_nobody_online() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let me = app.me().unwrap();
    assert_eq!(me["uri"].as_str().unwrap().to_lowercase(), "sip:lenea@contoso.com");
    assert_eq!(simulator.count("makeMeAvailable"), 0);
    for name in ["presence", "note", "location"] {
        let failure = app.mine(name).unwrap_err();
        assert_eq!(failure.status, UCWA_CONFLICT, "{}", failure.message);
        assert!(failure.message.contains("make_me_available"), "{}", failure.message);
    }
    assert_eq!(app.report_my_activity().unwrap_err().status, UCWA_CONFLICT);
}

#[test]
fn presence_note_and_location() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.make_me_available(Some(r#"{"supportedModalities":["Messaging"],"signInAs":"Online"}"#)).unwrap();
    app.make_me_available(None).unwrap();
    app.set_mine("presence", Some("Busy")).unwrap();
    assert_eq!(app.mine("presence").unwrap()["availability"], "Busy");
    simulator.clear_requests();
    app.set_mine("presence", None).unwrap();
    assert_eq!(routes(&simulator), ["POST presence"], "its address is remembered");
    app.set_mine("note", Some("Zug fällt aus \"heute\"")).unwrap();
    assert_eq!(app.mine("note").unwrap()["message"], "Zug fällt aus \"heute\"");
    app.set_mine("note", None).unwrap();
    assert_eq!(app.mine("note").unwrap()["message"], "");
    app.set_mine("location", Some("Köln")).unwrap();
    assert_eq!(app.mine("location").unwrap()["location"], "Köln");
    app.set_mine("location", None).unwrap();
    app.report_my_activity().unwrap();
    assert_eq!(app.set_mine("presence", Some("Dancing")).unwrap_err().status, UCWA_INVALID_ARGUMENT);
    for bad in ["[]", "{", "{\"keepActive\":1}"] {
        assert_eq!(app.make_me_available(Some(bad)).unwrap_err().status, UCWA_INVALID_ARGUMENT);
    }
}

#[test]
fn a_new_application_is_made_available_again() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.make_me_available(None).unwrap();
    app.set_mine("presence", Some("Away")).unwrap();
    simulator.delete_applications();
    simulator.clear_requests();
    app.set_mine("presence", Some("Busy")).unwrap();
    assert_eq!((simulator.count("applications"), simulator.count("makeMeAvailable")), (1, 1));
    assert_eq!(app.mine("presence").unwrap()["availability"], "Busy");
}

#[test]
fn phones_and_photos() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let phones = app.mine("phones").unwrap();
    assert!(phones["phones"].is_array() && phones["href"].is_string(), "{phones}");
    let (picture, media_type) = app.photo(None, None).unwrap();
    assert!(media_type == "image/jpeg" && picture.starts_with(&[0xff, 0xd8]));

    let (large, _) = app.photo(Some(SARA), Some("HR240X240")).unwrap();
    assert!(large.starts_with(&[0xff, 0xd8]));
    simulator.clear_requests();
    let (again, _) = app.photo(Some(SARA), Some("HR240X240")).unwrap();
    assert_eq!(large, again);
    let request = simulator.requests().pop().unwrap();
    assert_eq!((request.route.as_str(), request.status), ("contactPhoto", 304), "an unchanged photo is not sent twice");
    assert_eq!(app.photo(Some("MayaC@contoso.com"), None).unwrap_err().status, UCWA_NOT_FOUND);
    simulator.clear_requests();
    for size in ["", "big", "HR1", "HRxXy", "HR96X96&x=y", "hr96x96"] {
        assert_eq!(app.photo(Some(SARA), Some(size)).unwrap_err().status, UCWA_INVALID_ARGUMENT, "{size}");
    }
    assert!(routes(&simulator).is_empty());
    simulator.fault(Fault::on("contactPhoto").status(504).forever());
    assert_eq!(app.photo(Some(SARA), None).unwrap_err().status, UCWA_TIMEOUT);
}

#[test]
fn facets_of_a_contact() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let note = app.facet("note", SARA).unwrap();
    assert_eq!((&note["uri"], &note["message"], &note["type"]), (&json!(SARA), &json!("Back on Monday"), &json!("Personal")));
    assert_eq!(app.facet("location", "sarad@contoso.com").unwrap()["location"], "Redmond");
    assert_eq!(app.facet("supported_modalities", "ManishC@contoso.com").unwrap()["modalities"], json!(["Messaging", "Audio", "Video"]));
    assert_eq!(app.facet("privacy_relationship", SARA).unwrap()["relationshipLevel"], "Workgroup");
    assert_eq!(app.facet("note", "nobody@contoso.com").unwrap_err().status, UCWA_NOT_FOUND);
}

#[test]
fn privacy_is_put_as_the_server_wants_it() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.set_privacy(SARA, "Blocked").unwrap();
    assert_eq!(app.facet("privacy_relationship", SARA).unwrap()["relationshipLevel"], "Blocked");
    let put = simulator.requests().into_iter().find(|request| request.method == "PUT").unwrap();
    assert!(put.headers.iter().any(|(name, value)| name == "if-match" && value.starts_with('"')), "{:?}", put.headers);

    // Somebody else was faster.
    simulator.fault(Fault::on("contactPrivacyRelationship").method("PUT").status(412));
    app.set_privacy(SARA, "Colleagues").unwrap();
    assert_eq!(app.facet("privacy_relationship", SARA).unwrap()["relationshipLevel"], "Colleagues");
    simulator.fault(Fault::on("contactPrivacyRelationship").method("PUT").status(412).forever());
    assert_eq!(app.set_privacy(SARA, "External").unwrap_err().status, UCWA_CONFLICT);
    simulator.clear_faults();
    app.reset_privacy(SARA).unwrap();
    assert_eq!(app.set_privacy("nobody@contoso.com", "External").unwrap_err().status, UCWA_NOT_FOUND);
    assert_eq!(app.set_privacy(SARA, "Nonsense").unwrap_err().status, UCWA_INVALID_ARGUMENT);
}

fn members(app: &App, group: &str) -> Vec<String> {
    let contacts = app.group_contacts(group).unwrap();
    contacts["contacts"].as_array().unwrap().iter().map(|contact| contact["uri"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn groups_come_and_go() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let made = app.add_group("Night Shift").unwrap();
    assert_eq!((&made["rel"], &made["name"]), (&json!("group"), &json!("Night Shift")));
    app.add_contact(SARA, Some("Night Shift")).unwrap();
    app.add_contact("ManishC@contoso.com", Some(made["id"].as_str().unwrap())).unwrap();
    assert_eq!(members(&app, "night shift"), [SARA, "sip:ManishC@contoso.com"]);
    assert_eq!(app.add_contact(SARA, Some("Night Shift")).unwrap_err().status, UCWA_CONFLICT);
    app.rename_group("Night Shift", "Day Shift").unwrap();
    assert_eq!(app.group_contacts("Night Shift").unwrap_err().status, UCWA_NOT_FOUND);
    app.remove_contact(SARA, Some("Day Shift")).unwrap();
    assert_eq!(members(&app, "Day Shift"), ["sip:ManishC@contoso.com"]);
    assert_eq!(app.remove_contact(SARA, Some("Day Shift")).unwrap_err().status, UCWA_NOT_FOUND);
    app.remove_group("Day Shift").unwrap();
    assert_eq!(app.remove_group("Day Shift").unwrap_err().status, UCWA_NOT_FOUND);
    for group in ["pinnedGroup", "Other Contacts"] {
        assert_eq!(app.rename_group(group, "x").unwrap_err().status, UCWA_FORBIDDEN);
        assert_eq!(app.remove_group(group).unwrap_err().status, UCWA_FORBIDDEN);
    }
    assert_eq!(app.add_group(&"x".repeat(257)).unwrap_err().status, UCWA_INVALID_ARGUMENT);
}

#[test]
fn a_group_is_changed_by_its_present_name() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.groups().unwrap();
    // Meanwhile another client gives the name to another group.
    let other = App::on(&simulator);
    other.rename_group("Sales", "Former Sales").unwrap();
    other.add_group("Sales").unwrap();
    app.add_contact("ChrisB@contoso.com", Some("Sales")).unwrap();
    assert_eq!(members(&other, "Sales"), ["sip:ChrisB@contoso.com"]);
    app.remove_contact("ChrisB@contoso.com", Some("Sales")).unwrap();
    other.rename_group("Sales", "S").unwrap();
    other.rename_group("Former Sales", "Sales").unwrap();
    other.rename_group("S", "Former Sales").unwrap();
    app.remove_group("Former Sales").unwrap();
    assert_eq!(members(&other, "Sales").len(), 4, "the group that is called so now is still there");
}

#[test]
fn a_remembered_address_of_privacy_is_resolved_anew_once() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.contacts().unwrap();
    for change in [|app: &App| app.set_privacy(SARA, "Blocked"), |app: &App| app.reset_privacy(SARA)] {
        simulator.clear_requests();
        simulator.fault(Fault::on("contactPrivacyRelationship").status(404));
        change(&app).unwrap();
        assert_eq!((simulator.count("myContacts"), simulator.count("search")), (1, 0));
        simulator.fault(Fault::on("contactPrivacyRelationship").status(404).forever());
        assert_eq!(change(&app).unwrap_err().status, UCWA_NOT_FOUND);
        simulator.clear_faults();
    }
}

#[test]
fn contacts_come_and_go() {
    let simulator = simulator();
    simulator.edit(|directory| directory.add_person(Person::new("sip:new@contoso.com", "New")));
    let app = App::on(&simulator);
    app.add_contact("new@contoso.com", None).unwrap();
    let has_new =
        |app: &App| app.contacts().unwrap()["contacts"].as_array().unwrap().iter().any(|contact| contact["uri"] == "sip:new@contoso.com");
    assert!(has_new(&app));
    app.remove_contact("new@contoso.com", None).unwrap();
    assert!(!has_new(&app));
    assert_eq!(app.add_contact("new@contoso.com", Some("No Such Group")).unwrap_err().status, UCWA_NOT_FOUND);
}

#[test]
fn any_request() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let answer = app.request("GET", "people/myGroups/pinnedGroup", None).unwrap();
    assert_eq!((&answer["status"], &answer["body"]["name"]), (&json!(200), &json!("Pinned Contacts")));
    let href = answer["body"]["_links"]["self"]["href"].as_str().unwrap().to_owned();
    assert_eq!(app.request("get", &href, None).unwrap()["body"], answer["body"]);
    let absolute = format!("{}{}", simulator.url().trim_end_matches('/'), href);
    assert_eq!(app.request("GET", &absolute, None).unwrap()["body"], answer["body"]);

    simulator.clear_requests();
    let answer = app.request("POST", "me/makeMeAvailable", Some("{}")).unwrap();
    assert!(answer["body"].is_null() || answer["body"].is_object(), "{answer}");
    assert_eq!(routes(&simulator), ["POST makeMeAvailable"]);
    let photo = app.request("GET", "people/myContacts/contact[uri=sarad@contoso.com]/contactPhoto", None).unwrap();
    assert!(photo["contentType"] == "image/jpeg" && photo["body"]["base64"].as_str().unwrap().starts_with("/9j/"), "{photo}");
    let put = app
        .request(
            "PUT",
            "people/myContacts/contact[uri=sarad@contoso.com]/contactPrivacyRelationship",
            Some(r#"{"relationshipLevel":"External"}"#),
        )
        .unwrap();
    assert_eq!(put["status"], 200);

    simulator.clear_requests();
    for (method, href, body) in [
        ("BREW", "people", None),
        ("GET", "https://elsewhere.example/x", None),
        ("GET", "//elsewhere.example/x", None),
        ("GET", "javascript:alert(1)", None),
        ("GET", &absolute.replace("localhost", "lenea:secret@localhost"), None),
        ("POST", "/x", Some("{")),
        ("GET", "people[", None),
    ] {
        let failure = app.request(method, href, body).unwrap_err();
        assert_eq!(failure.status, UCWA_INVALID_ARGUMENT, "{method} {href}: {}", failure.message);
    }
    assert!(routes(&simulator).is_empty());
    assert_eq!(app.request("GET", "/nothing/here", None).unwrap_err().json["httpStatus"], 404);
}
