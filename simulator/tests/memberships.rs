//! What the user does to the contact list: groups, who is in them, and privacy.

mod common;

use common::{Client, REVISION_2, header, json, outcome};
use serde_json::{Value, json};
use ucwa_simulator::{Change, ChangeKind, Group, Simulator};
use ureq::http::Response;

fn start() -> (Simulator, Client) {
    let simulator = Simulator::builder().special_groups(true).start().unwrap();
    let client = Client::sign_in(&simulator);
    (simulator, client)
}

fn named(client: &Client, name: &str) -> Value {
    let groups = client.read_2("/people/groups");
    let all = groups["_embedded"].as_object().unwrap().values();
    let mut all = all.flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]));
    all.find(|group| group["name"] == name).unwrap_or_default()
}

fn href(resource: &Value, rel: &str) -> String {
    resource["_links"][rel]["href"].as_str().unwrap_or_else(|| panic!("no {rel}: {resource}")).to_owned()
}

fn put(client: &Client, path: &str, tag: &str, body: &Value) -> Response<String> {
    client.send("PUT", path, &[REVISION_2, ("If-Match", tag), ("Content-Type", "application/json")], &body.to_string())
}

/// The resource without its links, to send back.
fn bare(mut resource: Value) -> Value {
    resource.as_object_mut().unwrap().remove("_links");
    resource
}

fn contacts(client: &Client) -> Vec<String> {
    let list = client.read("/people/contacts");
    list["_embedded"]["contact"].as_array().unwrap().iter().map(|contact| contact["uri"].as_str().unwrap().to_owned()).collect()
}

fn happened(simulator: &Simulator) -> Vec<(ChangeKind, &'static str)> {
    let changes = simulator.changes().into_iter().map(|change: Change| (change.kind, change.rel)).collect();
    simulator.clear_changes();
    changes
}

#[test]
fn groups_are_created() {
    let (simulator, client) = start();
    assert_eq!(client.read_2("/people")["_links"]["myGroups"], json!({"href": client.at("/people/groups"), "revision": "2"}));
    let groups = client.at("/people/groups");
    let create = |name: &str| outcome(&client.send_2("POST", &groups, &json!({"displayName": name})));
    let reply = client.send_2("POST", &groups, &json!({"DisplayName": " Küche & Co "}));
    assert_eq!((reply.status().as_u16(), reply.body().as_str()), (204, ""));
    assert_eq!(named(&client, "Küche & Co")["rel"], "group");
    assert_eq!(create("KÜCHE & co"), (409, "AlreadyExists".into()));
    assert_eq!(create(&"ü".repeat(256)), (204, String::new()));
    for wrong in ["ü".repeat(257), " ".into()] {
        assert_eq!(create(&wrong), (400, "ParameterValidationFailure".into()));
    }
    assert_eq!(client.send_2("POST", &groups, &json!({})).status(), 400);
    assert_eq!(happened(&simulator), [(ChangeKind::Added, "group"); 2]);
    let groups_now = client.read("/people/groups?expand=false")["_links"].to_string().matches("/people/groups/").count();
    simulator.max_groups(groups_now);
    assert_eq!(create("One more"), (409, "TooManyGroups".into()));
    simulator.max_groups(0);
    assert_eq!(create("One more"), (204, String::new()));

    let first = client.post(&groups, &json!({"displayName": "x"})).unwrap();
    assert_eq!((first.status().as_u16(), header(&first, "allow")), (405, "GET"), "the first revision can only be read");
    let third = client.send("POST", &groups, &[("X-MS-RequiresMinResourceVersion", "3.0")], "{}");
    assert_eq!(outcome(&third), (404, "APIVersionNotSupported".into()));
}

