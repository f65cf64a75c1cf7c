//! Contacts, groups, presence and searching, in the shapes that front ends have.

mod common;

use common::{Client, header, json};
use serde_json::{Value, json};
use ucwa_simulator::{Directory, Group, Note, Person, Simulator};

#[test]
fn presence_looks_like_recorded_presence() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let reply = client.sara().unwrap();
    let own = client.at("/people/sarad@contoso.com/presence");
    let expected = format!(
        r#"{{"availability":"Offline","deviceType":"Unknown","lastActive":"\/Date(1358827096000)\/","_links":{{"self":{{"href":"{own}"}}}},"rel":"contactPresence"}}"#
    );
    assert_eq!(reply.body(), &expected);
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("via", "1.1 SFBFE02.contoso.local RtcExt"),
        ("content-type", "application/json; charset=utf-8"),
        ("expires", "-1"),
        ("x-ms-server-fqdn", "sfbfe01.contoso.local"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ] {
        assert_eq!(header(&reply, name), value, "{name}");
    }
    // In any spelling of the address, and with what was changed.
    assert!(simulator.set_presence("SaraD@Contoso.com", json!({"availability": "Busy", "deviceType": null, "lastActiveMs": null})));
    let changed = client.read("/people/SARAD%40contoso.com/presence");
    assert_eq!(changed, json!({"availability": "Busy", "_links": {"self": {"href": own}}, "rel": "contactPresence"}));
    assert!(!simulator.set_presence("nobody@contoso.com", json!({"availability": "Busy"})));
    assert!(!simulator.set_presence("sarad@contoso.com", json!({"availability": 1})));
}

#[test]
fn a_contact_has_what_is_known() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let sara = client.read("/people/sarad@contoso.com");
    assert_eq!((&sara["uri"], &sara["name"]), (&json!("sip:SaraD@contoso.com"), &json!("Sara Davis")));
    assert_eq!(sara["_links"]["contactPhoto"]["href"], client.at("/photos/SaraD@contoso.com"));
    assert!(sara["expires"].as_str().unwrap().starts_with("/Date("));
    let etag = sara["etag"].as_str().unwrap();
    let known = client.get_with(&client.at("/people/sarad@contoso.com"), &[("If-None-Match", etag)]).unwrap();
    assert_eq!(known.status(), 304);

    let samuel = client.read("/people/samuelb@contoso.com");
    assert!(samuel.get("name").is_none() && samuel.get("emailAddresses").is_none());
    assert_eq!(client.read("/people/samuelb@contoso.com/location").as_object().unwrap().len(), 2);
    assert_eq!(client.read("/people/samuelb@contoso.com/note")["message"], "");
    assert_eq!(client.read("/people/emmal@contoso.com/note")["type"], "OutOfOffice");
    assert_eq!(client.read("/people/sarad@contoso.com/supportedMedia")["modalities"], json!(["Messaging", "Audio"]));
    assert_eq!(client.read("/people/sarad@contoso.com/privacyRelationship")["relationshipLevel"], "Workgroup");
    assert_eq!(client.read("/people/j%C3%B6rgm@contoso.com")["name"], "Jörg Müller");

    let gone = client.get(&client.at("/people/nobody@contoso.com")).unwrap();
    assert_eq!((gone.status().as_u16(), &json(&gone)["subcode"]), (404, &json!("ResourceNotFound")));
    assert_eq!(client.get(&client.at("/nowhere")).unwrap().status(), 404);
    let wrong = client.post(&client.at("/people/sarad@contoso.com"), &json!({})).unwrap();
    assert_eq!((wrong.status().as_u16(), &json(&wrong)["code"]), (405, &json!("MethodNotAllowed")));
    let photo = client.agent.get(format!("{}{}", client.origin, client.at("/photos/SaraD@contoso.com?size=HR48X48")));
    let mut photo = photo.header("Authorization", format!("Bearer {}", client.token)).call().unwrap();
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    assert!(photo.body_mut().read_to_vec().unwrap().starts_with(&[0xFF, 0xD8]));
    assert_eq!(client.get(&client.at("/photos/MayaC@contoso.com")).unwrap().status(), 404);
}

#[test]
fn the_contact_list_comes_embedded_or_linked() {
    let simulator = Simulator::builder().contacts(5_000).start().unwrap();
    let client = Client::sign_in(&simulator);
    let list = client.read("/people/contacts");
    let contacts = list["_embedded"]["contact"].as_array().unwrap();
    assert_eq!(contacts.len(), 5_019);
    let links = client.read("/people/contacts?expand=false");
    assert!(links.get("_embedded").is_none());
    assert_eq!(links["_links"]["contact"].as_array().unwrap().len(), contacts.len());
    assert_eq!(links["_links"]["contact"][0]["href"], contacts[0]["_links"]["self"]["href"]);
}

