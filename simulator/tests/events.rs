//! The event channel: how P-GETs wait, what they are told, and how the channel is lost and found again.

mod common;

use std::thread::JoinHandle;
use std::time::Duration;

use common::{Client, control, json, outcome};
use serde_json::{Value, json};
use ucwa_simulator::{Fault, Group, GroupKind, Note, Person, Simulator};

const SECOND: Duration = Duration::from_secs(1);
/// Far more than anything takes; only a defect waits so long.
const PATIENCE: Duration = Duration::from_secs(120);
const SARA: &str = "sip:SaraD@contoso.com";
const DANA: &str = "sip:DanaB@contoso.com";

/// The clock stands still unless it is told otherwise.
fn start() -> (Simulator, Client) {
    let simulator = Simulator::builder().clock_speed(0.0).start().unwrap();
    let client = Client::sign_in(&simulator);
    (simulator, client)
}

/// A P-GET on its way.
type Pending = JoinHandle<Result<(u16, Value), ureq::Error>>;

fn send(client: &Client, path: &str) -> Pending {
    let request = client.agent.get(format!("{}{path}", client.origin)).header("Authorization", format!("Bearer {}", client.token));
    let request = request.config().timeout_global(Some(PATIENCE)).build();
    std::thread::spawn(move || {
        let mut reply = request.call()?;
        let body = reply.body_mut().read_to_string()?;
        Ok((reply.status().as_u16(), serde_json::from_str(&body).unwrap_or_default()))
    })
}

/// Sends a P-GET and waits until it waits.
fn park(simulator: &Simulator, client: &Client, path: &str) -> Pending {
    let before = simulator.pending_events();
    let pending = send(client, path);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == before + 1));
    pending
}