#[test]
fn groups_are_renamed() {
    let (simulator, client) = start();
    let sales = named(&client, "Sales");
    let path = href(&sales, "self");
    assert_eq!(client.read_2(path.strip_prefix(&client.application).unwrap()), sales);
    let first = json(&client.get(&path).unwrap());
    assert_eq!((first.get("etag"), first.as_object().unwrap().len()), (None, 4), "the first revision has nothing to pass back");
    let tag = sales["etag"].as_str().unwrap();
    let known = client.get_with(&path, &[REVISION_2, ("If-None-Match", tag)]).unwrap();
    assert_eq!((known.status().as_u16(), header(&known, "etag")), (304, format!("\"{tag}\"").as_str()));

    let mut change = bare(sales.clone());
    change["name"] = json!("Sales & More");
    let unconditional = client.send_2("PUT", &path, &change);
    assert_eq!((outcome(&unconditional).0, &json(&unconditional)["code"]), (428, &json!("PreconditionRequired")));
    assert_eq!(put(&client, &path, "\"1\"", &change).status(), 412);
    let echo = change.as_object().unwrap().iter().find(|(_, value)| *value == "please pass this in a PUT request").unwrap().0.clone();
    assert_eq!(echo.len(), 36);
    let mut wrong = change.clone();
    wrong.as_object_mut().unwrap().remove(&echo);
    assert_eq!(put(&client, &path, tag, &wrong).status(), 400, "the property has to come back");
    let (taken, long) = (json!("Support"), json!("x".repeat(257)));
    for (member, value, status) in [("id", json!("7"), 400), ("name", taken, 409), ("name", json!(""), 400), ("name", long, 400)] {
        let mut wrong = change.clone();
        wrong[member] = value;
        assert_eq!(put(&client, &path, tag, &wrong).status(), status, "{wrong}");
    }
    assert!(simulator.changes().is_empty());
    let reply = put(&client, &path, &format!("\"{tag}\""), &change);
    assert_eq!((reply.status().as_u16(), reply.body().as_str()), (200, ""));
    assert_eq!(happened(&simulator), [(ChangeKind::Updated, "group")]);
    let renamed = named(&client, "Sales & More");
    assert_eq!((&renamed["id"], renamed["etag"] == sales["etag"]), (&sales["id"], false));
    assert_eq!(put(&client, &path, tag, &change).status(), 412, "it is another one by now");

    for name in ["Pinned Contacts", "Other Contacts", "Sales Team", "Delegates", "My Organization"] {
        let path = href(&named(&client, name), "self");
        for method in ["PUT", "DELETE", "OPTIONS"] {
            let refused = client.send_2(method, &path, &json!({"name": "x"}));
            assert_eq!((refused.status().as_u16(), header(&refused, "allow")), (405, "GET"), "{method} {name}");
        }
    }
    assert_eq!(client.delete(&path).unwrap().status(), 405);
    assert_eq!(client.send_2("DELETE", &client.at("/people/groups/none"), &Value::Null).status(), 404);
}

#[test]
fn deleted_groups_leave_their_contacts() {
    let (simulator, client) = start();
    let before = contacts(&client).len();
    let support = named(&client, "Support");
    assert_eq!(client.send_2("DELETE", &href(&support, "self"), &Value::Null).status(), 204);
    assert_eq!(client.get(&href(&support, "self")).unwrap().status(), 404);
    assert_eq!(contacts(&client).len(), before);
    let others = json(&client.get(&href(&named(&client, "Other Contacts"), "groupContacts")).unwrap()).to_string();
    // Julia is pinned, so she needs no other place.
    assert!(others.contains("sip:OmarH@") && !others.contains("sip:JuliaM@"));
    assert!(happened(&simulator).contains(&(ChangeKind::Deleted, "group")));
}

