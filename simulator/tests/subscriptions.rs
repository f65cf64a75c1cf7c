//! Presence subscriptions as resources: what can be done with them, how long they live, and what is refused.

mod common;

use std::time::Duration;

use common::{Client, control, header, json, outcome};
use serde_json::{Value, json};
use ucwa_simulator::{Group, GroupKind, Simulator};
use ureq::http::Response;

const MINUTE: Duration = Duration::from_secs(60);
const SARA: &str = "sip:SaraD@contoso.com";
const DANA: &str = "sip:DanaB@contoso.com";

/// The clock stands still unless it is told otherwise.
fn start() -> (Simulator, Client) {
    let simulator = Simulator::builder().clock_speed(0.0).start().unwrap();
    let client = Client::sign_in(&simulator);
    (simulator, client)
}

fn subscribe(client: &Client, uris: &[&str]) -> Response<String> {
    client.post(&client.at("/people/presenceSubscriptions"), &json!({"duration": 10, "Uris": uris})).unwrap()
}

fn href(value: &Value, rel: &str) -> String {
    value["_links"][rel]["href"].as_str().unwrap_or_default().to_owned()
}

fn post_empty(client: &Client, path: &str) -> Response<String> {
    client.send("POST", path, &[], "")
}

fn members(list: &Value) -> Vec<String> {
    let members = list["_embedded"]["presenceSubscriptionMembership"].as_array().unwrap();
    members.iter().map(|member| href(member, "contact").rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn a_subscription_is_made_read_and_ended() {
    let (simulator, client) = start();
    assert_eq!(client.read("/people/presenceSubscriptions")["_embedded"]["presenceSubscription"], json!([]));
    assert!(client.read("/people/subscribedContacts")["_links"].get("contact").is_none());
    let made = subscribe(&client, &[SARA, DANA, "sarad@contoso.com", "Kim@fabrikam.com", "sip:nobody@contoso.com"]);
    assert_eq!(made.status(), 201);
    let subscription = json(&made);
    let own = href(&subscription, "self");
    assert_eq!((header(&made, "location"), &subscription["rel"]), (own.as_str(), &json!("presenceSubscription")));
    assert!(own.ends_with(subscription["id"].as_str().unwrap()));
    assert_eq!(json(&client.get(&own).unwrap()), subscription);
    assert_eq!(client.read("/people/presenceSubscriptions")["_embedded"]["presenceSubscription"], json!([subscription]));
    let expected = ["sip:DanaB@contoso.com", "sip:Kim@fabrikam.com", "sip:nobody@contoso.com", "sip:SaraD@contoso.com"];
    assert_eq!(simulator.subscribed(), expected);
    let addresses = ["danab@contoso.com", "kim@fabrikam.com", "nobody@contoso.com", "sarad@contoso.com"];
    assert_eq!(members(&json(&client.get(&href(&subscription, "memberships")).unwrap())), addresses);
    assert_eq!(members(&client.read("/people/presenceSubscriptionMemberships")), addresses);
    let links: Vec<Value> = addresses.iter().map(|address| json!({"href": client.at(&format!("/people/{address}"))})).collect();
    assert_eq!(client.read("/people/subscribedContacts")["_links"]["contact"], json!(links));
    // Somebody of another company is known from now on.
    assert_eq!(client.read("/people/kim@fabrikam.com")["sourceNetwork"], "Federated");
    assert_eq!(client.get(&client.at("/people/nobody@contoso.com")).unwrap().status(), 404);

    assert_eq!(client.delete(&own).unwrap().status(), 204);
    assert_eq!(outcome(&client.delete(&own).unwrap()), (404, "ResourceNotFound".into()));
    assert_eq!(client.get(&own).unwrap().status(), 404);
    assert!(simulator.subscribed().is_empty());
    assert_eq!(client.send("PUT", &own, &[], "").status(), 405);
}

#[test]
fn members_come_and_go() {
    let (simulator, client) = start();
    let subscription = json(&subscribe(&client, &[SARA]));
    let (add, memberships) = (href(&subscription, "addToPresenceSubscription"), href(&subscription, "memberships"));
    let added = client.post(&add, &json!({"contactUris": [DANA]})).unwrap();
    assert_eq!((added.status().as_u16(), members(&json(&added))), (201, vec!["danab@contoso.com".to_owned()]));
    assert_eq!(client.post(&memberships, &json!({"contactUris": ["sip:yukis@contoso.com"]})).unwrap().status(), 201);
    let all = client.at("/people/presenceSubscriptionMemberships");
    assert_eq!(client.post(&all, &json!({"contactUris": "sip:emmal@contoso.com"})).unwrap().status(), 201);
    assert_eq!(simulator.subscribed().len(), 4);

    let list = json(&client.get(&memberships).unwrap());
    let one = &list["_embedded"]["presenceSubscriptionMembership"][0];
    let own = href(one, "self");
    assert!(own.ends_with(&format!("{},danab@contoso.com", subscription["id"].as_str().unwrap())), "{own}");
    assert_eq!((&json(&client.get(&own).unwrap()), href(one, "presenceSubscription")), (one, href(&subscription, "self")));
    assert_eq!((client.delete(&own).unwrap().status().as_u16(), client.delete(&own).unwrap().status().as_u16()), (204, 404));
    assert_eq!(simulator.subscribed().len(), 3);
    for (path, body) in [(&add, json!({})), (&add, json!({"contactUris": []})), (&memberships, json!({"contactUris": ["no address"]}))] {
        assert_eq!(client.post(path, &body).unwrap().status(), 400, "{body}");
    }
    client.delete(&href(&subscription, "self")).unwrap();
    for path in [&add, &memberships, &all] {
        assert_eq!(client.post(path, &json!({"contactUris": [DANA]})).unwrap().status(), 404, "{path}");
    }
}

#[test]
fn time_is_checked_extended_and_runs_out() {
    let (simulator, client) = start();
    for duration in [json!(9), json!(31), json!("soon"), json!(null)] {
        let body = json!({"duration": duration, "uris": [SARA]});
        let refused = client.post(&client.at("/people/presenceSubscriptions"), &body).unwrap();
        assert_eq!(outcome(&refused), (400, "ParameterValidationFailure".into()), "{duration}");
    }
    let own = href(&json(&subscribe(&client, &[SARA])), "self");
    let extend = |minutes: u32| outcome(&post_empty(&client, &format!("{own}?duration={minutes}")));
    simulator.advance(5 * MINUTE);
    assert_eq!(extend(5), (400, "ParameterValidationFailure".into()));
    assert_eq!(extend(10), (200, String::new()), "15 minutes are left now");
    simulator.advance(15 * MINUTE - Duration::from_millis(1));
    assert_eq!(client.get(&own).unwrap().status(), 200);
    assert_eq!(extend(30).0, 200);
    assert_eq!(extend(30).0, 200, "more than 30 never are");
    simulator.advance(30 * MINUTE - Duration::from_millis(1));
    assert_eq!(client.get(&own).unwrap().status(), 200);
    simulator.advance(Duration::from_millis(1));
    assert_eq!(outcome(&client.get(&own).unwrap()), (404, "ResourceNotFound".into()));
    assert_eq!(extend(30), (404, "ApplicationNotFound".into()), "misleading, as real ones are");
    assert_eq!(client.read("")["rel"], "application");
    assert!(simulator.subscribed().is_empty());
}

#[test]
fn what_is_too_much_is_refused_and_nothing_done() {
    let (simulator, client) = start();
    let limit = (403, "LimitExceeded".to_owned());
    simulator.max_subscription_contacts(2);
    assert_eq!(outcome(&subscribe(&client, &[SARA, DANA, "kim@fabrikam.com"])), limit);
    assert_eq!(client.get(&client.at("/people/kim@fabrikam.com")).unwrap().status(), 404);
    let first = json(&subscribe(&client, &[SARA, DANA]));
    let add = |uri: &str| outcome(&client.post(&href(&first, "addToPresenceSubscription"), &json!({"contactUris": [uri]})).unwrap());
    assert_eq!(add("sip:emmal@contoso.com"), limit);
    assert_eq!(add(SARA).0, 201, "who is in already is none more");
    simulator.max_subscriptions(1);
    assert_eq!(outcome(&subscribe(&client, &["sip:emmal@contoso.com"])), limit);
    simulator.max_subscriptions(0);
    simulator.max_subscribed_contacts(2);
    assert_eq!(outcome(&subscribe(&client, &["sip:emmal@contoso.com"])), limit);
    assert_eq!(subscribe(&client, &[SARA]).status(), 201);
    simulator.max_subscribed_contacts(0);
    assert_eq!(simulator.subscribed(), [DANA, SARA]);

    simulator.refuse_subscriptions_to("EmmaL@contoso.com", true);
    let refused = subscribe(&client, &["sip:yukis@contoso.com", "sip:emmal@contoso.com"]);
    assert_eq!(outcome(&refused), (403, String::new()));
    assert!(!refused.body().to_lowercase().contains("emmal"), "{}", refused.body());
    assert_eq!(simulator.subscribed(), [DANA, SARA]);
    assert_eq!(json(&control(&simulator, "DELETE", "refusals/sip:emmal@contoso.com", "")), json!({"refusals": []}));
    assert_eq!(subscribe(&client, &["sip:emmal@contoso.com"]).status(), 201);
    control(&simulator, "PUT", "refusals/sip:LiWei@contoso.com", "");
    assert_eq!(subscribe(&client, &["sip:liwei@contoso.com"]).status(), 403);
    assert_eq!(json(&control(&simulator, "GET", "refusals", "")), json!({"refusals": ["sip:liwei@contoso.com"]}));
}

#[test]
fn a_group_is_subscribed_to_as_one() {
    let (simulator, client) = start();
    let groups = client.read("/people/groups");
    let pinned = &groups["_embedded"]["pinnedGroup"];
    let link = href(pinned, "subscribeToGroupPresence");
    assert_eq!(client.get(&format!("{link}&duration=10")).unwrap().status(), 405);
    assert_eq!(post_empty(&client, &link).status(), 400);
    let made = post_empty(&client, &format!("{link}&duration=10"));
    let subscription = json(&made);
    assert_eq!((made.status().as_u16(), &subscription["id"]), (201, &pinned["id"]));
    assert_eq!(href(&subscription, "addToPresenceSubscription"), "");
    assert_eq!(simulator.subscribed(), ["sip:JuliaM@contoso.com", "sip:LiWei@contoso.com", "sip:SaraD@contoso.com"]);
    let memberships = href(&subscription, "memberships");
    assert_eq!(client.post(&memberships, &json!({"contactUris": [DANA]})).unwrap().status(), 403);
    let one = href(&json(&client.get(&memberships).unwrap())["_embedded"]["presenceSubscriptionMembership"][0], "self");
    assert_eq!(client.delete(&one).unwrap().status(), 403);

    // It follows the group, and posting again lengthens it.
    simulator.edit(|directory| {
        let pinned = directory.groups().iter().find(|group| group.kind == GroupKind::Pinned).unwrap().id.clone();
        directory.group_mut(&pinned).unwrap().members = vec![SARA.to_owned(), DANA.to_owned()];
    });
    assert_eq!(simulator.subscribed(), [DANA, SARA]);
    simulator.advance(9 * MINUTE);
    assert_eq!(post_empty(&client, &format!("{link}&duration=10")).status(), 201);
    simulator.advance(10 * MINUTE);
    assert_eq!(simulator.subscribed(), [DANA, SARA]);
    simulator.advance(MINUTE);
    assert!(simulator.subscribed().is_empty());

    let id = simulator_group(&simulator);
    let link = format!("{}?groupId={id}&duration=10", client.at("/people/presenceSubscriptions"));
    assert_eq!(post_empty(&client, &link).status(), 201);
    simulator.edit(|directory| drop(directory.remove_group(&id)));
    assert!(simulator.subscribed().is_empty(), "gone with its group");
    assert_eq!(post_empty(&client, &link).status(), 404);
}

fn simulator_group(simulator: &Simulator) -> String {
    let mut id = String::new();
    simulator.edit(|directory| id = directory.add_group(Group::own("Team").with_id("team-1").with_members([SARA])));
    id
}

#[test]
fn the_contact_list_is_subscribed_to() {
    let (simulator, client) = start();
    let subscription = || client.read("/people/contactsAndGroupsSubscription");
    let state = || subscription()["state"].as_str().unwrap().to_owned();
    assert_eq!(state(), "Disconnected");
    let start = href(&subscription(), "startOrRefreshSubscriptionToContactsAndGroups");
    for wrong in ["", "?duration=9", "?duration=61"] {
        assert_eq!(post_empty(&client, &format!("{start}{wrong}")).status(), 400, "{wrong}");
    }
    assert_eq!(post_empty(&client, &format!("{start}?duration=60")).status(), 201);
    simulator.advance(59 * MINUTE);
    assert_eq!(state(), "Connected");
    assert_eq!(post_empty(&client, &format!("{start}?duration=10")).status(), 201);
    simulator.advance(9 * MINUTE);
    assert_eq!(state(), "Connected");
    simulator.advance(MINUTE);
    assert_eq!(state(), "Disconnected");
    post_empty(&client, &format!("{start}?duration=10"));
    assert_eq!(post_empty(&client, &href(&subscription(), "stopSubscriptionToContactsAndGroups")).status(), 204);
    assert_eq!(state(), "Disconnected");
}

#[test]
fn they_belong_to_one_application_and_go_with_it() {
    let (simulator, mut client) = start();
    let own = href(&json(&subscribe(&client, &[SARA])), "self");
    let other = client.post("/ucwa/oauth/v1/applications", &json!({"userAgent": "b", "endpointId": "e2", "culture": "c"})).unwrap();
    let other = href(&json(&other), "self");
    let elsewhere = own.replace(&client.application, &other);
    assert_eq!((client.get(&own).unwrap().status().as_u16(), client.get(&elsewhere).unwrap().status().as_u16()), (200, 404));
    client.delete(&client.application).unwrap();
    assert!(simulator.subscribed().is_empty());
    client.register();
    subscribe(&client, &[SARA]);
    assert_eq!(json(&control(&simulator, "GET", "subscriptions", "")), json!({"subscribed": [SARA], "pendingEvents": 0}));
    simulator.end_subscriptions();
    assert!(simulator.subscribed().is_empty());
    subscribe(&client, &[SARA]);
    control(&simulator, "POST", "subscriptions/expire", "");
    assert!(simulator.subscribed().is_empty());
}
