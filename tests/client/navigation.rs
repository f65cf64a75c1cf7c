//! Any resource, by a chain of link relations.

use crate::common::*;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Group};

#[test]
fn the_server_s_own_text_is_handed_back() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let strange =
        r#"{"new":[1,{"x":null}],"when":"\/Date(1358827096000)\/","_links":{"self":{"href":"/a","revision":"2"}},"rel":"myGroups"}"#;
    simulator.fault(Fault::on("myGroups").respond(200, strange));
    assert_eq!(app.navigate("people/myGroups").unwrap(), serde_json::from_str::<serde_json::Value>(strange).unwrap());
}

#[test]
fn selectors() {
    let simulator = simulator();
    simulator.edit(|directory| {
        directory.add_group(Group::own("A/B [1]?%"));
    });
    let app = App::on(&simulator);
    assert_eq!(app.navigate("people/myGroups/group[name=Support]").unwrap()["name"], "Support");
    assert_eq!(app.navigate("people/myGroups/group[name=A%2FB %5B1%5D%3F%25]").unwrap()["name"], "A/B [1]?%");
    assert_eq!(app.navigate("people/myGroups/group[0]").unwrap()["name"], "Sales");
    assert_eq!(app.navigate("people/myContacts/contact[uri=SARAD@contoso.com]").unwrap()["name"], "Sara Davis");
    assert_eq!(app.navigate("me").unwrap()["rel"], "me");

    let failure = app.navigate("people/myGroups/group").unwrap_err();
    assert_eq!(failure.status, UCWA_CONFLICT);
    assert!(failure.message.contains("name=Sales") && failure.message.contains("group[index]"), "{}", failure.message);
    for path in
        ["people/myGroups/group[name=sales]", "people/myGroups/group[99]", "people/nothing", "people/myContacts/contact[uri=x@y.example]"]
    {
        let failure = app.navigate(path).unwrap_err();
        assert_eq!(failure.status, UCWA_NOT_FOUND, "{path}");
        let segment = path.rsplit_once('/').unwrap().1;
        assert!(failure.message.contains(segment), "{path}: {}", failure.message);
    }
    assert!(app.navigate("people/nothing").unwrap_err().message.contains("myGroups"), "what there is, is named");
}

#[test]
fn what_appeared_since_signing_in_is_found() {
    let simulator = simulator();
    let app = App::on(&simulator);
    assert_eq!(app.navigate("me/presence").unwrap_err().status, UCWA_NOT_FOUND);
    app.make_me_available(None).unwrap();
    for rel in ["presence", "note", "location", "phones"] {
        assert_eq!(app.navigate(&format!("me/{rel}")).unwrap()["rel"], rel);
    }
    app.request("POST", "me/note", Some(r#"{"message":"here"}"#)).unwrap();
    assert_eq!(app.mine("note").unwrap()["message"], "here");
    simulator.clear_requests();
    assert_eq!(app.navigate("people/nothing/at/all").unwrap_err().status, UCWA_NOT_FOUND);
    assert_eq!(routes(&simulator), ["GET application"], "it is read anew once");
    simulator.clear_requests();
    assert_eq!(app.navigate("people/myGroups/nothing").unwrap_err().status, UCWA_NOT_FOUND);
    assert_eq!(routes(&simulator), ["GET myGroups"], "what was read in this call is as new as can be");
}

#[test]
fn selecting_among_links() {
    let simulator = simulator();
    let app = App::on(&simulator);
    simulator.clear_requests();
    let contact = app.navigate("people/myContacts/contact[uri=sip:sarad@contoso.com]?expand=false").unwrap();
    assert_eq!(contact["name"], "Sara Davis");
    let list = app.navigate("people/myContacts?expand=false").unwrap();
    assert!(list.get("_embedded").is_none(), "{list}");
    let links = list["_links"]["contact"].as_array().unwrap().clone();
    let only_links = serde_json::json!({"_links": {"contact": links}}).to_string();
    simulator.fault(Fault::on("myContacts").respond(200, only_links).forever());
    simulator.clear_requests();
    assert_eq!(app.navigate("people/myContacts/contact[uri=sarad@contoso.com]/contactNote").unwrap()["message"], "Back on Monday");
    assert_eq!(routes(&simulator), ["GET myContacts", "GET contact", "GET contactNote"]);
    assert_eq!(app.navigate("people/myContacts/contact[name=Chris Barry]").unwrap()["uri"], "sip:ChrisB@contoso.com");
    assert!(app.navigate("people/myContacts/contact[1]").unwrap()["uri"].is_string());
}

#[test]
fn query_parameters_are_merged() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let found = app.navigate("people/search?query=sara%20davis&limit=5").unwrap();
    assert_eq!(found["_embedded"]["contact"].as_array().map(Vec::len).or(Some(1)), Some(1));
    let path = "people/myGroups/group[name=Sales]/groupContacts?expand=false";
    app.navigate(path).unwrap();
    let request = simulator.requests().into_iter().rfind(|request| request.route == "groupContacts").unwrap();
    assert!(request.target.contains("groupId=") && request.target.contains("expand=false"), "{}", request.target);
    assert_eq!(request.target.matches('?').count(), 1);
}

#[test]
fn malformed_paths() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for path in ["/people", "people/", "people//me", "people[", "people[x]", "people[0][1]", "people]"] {
        let failure = app.navigate(path).unwrap_err();
        assert_eq!(failure.status, UCWA_INVALID_ARGUMENT, "{path}");
    }
    assert!(routes(&simulator).is_empty());
}

#[test]
fn what_is_no_resource() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let failure = app.navigate("people/myContacts/contact[uri=sarad@contoso.com]/contactPhoto").unwrap_err();
    assert_eq!((failure.status, failure.json["httpStatus"].as_u64()), (UCWA_PROTOCOL, Some(200)), "{}", failure.message);
    simulator.fault(Fault::on("myGroups").html_page(200));
    let failure = app.navigate("people/myGroups").unwrap_err();
    assert_eq!(failure.status, UCWA_PROTOCOL);
    assert!(failure.message.contains("GET https://localhost") && failure.message.contains("text/html"), "{}", failure.message);
    for text in ["[]", "1", "{\"a\":", ""] {
        simulator.fault(Fault::on("myGroups").respond(200, text));
        assert_eq!(app.navigate("people/myGroups").unwrap_err().status, UCWA_PROTOCOL, "{text}");
    }
}