#[test]
fn contacts_come_and_go() {
    let (simulator, client) = start();
    let memberships = client.at("/people/groupMemberships");
    let add = |uri: &str, group: Option<&str>| client.send_2("POST", &memberships, &json!({"contactUri": uri, "groupId": group}));
    let of = |id: &str| {
        client.read(&format!("/people/groupMemberships?groupId={}", id.replace('=', "%3D")))["_embedded"]["myGroupMembership"].clone()
    };
    let sales = named(&client, "Sales");
    let id = sales["id"].as_str().unwrap();
    assert_eq!(of(id).as_array().unwrap().len(), 4);

    let added = add("sip:YukiS@contoso.com", Some(id));
    assert_eq!(added.status(), 201);
    let membership = json(&added);
    assert_eq!((&membership["rel"], header(&added, "location")), (&json!("myGroupMembership"), href(&membership, "self").as_str()));
    assert_eq!((href(&membership, "contact"), href(&membership, "group")), (client.at("/people/yukis@contoso.com"), href(&sales, "self")));
    assert_eq!(json(&client.get(&href(&membership, "self")).unwrap()), membership);
    assert_eq!(happened(&simulator), [(ChangeKind::Added, "contact"); 2], "to the group, and to the list");
    assert_eq!(outcome(&add("yukis@contoso.com", Some(id))), (409, "AlreadyExists".into()));
    assert!(contacts(&client).contains(&"sip:YukiS@contoso.com".to_owned()));
    let pinned = named(&client, "Pinned Contacts");
    assert_eq!(add("yukis@contoso.com", pinned["id"].as_str()).status(), 201);

    assert_eq!(client.delete(&href(&membership, "self")).unwrap().status(), 405);
    assert_eq!(client.send_2("DELETE", &href(&membership, "self"), &Value::Null).status(), 204);
    assert_eq!(client.send_2("DELETE", &href(&membership, "self"), &Value::Null).status(), 404);
    assert!(contacts(&client).contains(&"sip:YukiS@contoso.com".to_owned()), "still pinned");
    // By query, as some clients do.
    let all = json(&client.send_2("GET", &memberships, &Value::Null));
    assert_eq!(all["_links"]["removeContactFromAllGroups"]["revision"], "2");
    let remove = format!("{}?contactUri=sip%3Ayukis%40contoso.com", href(&all, "removeContactFromAllGroups"));
    simulator.clear_changes();
    assert_eq!(client.send_2("POST", &remove, &Value::Null).status(), 204);
    assert_eq!(happened(&simulator), [(ChangeKind::Deleted, "contact"); 2]);
    assert!(!contacts(&client).contains(&"sip:YukiS@contoso.com".to_owned()));
    assert_eq!(client.send_2("POST", &remove, &Value::Null).status(), 404);
    assert_eq!(client.get(&memberships).unwrap().status(), 200);
    assert!(client.read("/people/groupMemberships")["_links"].get("removeContactFromAllGroups").is_none());
    assert_eq!(client.post(&memberships, &json!({"contactUri": "yukis@contoso.com"})).unwrap().status(), 405);
}