#[test]
fn groups_are_single_or_many() {
    let mut directory = Directory::default();
    directory.add_group(Group::own("Sales").with_members(["sip:mayac@contoso.com"]));
    let simulator = Simulator::builder().directory(directory).start().unwrap();
    let client = Client::sign_in(&simulator);
    let groups = client.read("/people/groups");
    let embedded = &groups["_embedded"];
    assert_eq!(embedded["pinnedGroup"]["name"], "Pinned Contacts");
    assert_eq!(embedded["defaultGroup"]["name"], "Other Contacts");
    let names: Vec<_> = embedded["group"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Sales", "Support", "Finance", "Büro Köln – 2. Stock", "Sales"]);
    assert!(embedded["distributionGroup"][0]["_links"].get("groupContacts").is_none());

    let href = |value: &Value| value["href"].as_str().unwrap().to_owned();
    let pinned = &embedded["pinnedGroup"];
    let read = |path: &str| json(&client.get(path).unwrap());
    assert_eq!(&read(&href(&pinned["_links"]["self"])), pinned);
    assert!(href(&pinned["_links"]["self"]).ends_with("%3D"));
    let contacts = read(&href(&pinned["_links"]["groupContacts"]));
    assert_eq!((&contacts["rel"], contacts["_embedded"]["contact"].as_array().unwrap().len()), (&json!("groupContacts"), 3));
    let own = href(&contacts["_links"]["self"]);
    assert_ne!(own, href(&pinned["_links"]["groupContacts"]));
    assert_eq!(read(&own), contacts);
    let expanded = read(&href(&embedded["distributionGroup"][0]["_links"]["expandDistributionGroup"]));
    assert_eq!(expanded["_embedded"]["contact"].as_array().unwrap().len(), 4);

    let links = client.read("/people/groups?expand=false");
    assert!(links["_links"]["pinnedGroup"].is_object() && links["_links"]["group"].is_array());
    let routes: Vec<_> = simulator.requests().into_iter().map(|record| record.route).skip(2).collect();
    let expected = ["myGroups", "pinnedGroup", "groupContacts", "groupContacts", "expandDistributionGroup", "myGroups"];
    assert_eq!(routes, expected);
}

#[test]
fn searching_finds_people_and_distribution_groups() {
    let simulator = Simulator::builder().contacts(50).search_default_limit(5).start().unwrap();
    let client = Client::sign_in(&simulator);
    let search = |query: &str| client.get(&client.at(&format!("/people/search?{query}"))).unwrap();
    let found = json(&search("query=yuki"));
    assert_eq!(found["_embedded"]["contact"][0]["name"], "Yuki Sato");
    assert_eq!(found["moreResultsAvailable"], false);
    assert!(json(&search("query=zzzz")).get("_embedded").is_none());
    let many = json(&search("query=contoso.com"));
    assert_eq!((many["_embedded"]["contact"].as_array().unwrap().len(), &many["moreResultsAvailable"]), (5, &json!(true)));
    assert_eq!(json(&search("query=contoso.com&limit=100"))["_embedded"]["contact"].as_array().unwrap().len(), 75);
    assert_eq!(json(&search("query=wardens"))["_embedded"]["distributionGroup"][0]["name"], "Fire Wardens");
    for wrong in [format!("query={}", "x".repeat(257)), "query=a&limit=0".into(), "query=a&limit=101".into(), "limit=5".into()] {
        assert_eq!(search(&wrong).status(), 400, "{wrong}");
    }
}

#[test]
fn the_directory_changes_at_run_time() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    simulator.edit(|directory| {
        let mut ada = Person::new("ada@contoso.com", "Ada");
        ada.note = Some(Note::personal("hello"));
        directory.add_contact(ada, Some("Support"));
        directory.remove_person("sip:sarad@contoso.com");
    });
    assert_eq!(client.read("/people/ada@contoso.com/note")["message"], "hello");
    assert_eq!(client.sara().unwrap().status(), 404);
    let contacts = client.read("/people/contacts").to_string();
    assert!(contacts.contains("sip:ada@") && !contacts.contains("SaraD"));
}

#[test]
fn large_answers_are_compressed_where_asked_for() {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    let groups = client.at("/people/groups");
    // The client undoes gzip by itself, deflate it does not know.
    let packed = client.agent.get(format!("{}{groups}", client.origin)).header("Authorization", format!("Bearer {}", client.token));
    let packed = packed.header("Accept-Encoding", "deflate").call().unwrap();
    assert_eq!(packed.headers()["content-encoding"], "deflate");
    assert_eq!(packed.headers()["transfer-encoding"], "chunked");
    let plain = client.get_with(&groups, &[("Accept-Encoding", "identity")]).unwrap();
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_eq!(json(&client.get(&groups).unwrap()), json(&plain));
}