fn answered(pending: Pending) -> Value {
    let (status, body) = pending.join().unwrap().unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

fn link(answer: &Value, rel: &str) -> String {
    answer["_links"][rel]["href"].as_str().unwrap_or_default().to_owned()
}

fn subscribe(client: &Client, uris: &[&str]) -> Value {
    let reply = client.post(&client.at("/people/presenceSubscriptions"), &json!({"duration": 30, "uris": uris})).unwrap();
    assert_eq!(reply.status(), 201);
    json(&reply)
}

fn busy(simulator: &Simulator, uri: &str) {
    assert!(simulator.set_presence(uri, json!({"availability": "Busy", "activity": "in-a-meeting"})));
}

/// Sender, type, relation and the end of the address of each event.
fn told(answer: &Value) -> Vec<String> {
    let senders = answer["sender"].as_array().cloned().unwrap_or_default();
    let mut told = Vec::new();
    for sender in senders {
        for event in sender["events"].as_array().unwrap() {
            let within = event["in"]["rel"].as_str().map_or(String::new(), |rel| format!(" in {rel}"));
            let href = event["link"]["href"].as_str().unwrap();
            let place = href.split_once("/people/").or(href.split_once("/me")).map_or("", |(_, place)| place);
            told.push(format!(
                "{}: {} {} {place}{within}",
                sender["rel"].as_str().unwrap(),
                event["type"].as_str().unwrap(),
                event["link"]["rel"].as_str().unwrap()
            ));
        }
    }
    told
}

/// Subscribes to Sara and takes what comes of that; gives the next address.
fn subscribed_to_sara(simulator: &Simulator, client: &Client) -> String {
    subscribe(client, &[SARA]);
    simulator.advance(5 * SECOND);
    link(&answered(send(client, &client.at("/events?ack=1"))), "next")
}

#[test]
fn what_follows_a_subscription_is_told() {
    let (simulator, client) = start();
    assert_eq!(link(&client.read(""), "events"), client.at("/events?ack=1"));
    let pending = park(&simulator, &client, &client.at("/events?ack=1"));
    assert_eq!(simulator.outstanding(), 1, "it is a request under way");
    let subscription = subscribe(&client, &[SARA, DANA, "sip:nobody@contoso.com"]);
    simulator.advance(5 * SECOND);
    let first = answered(pending);
    let id = subscription["id"].as_str().unwrap();
    let expected = [
        "people: added contact danab@contoso.com in subscribedContacts".to_owned(),
        "people: added contact sarad@contoso.com in subscribedContacts".to_owned(),
        format!("people: added presenceSubscription presenceSubscriptions/{id}"),
        "people: updated contactPresence danab@contoso.com/presence in contact".to_owned(),
        "people: updated contactPresence sarad@contoso.com/presence in contact".to_owned(),
    ];
    assert_eq!(told(&first), expected);
    let sara = json!({
        "link": {"rel": "contactPresence", "href": client.at("/people/sarad@contoso.com/presence")},
        "in": {"rel": "contact", "href": client.at("/people/sarad@contoso.com")},
        "type": "updated",
    });
    assert_eq!(first["sender"][0]["events"][4], sara);
    assert_eq!(first["sender"][0]["events"][0]["link"]["title"], "Dana Birkby");
    assert_eq!((&first["sender"][0]["rel"], &first["sender"][0]["href"]), (&json!("people"), &json!(client.at("/people"))));

    let pending = park(&simulator, &client, &link(&first, "next"));
    busy(&simulator, SARA);
    // Nobody asked for these.
    busy(&simulator, "sip:yukis@contoso.com");
    simulator.edit(|directory| {
        let sara = directory.person_mut(SARA).unwrap();
        (sara.note, sara.location) = (Some(Note::personal("new")), None);
        sara.modalities.push("Video".into());
        sara.title = Some("Director".into());
        sara.presence.device_type = Some("Mobile".into());
    });
    simulator.advance(5 * SECOND);
    let expected = [
        "people: updated contactPresence sarad@contoso.com/presence in contact",
        "people: updated contactNote sarad@contoso.com/note in contact",
        "people: updated contactLocation sarad@contoso.com/location in contact",
        "people: updated contactSupportedModalities sarad@contoso.com/supportedMedia in contact",
        "people: updated contact sarad@contoso.com",
    ];
    assert_eq!(told(&answered(pending)), expected, "presence changed twice and is told once");
}

#[test]
fn sets_are_told_until_they_are_acknowledged() {
    let (simulator, client) = start();
    let second = subscribed_to_sara(&simulator, &client);
    assert!(second.contains("?ack=2&key="), "{second}");
    busy(&simulator, SARA);
    simulator.advance(5 * SECOND);
    let set = answered(send(&client, &second));
    assert_eq!(told(&set).len(), 1);
    // The answer was lost: the same again, whatever has happened since.
    simulator.set_presence(SARA, json!({"availability": "Away"}));
    simulator.advance(5 * SECOND);
    assert_eq!(answered(send(&client, &second)), set);
    let third = link(&set, "next");

    let first_again = answered(send(&client, &client.at("/events?ack=1")));
    assert_eq!(first_again, json!({"_links": {"resync": {"href": second}}}));
    for made_up in [second.replace("ack=2", "ack=4"), third.replace("key=", "key=x"), third.split('&').next().unwrap().to_owned()] {
        assert_eq!(answered(send(&client, &made_up)), first_again, "{made_up}");
    }
    assert_eq!(answered(send(&client, &second)), set);
    let next = answered(send(&client, &third));
    assert_eq!(told(&next), ["people: updated contactPresence sarad@contoso.com/presence in contact"]);
    assert_eq!(answered(send(&client, &second)), json!({"_links": {"resync": {"href": third}}}));
    assert_eq!(answered(send(&client, &third)), next);
}

#[test]
fn parameters_are_checked_and_remembered() {
    let (simulator, client) = start();
    let first = client.at("/events?ack=1");
    for wrong in ["low=4", "low=1801", "medium=4", "medium=soon", "timeout=179", "timeout=1801", "priority=-1", "ack=0"] {
        let path = if wrong.starts_with("ack") { client.at("/events?ack=0") } else { format!("{first}&{wrong}") };
        assert_eq!(outcome(&client.get(&path).unwrap()), (400, "ParameterValidationFailure".into()), "{wrong}");
    }
    assert_eq!(client.get(&client.at("/events")).unwrap().status(), 400);
    assert_eq!(client.delete(&first).unwrap().status(), 405);
    subscribe(&client, &[SARA]);
    let pending = park(&simulator, &client, &format!("{first}&medium=60&timeout=300"));
    simulator.advance(59 * SECOND);
    assert_eq!(simulator.pending_events(), 1);
    simulator.advance(SECOND);
    let next = link(&answered(pending), "next");

    // One parameter changes; the other stays.
    let pending = park(&simulator, &client, &format!("{next}&timeout=180&priority=0"));
    simulator.advance(100 * SECOND);
    busy(&simulator, SARA);
    simulator.advance(59 * SECOND);
    assert_eq!(simulator.pending_events(), 1);
    simulator.advance(SECOND);
    let next = link(&answered(pending), "next");
    let pending = park(&simulator, &client, &next);
    simulator.advance(180 * SECOND - Duration::from_millis(1));
    assert_eq!(simulator.pending_events(), 1);
    simulator.advance(Duration::from_millis(1));
    let nothing = answered(pending);
    assert_eq!(nothing, json!({"_links": {"next": {"href": link(&nothing, "next")}}}), "only where to go on");
    assert_ne!(link(&nothing, "next"), next);
    park(&simulator, &client, &link(&nothing, "next"));
}

#[test]
fn what_is_urgent_takes_the_rest_along() {
    let (simulator, client) = start();
    let next = subscribed_to_sara(&simulator, &client);
    let list = client.at("/people/contactsAndGroupsSubscription");
    assert_eq!(client.send("POST", &format!("{list}/startOrRefresh?duration=60"), &[], "").status(), 201);
    let pending = park(&simulator, &client, &next);
    busy(&simulator, SARA);
    simulator.advance(4 * SECOND);
    assert_eq!(simulator.pending_events(), 1);
    simulator.edit(|directory| directory.add_contact(Person::new("sip:new@contoso.com", "New"), Some("Sales")));
    let set = answered(pending);
    let group = simulator_group_id(&simulator, "Sales").replace('=', "%3D");
    let expected = [
        "people: updated contactPresence sarad@contoso.com/presence in contact",
        "people: added contact new@contoso.com in group",
        "people: added contact new@contoso.com in myContacts",
    ];
    assert_eq!(told(&set), expected);
    assert_eq!(set["sender"][0]["events"][1]["in"]["href"], client.at(&format!("/people/groups/{group}")));

    // The least urgent waits longest.
    let pending = park(&simulator, &client, &link(&set, "next"));
    simulator.edit(|directory| drop(directory.add_group(Group::new(GroupKind::Organization, "Us"))));
    simulator.advance(14 * SECOND);
    assert_eq!(simulator.pending_events(), 1);
    simulator.advance(SECOND);
    let set = answered(pending);
    assert_eq!(told(&set).len(), 1);
    assert!(told(&set)[0].starts_with("people: added myOrganizationGroup groups/") && told(&set)[0].ends_with(" in myGroups"));

    let mut id = String::new();
    simulator.edit(|directory| id = directory.add_group(Group::own("Team").with_id("7")));
    simulator.edit(|directory| directory.group_mut("7").unwrap().name = "The team".into());
    simulator.edit(|directory| drop(directory.remove_group("7")));
    let set = answered(send(&client, &link(&set, "next")));
    let expected = ["added", "updated", "deleted"].map(|kind| format!("people: {kind} group groups/7 in myGroups"));
    assert_eq!(told(&set), [expected[0].clone(), expected[2].clone()], "what changes while it is new is new");
}

fn simulator_group_id(simulator: &Simulator, name: &str) -> String {
    let mut id = String::new();
    simulator.edit(|directory| id = directory.group_named(name).unwrap().id.clone());
    id
}

#[test]
fn the_end_of_subscriptions_is_told() {
    let (simulator, client) = start();
    let start = format!("{}/startOrRefresh?duration=30", client.at("/people/contactsAndGroupsSubscription"));
    assert_eq!(client.send("POST", &start, &[], "").status(), 201);
    let next = subscribed_to_sara(&simulator, &client);
    let id = client.read("/people/presenceSubscriptions")["_embedded"]["presenceSubscription"][0]["id"].as_str().unwrap().to_owned();
    let pending = park(&simulator, &client, &format!("{next}&timeout=1800"));
    simulator.advance(29 * 60 * SECOND);
    simulator.advance(5 * SECOND);
    let soon = answered(pending);
    assert_eq!(told(&soon), [format!("people: updated presenceSubscription presenceSubscriptions/{id}")]);
    let pending = park(&simulator, &client, &link(&soon, "next"));
    simulator.advance(60 * SECOND);
    assert!(simulator.subscribed().is_empty());
    simulator.advance(5 * SECOND);
    let expected = [
        "people: updated myContactsAndGroupsSubscription contactsAndGroupsSubscription".to_owned(),
        "people: deleted contact sarad@contoso.com in subscribedContacts".to_owned(),
        format!("people: deleted presenceSubscription presenceSubscriptions/{id}"),
    ];
    let over = answered(pending);
    let mut all = told(&over);
    all.sort_by_key(|event| !event.contains("myContactsAndGroups"));
    assert_eq!(all, expected);
    simulator.edit(|directory| directory.add_contact(Person::new("sip:new@contoso.com", "New"), None));
    busy(&simulator, SARA);
    let pending = park(&simulator, &client, &link(&over, "next"));
    subscribe(&client, &[SARA]);
    simulator.expire_subscriptions();
    simulator.advance(5 * SECOND);
    let set = answered(pending);
    assert!(told(&set).iter().any(|event| event.starts_with("people: deleted presenceSubscription")), "{set}");
    assert!(!set.to_string().contains("new@contoso.com"));
    // Silently it goes, too.
    subscribe(&client, &[SARA]);
    simulator.advance(5 * SECOND);
    let next = link(&answered(send(&client, &link(&set, "next"))), "next");
    simulator.end_subscriptions();
    let pending = park(&simulator, &client, &next);
    busy(&simulator, SARA);
    simulator.advance(1800 * SECOND);
    assert!(answered(pending).get("sender").is_none());
}

#[test]
fn the_user_hears_of_the_own_presence() {
    let (simulator, client) = start();
    client.post(&client.at("/me/makeMeAvailable"), &json!({"inactiveTimeout": "01:00:00"})).unwrap();
    simulator.advance(5 * SECOND);
    let set = answered(send(&client, &client.at("/events?ack=1")));
    assert_eq!(told(&set), ["me: updated me ", "me: updated presence /presence"]);
    assert_eq!(set["sender"][0]["href"], client.at("/me"));
    let pending = park(&simulator, &client, &link(&set, "next"));
    client.post(&client.at("/me/note"), &json!({"message": "back soon"})).unwrap();
    client.post(&client.at("/me/location"), &json!({"location": "Berlin"})).unwrap();
    simulator.advance(5 * SECOND);
    assert_eq!(told(&answered(pending)), ["me: updated note /note", "me: updated location /location"]);
}

#[test]
fn resources_come_along_and_senders_twice_where_that_is_wished() {
    let (simulator, client) = start();
    simulator.embed_events(true);
    simulator.repeat_senders(true);
    client.post(&client.at("/me/makeMeAvailable"), &json!({})).unwrap();
    subscribe(&client, &[SARA]);
    busy(&simulator, SARA);
    simulator.advance(5 * SECOND);
    let set = answered(send(&client, &client.at("/events?ack=1")));
    let senders: Vec<_> = set["sender"].as_array().unwrap().iter().map(|sender| sender["rel"].as_str().unwrap()).collect();
    assert_eq!(senders, ["people", "me", "people", "me"]);
    let events: Vec<&Value> = set["sender"].as_array().unwrap().iter().flat_map(|sender| sender["events"].as_array().unwrap()).collect();
    let of = |rel: &str| events.iter().find(|event| event["link"]["rel"] == rel).unwrap()["_embedded"].clone();
    assert_eq!(of("contactPresence")["contactPresence"], client.read("/people/sarad@contoso.com/presence"));
    assert_eq!(of("contact")["contact"]["uri"], SARA);
    assert_eq!(of("presence")["presence"], client.read("/me/presence"));
    assert_eq!(of("presenceSubscription"), Value::Null);
}

#[test]
fn a_second_p_get_releases_the_first() {
    let (simulator, client) = start();
    let path = client.at("/events?ack=1");
    let first = park(&simulator, &client, &path);
    let second = send(&client, &path);
    let (status, body) = first.join().unwrap().unwrap();
    assert_eq!((status, &body["code"], &body["subcode"]), (409, &json!("Conflict"), &json!("PGetReplaced")));
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == 1 && simulator.outstanding() == 1));
    subscribe(&client, &[SARA]);
    simulator.advance(5 * SECOND);
    assert_eq!(told(&answered(second)).len(), 3);
}