#[test]
fn not_everybody_can_be_added_everywhere() {
    let (simulator, client) = start();
    let memberships = client.at("/people/groupMemberships");
    let add = |uri: &str, group: &str| {
        let id = named(&client, group)["id"].clone();
        outcome(&client.send_2("POST", &memberships, &json!({"contactUri": uri, "groupId": id})))
    };
    assert_eq!(add("yukis@contoso.com", "Sales Team"), (403, String::new()));
    assert_eq!(add("yukis@contoso.com", "My Organization"), (403, "OperationNotSupported".into()));
    assert_eq!(add("yukis@contoso.com", "People I Manage Calls For"), (403, "OperationNotSupported".into()));
    assert_eq!(add("nobody@contoso.com", "Sales"), (404, "DestinationNotFound".into()));
    assert_eq!(add("no address", "Sales").0, 400);
    assert_eq!(add(&format!("{}@x.example", "x".repeat(245)), "Sales").0, 400);
    let lost = client.send_2("POST", &memberships, &json!({"contactUri": "yukis@contoso.com", "groupId": "none"}));
    assert_eq!(lost.status(), 404);
    let organisation = named(&client, "My Organization")["id"].as_str().unwrap().replace('=', "%3D");
    assert_eq!(client.get(&format!("{memberships}?groupId={organisation}")).unwrap().status(), 403);

    // Somebody of another company, who lands in the default group.
    let stranger = client.send_2("POST", &memberships, &json!({"contactUri": "sip:Kim@fabrikam.com"}));
    assert_eq!((stranger.status().as_u16(), href(&json(&stranger), "defaultGroup").is_empty()), (201, false));
    assert_eq!(client.read("/people/kim@fabrikam.com")["sourceNetwork"], "Federated");

    simulator.edit(|directory| {
        let delegates = directory.group_named_mut("Delegates").unwrap();
        delegates.members.extend((0..23).map(|number| format!("sip:delegate{number}@contoso.com")));
    });
    assert_eq!(add("yukis@contoso.com", "Delegates"), (403, "LimitExceeded".into()));
    simulator.max_contacts(contacts(&client).len());
    assert_eq!(add("yukis@contoso.com", "Sales"), (409, "LimitExceeded".into()));
    assert_eq!(add("omarh@contoso.com", "Sales").0, 201, "who is a contact already is none more");
}

#[test]
fn distribution_groups_are_listed_and_taken_off() {
    let (simulator, client) = start();
    let wardens = client.read("/people/search?query=wardens")["_embedded"]["distributionGroup"][0].clone();
    let add = href(&wardens, "addToContactList");
    let body = json!({"displayName": "Fire Wardens", "smtpAddress": "FireWardens@contoso.com"});
    assert_eq!(client.post(&add, &body).unwrap().status(), 204);
    assert_eq!(outcome(&client.post(&add, &body).unwrap()), (409, "AlreadyExists".into()));
    assert_eq!(client.post(&add, &json!({"displayName": "x", "smtpAddress": "none@contoso.com"})).unwrap().status(), 404);
    assert_eq!(client.post(&add, &json!({"smtpAddress": "none@contoso.com"})).unwrap().status(), 400);
    assert_eq!(client.get(&add).unwrap().status(), 405);

    let listed = named(&client, "Fire Wardens");
    let remove = href(&listed, "removeFromContactList");
    assert_eq!(client.post(&remove, &json!({"groupId": listed["id"]})).unwrap().status(), 204);
    assert_eq!(client.post(&remove, &json!({"groupId": listed["id"]})).unwrap().status(), 404);
    assert!(named(&client, "Fire Wardens").is_null());
    assert_eq!(happened(&simulator), [(ChangeKind::Added, "distributionGroup"), (ChangeKind::Deleted, "distributionGroup")]);
    simulator.max_groups(1);
    assert_eq!(outcome(&client.post(&add, &body).unwrap()), (409, "TooManyGroups".into()));
}

#[test]
fn special_groups_are_single() {
    let (_simulator, client) = start();
    let groups = client.read("/people/groups");
    for (rel, count) in [("delegatesGroup", 2), ("delegatorsGroup", 1), ("myOrganizationGroup", 3)] {
        let group = &groups["_embedded"][rel];
        assert_eq!(&json(&client.get(&href(group, "self")).unwrap()), group);
        let contacts = json(&client.get(&href(group, "groupContacts")).unwrap());
        assert_eq!(contacts["_embedded"]["contact"].as_array().unwrap().len(), count, "{rel}");
    }
    assert_eq!(contacts(&client).len(), 19, "whose delegate the user is, is no contact by that");
}

#[test]
fn privacy_is_changed_and_reset() {
    let (simulator, client) = start();
    let path = client.at("/people/sarad@contoso.com/privacyRelationship");
    assert_eq!(client.read_2("/people/sarad@contoso.com")["_links"]["contactPrivacyRelationship"]["revision"], "2");
    let first = client.get(&path).unwrap();
    assert_eq!((json(&first).as_object().unwrap().len(), header(&first, "etag")), (3, ""));
    assert_eq!(client.send("PUT", &path, &[("If-Match", "*")], "{}").status(), 405);

    let revised = client.send_2("GET", &path, &Value::Null);
    let relationship = json(&revised);
    let tag = relationship["etag"].as_str().unwrap();
    assert_eq!((header(&revised, "etag"), &relationship["relationshipLevel"]), (format!("\"{tag}\"").as_str(), &json!("Workgroup")));
    assert_eq!(client.get_with(&path, &[REVISION_2, ("If-None-Match", tag)]).unwrap().status(), 304);
    let mut change = bare(relationship.clone());
    change["relationshipLevel"] = json!("FriendsAndFamily");
    assert_eq!(client.send_2("PUT", &path, &change).status(), 428);
    assert_eq!(put(&client, &path, "\"0\"", &change).status(), 412);
    assert_eq!(put(&client, &path, tag, &json!({"relationshipLevel": "Blocked"})).status(), 400, "nothing was passed back");
    let mut wrong = change.clone();
    wrong["relationshipLevel"] = json!("Friends");
    assert_eq!(put(&client, &path, tag, &wrong).status(), 400);
    assert_eq!(put(&client, &path, tag, &change).status(), 200);
    assert_eq!(happened(&simulator), [(ChangeKind::Updated, "contactPrivacyRelationship")]);
    assert_eq!(json(&client.get(&path).unwrap())["relationshipLevel"], "FriendsAndFamily");
    let family = client.read("/people/privacyRelationships/FriendsAndFamily");
    assert_eq!(family["_links"]["contact"], json!([{"href": client.at("/people/sarad@contoso.com")}]));
    let all = client.read("/people/privacyRelationships");
    assert!(all["_embedded"]["myPrivacyRelationship"].as_array().unwrap().contains(&family));

    let reset = href(&relationship, "resetContactPrivacyRelationship");
    assert_eq!(client.send_2("POST", &reset, &Value::Null).status(), 204);
    assert_eq!(json(&client.get(&path).unwrap())["relationshipLevel"], "Colleagues");
    assert_eq!(client.send_2("GET", &reset, &Value::Null).status(), 405);
    let nobody = client.at("/people/nobody@contoso.com/privacyRelationship");
    assert_eq!(
        (client.send_2("GET", &nobody, &Value::Null).status(), put(&client, &nobody, "*", &json!({})).status()),
        (404.try_into().unwrap(), 404.try_into().unwrap())
    );
}

#[test]
fn the_second_revision_may_be_there_unasked() {
    let simulator = Simulator::builder().always_revised(true).start().unwrap();
    let client = Client::sign_in(&simulator);
    assert_eq!(client.read("/people/groups"), client.read_2("/people/groups"));
    assert_eq!(client.read("/people")["_links"]["myGroups"]["revision"], "2");
    assert_eq!(client.post(&client.at("/people/groups"), &json!({"displayName": "Küche"})).unwrap().status(), 204);
    simulator.always_revised(false);
    assert_eq!(client.post(&client.at("/people/groups"), &json!({"displayName": "Bad"})).unwrap().status(), 405);
}

#[test]
fn a_directory_of_ones_own_is_changed_as_well() {
    let mut directory = ucwa_simulator::Directory::default();
    directory.add_group(Group::own("A,B").with_id("1,2").with_members(["sip:sarad@contoso.com"]));
    let simulator = Simulator::builder().directory(directory).start().unwrap();
    let client = Client::sign_in(&simulator);
    let memberships = client.read("/people/groupMemberships?groupId=1%2C2");
    let own = href(&memberships["_embedded"]["myGroupMembership"][0], "self");
    assert_eq!(client.get(&own).unwrap().status(), 200);
    assert_eq!(client.send_2("DELETE", &own, &Value::Null).status(), 204);
}