#[test]
fn after_a_long_silence_everything_begins_anew() {
    let (simulator, client) = start();
    let next = subscribed_to_sara(&simulator, &client);
    let pending = park(&simulator, &client, &format!("{next}&medium=1800&timeout=1800"));
    simulator.advance(700 * SECOND);
    assert_eq!(simulator.subscribed(), [SARA], "as long as one waits nothing is forgotten");
    simulator.cut_events();
    assert!(pending.join().unwrap().is_err());
    simulator.advance(599 * SECOND);
    assert_eq!(simulator.subscribed(), [SARA]);
    simulator.advance(SECOND);
    assert!(simulator.subscribed().is_empty());
    let resume = answered(send(&client, &next));
    let again = link(&resume, "resume");
    assert_eq!(resume, json!({"_links": {"resume": {"href": again}}}));
    // The parameters are forgotten, too.
    subscribe(&client, &[SARA]);
    let pending = park(&simulator, &client, &again);
    simulator.advance(5 * SECOND);
    let set = answered(pending);
    assert_eq!(told(&set).len(), 3);
    // Who stays away for longer is gone, told so by whatever is asked.
    simulator.advance(899 * SECOND);
    assert_eq!(client.sara().unwrap().status(), 200);
    simulator.advance(SECOND);
    assert_eq!(outcome(&client.sara().unwrap()), (404, "ApplicationNotFound".into()));
}

#[test]
fn lifetimes_are_settings_and_silent_clients_not_concerned() {
    let (simulator, client) = start();
    subscribe(&client, &[SARA]);
    simulator.advance(1799 * SECOND);
    assert_eq!(simulator.subscribed(), [SARA], "there never was a P-GET");
    simulator.resume_after(None);
    simulator.events_lifetime(None);
    answered(send(&client, &client.at("/events?ack=1")));
    simulator.advance(20_000 * SECOND);
    assert_eq!(client.sara().unwrap().status(), 200);
    simulator.events_lifetime(Some(2 * SECOND));
    assert_eq!(outcome(&client.sara().unwrap()).0, 404);
}

#[test]
fn applications_that_end_release_their_p_get() {
    let (simulator, mut client) = start();
    let pending = park(&simulator, &client, &client.at("/events?ack=1"));
    simulator.delete_applications();
    let (status, body) = pending.join().unwrap().unwrap();
    assert_eq!((status, &body["subcode"]), (404, &json!("ApplicationNotFound")));
    client.register();
    client.post(&client.at("/me/makeMeAvailable"), &json!({})).unwrap();
    simulator.advance(5 * SECOND);
    let next = link(&answered(send(&client, &client.at("/events?ack=1"))), "next");
    let pending = park(&simulator, &client, &format!("{next}&timeout=1800"));
    simulator.advance(300 * SECOND);
    let (status, body) = pending.join().unwrap().unwrap();
    assert_eq!((status, &body["subcode"]), (410, &json!("InactiveApplicationExpired")));
    assert_eq!(simulator.outstanding(), 0);
}

#[test]
fn faults_hit_on_arrival_and_cuts_while_it_waits() {
    let (simulator, client) = start();
    let path = client.at("/events?ack=1");
    for fault in [Fault::on("events").reset(), Fault::on("events").drop()] {
        simulator.fault(fault);
        assert!(send(&client, &path).join().unwrap().is_err());
    }
    simulator.fault(Fault::on("events").status(503));
    assert_eq!(send(&client, &path).join().unwrap().unwrap().0, 503);
    let pending = park(&simulator, &client, &path);
    control(&simulator, "POST", "events/cut", "");
    assert_eq!(simulator.pending_events(), 0);
    assert!(pending.join().unwrap().is_err());
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.outstanding() == 0));

    // What is lost on the way back is told again.
    subscribe(&client, &[SARA]);
    simulator.advance(5 * SECOND);
    simulator.fault(Fault::on("events").truncate(20));
    assert!(send(&client, &path).join().unwrap().is_err());
    assert_eq!(told(&answered(send(&client, &path))).len(), 3);
    simulator.expire_tokens();
    assert_eq!(send(&client, &path).join().unwrap().unwrap().0, 401);
}

#[test]
fn who_goes_away_waits_no_more() {
    let (simulator, client) = start();
    let waiting = common::sent(&simulator, &client.at("/events?ack=1"));
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == 1));
    drop(waiting);
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == 0 && simulator.outstanding() == 0));
    // One that waits does not keep the simulator from stopping.
    let pending = park(&simulator, &client, &client.at("/events?ack=1"));
    drop(simulator);
    assert!(pending.join().unwrap().is_err());
}
