//! Lists of contacts in every shape that servers give them: the same result each time, and each failure in its place.

use crate::common::small::{Asked, Reply, Small, batch};
use crate::common::*;
use serde_json::{Value, json};
use ucwa_simulator::Fault;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn path(name: &str) -> String {
    format!("/people/{name}@contoso.com")
}

fn contact(name: &str, has_presence: bool) -> Value {
    let mut links = json!({ "self": { "href": path(name) } });
    if has_presence {
        links["contactPresence"] = json!({ "href": format!("{}/presence", path(name)) });
    }
    json!({ "uri": format!("sip:{name}@contoso.com"), "name": name, "_links": links })
}

fn link(name: &str) -> Value {
    json!({ "href": path(name) })
}

/// A server with one list of contacts, which is that of a group as well; `dead` ones answer with a status.
fn server(list: Value, has_presence: bool, dead: &'static [(&'static str, u16)]) -> Small {
    let people = json!({ "myContacts": { "href": "/contacts" }, "myGroups": { "href": "/groups" }, "search": { "href": "/search" },
        "presenceSubscriptions": { "href": "/subscriptions" } });
    let group = json!({ "_embedded": { "group": { "id": "1", "name": "Team", "_links": { "self": { "href": "/groups/1" }, "groupContacts": { "href": "/contacts" } } } } });
    let answer = move |asked: &Asked| {
        let name = asked.path.strip_prefix("/people/").and_then(|rest| rest.split('@').next());
        match (asked.path.as_str(), name) {
            (_, Some(name)) if dead.iter().any(|(other, _)| *other == name) => {
                Reply::json(dead.iter().find(|(other, _)| *other == name).unwrap().1, r#"{"code":"Gone","message":"no such account"}"#)
            }
            (path, Some(_)) if path.ends_with("/presence") => Reply::json(200, r#"{"availability":"Online"}"#),
            (_, Some(name)) => Reply::json(200, contact(name, has_presence).to_string()),
            ("/contacts", _) => Reply::json(200, list.to_string()),
            ("/groups", _) => Reply::json(200, group.to_string()),
            ("/search", _) => Reply::json(200, "{}"),
            _ => Reply::json(404, r#"{"code":"NotFound"}"#),
        }
    };
    Small::start(people, move |asked| if asked.path == "/batch" { batch(asked, &answer) } else { answer(asked) })
}

/// The four contacts in every shape.
fn shapes(has_presence: bool) -> Vec<(&'static str, Value)> {
    let embedded = |names: &[&str]| names.iter().map(|name| contact(name, has_presence)).collect::<Vec<_>>();
    let links = |names: &[&str]| names.iter().map(|name| link(name)).collect::<Vec<_>>();
    let bare = |name: &&str| json!({ "_links": { "self": link(name) } });
    vec![
        ("embedded", json!({ "_embedded": { "contact": embedded(&NAMES) } })),
        ("linked", json!({ "_links": { "contact": links(&NAMES) } })),
        ("linked as texts", json!({ "_links": { "contact": NAMES.map(path) } })),
        ("embedded and linked", json!({ "_links": { "contact": links(&NAMES) }, "_embedded": { "contact": embedded(&NAMES) } })),
        ("all linked, two embedded", json!({ "_links": { "contact": links(&NAMES) }, "_embedded": { "contact": embedded(&["b", "d"]) } })),
        (
            "two embedded, two linked",
            json!({ "_links": { "contact": links(&["c", "d"]) }, "_embedded": { "contact": embedded(&["a", "b"]) } }),
        ),
        (
            "one embedded, three linked",
            json!({ "_links": { "contact": links(&["b", "c", "d"]) }, "_embedded": { "contact": contact("a", has_presence) } }),
        ),
        (
            "three embedded, one linked",
            json!({ "_links": { "contact": link("d") }, "_embedded": { "contact": embedded(&["a", "b", "c"]) } }),
        ),
        ("embedded without properties", json!({ "_embedded": { "contact": NAMES.iter().map(bare).collect::<Vec<_>>() } })),
        (
            "spelled in two ways",
            json!({ "_links": { "contact": NAMES.map(|name| json!({ "href": path(name).to_uppercase().replace('@', "%40") })) }, "_embedded": { "contact": embedded(&NAMES) } }),
        ),
    ]
}

fn uris(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["uri"].as_str().unwrap_or_default()).collect()
}

#[test]
fn every_shape_gives_the_same() {
    let everybody = NAMES.map(|name| format!("sip:{name}@contoso.com"));
    for has_presence in [true, false] {
        for (shape, list) in shapes(has_presence) {
            let small = server(list, has_presence, &[]);
            let app = small.sign_in();
            for found in [app.contacts().unwrap(), app.group_contacts("Team").unwrap()] {
                assert_eq!(uris(&found["contacts"]), everybody, "{shape}, {has_presence}");
                let names = found["contacts"].as_array().unwrap().iter().map(|contact| contact["name"].as_str().unwrap());
                assert!(names.eq(NAMES), "{shape}: {found}");
            }
            for _ in 0..2 {
                let found = app.group_presence("Team").unwrap();
                assert_eq!(uris(&found["presences"]), everybody, "{shape}, {has_presence}: {found}");
                let all = found["presences"].as_array().unwrap();
                assert!(
                    all.iter().all(|one| one["availability"].is_string() == has_presence && one["error"].is_object() != has_presence),
                    "{found}"
                );
            }
            let fresh = small.sign_in();
            let found = fresh.presences_of(&everybody).unwrap();
            assert!(found.iter().all(|one| one["availability"].is_string() == has_presence), "{shape}: {found:?}");
        }
    }
}

#[test]
fn a_single_contact() {
    for list in [
        json!({ "_embedded": { "contact": contact("a", true) } }),
        json!({ "_embedded": { "contact": [contact("a", true)] } }),
        json!({ "_links": { "contact": link("a") } }),
        json!({ "_links": { "contact": [link("a")] } }),
        contact("a", true),
    ] {
        let app = server(list.clone(), true, &[]).sign_in();
        assert_eq!(uris(&app.contacts().unwrap()["contacts"]), ["sip:a@contoso.com"], "{list}");
        assert_eq!(app.group_presence("Team").unwrap()["presences"][0]["availability"], "Online", "{list}");
    }
    for nobody in
        [json!({}), json!({ "_embedded": { "contact": [] } }), json!({ "_links": { "contact": [] } }), json!({ "_embedded": null })]
    {
        let app = server(nobody.clone(), true, &[]).sign_in();
        assert_eq!(app.contacts().unwrap(), json!({ "contacts": [] }), "{nobody}");
        assert_eq!(app.group_presence("Team").unwrap(), json!({ "presences": [] }), "{nobody}");
    }
}

#[test]
fn dead_accounts_fail_in_their_places() {
    const DEAD: [&[(&str, u16)]; 4] = [&[("b", 404)], &[("b", 403)], &[("b", 500)], &[("a", 404), ("b", 403), ("c", 500), ("d", 410)]];
    for dead in DEAD {
        for (shape, list) in shapes(true)
            .into_iter()
            .filter(|(shape, _)| matches!(*shape, "linked" | "embedded without properties" | "one embedded, three linked"))
        {
            let is_dead = |name: &str| dead.iter().find(|(other, _)| *other == name && !(shape.starts_with("one embedded") && name == "a"));
            let small = server(list, true, dead);
            let app = small.sign_in();
            for found in [app.contacts().unwrap()["contacts"].clone(), app.group_contacts("Team").unwrap()["contacts"].clone()] {
                assert_eq!(found.as_array().unwrap().len(), 4, "{shape}: {found}");
                for (item, name) in found.as_array().unwrap().iter().zip(NAMES) {
                    match is_dead(name) {
                        None => assert_eq!(item["name"], name, "{shape}: {found}"),
                        Some((_, status)) => {
                            assert_eq!(
                                (&item["href"], &item["error"]["httpStatus"]),
                                (&json!(small.url(&path(name))), &json!(status)),
                                "{item}"
                            );
                            assert!(item["uri"].is_null());
                        }
                    }
                }
            }
            let presences = app.group_presence("Team").unwrap()["presences"].clone();
            assert_eq!(presences.as_array().unwrap().len(), 4, "{shape}: {presences}");
            for (item, name) in presences.as_array().unwrap().iter().zip(NAMES) {
                let is_dead = dead.iter().any(|(other, _)| *other == name);
                assert_eq!((item["error"].is_object(), item["availability"].is_string()), (is_dead, !is_dead), "{shape}: {item}");
            }
            let found = small.sign_in().presences_of(&["d@contoso.com"]).unwrap();
            assert_eq!(found[0]["error"].is_object(), is_dead("d").is_some(), "{shape}: {found:?}");
        }
    }
}

#[test]
fn who_was_met_before_is_named() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let contacts = app.contacts().unwrap()["contacts"].as_array().unwrap()[..3].to_vec();
    let links: Vec<Value> = contacts.iter().map(|contact| json!({ "href": contact["href"] })).collect();
    simulator.fault(Fault::on("myContacts").respond(200, json!({ "_links": { "contact": links } }).to_string()));
    let second = contacts[1]["uri"].as_str().unwrap();
    simulator.fault(Fault::on("contact").path(&second[4..].to_lowercase()).status(500).forever());
    let found = app.contacts().unwrap()["contacts"].clone();
    assert_eq!((found[0]["uri"].as_str(), found[2]["uri"].as_str()), (contacts[0]["uri"].as_str(), contacts[2]["uri"].as_str()), "{found}");
    assert_eq!((&found[1]["uri"], &found[1]["error"]["httpStatus"]), (&json!(second), &json!(500)), "{found}");
}

#[test]
fn groups_fail_in_their_places_as_well() {
    let people = json!({ "myContacts": { "href": "/contacts" }, "myGroups": { "href": "/groups" } });
    let group = |number: u32| {
        json!({ "id": number.to_string(), "name": format!("Group {number}"),
        "_links": { "self": { "href": format!("/groups/{number}") }, "groupContacts": { "href": "/contacts" } } })
    };
    let list = json!({ "_links": { "group": [{ "href": "/groups/1" }, { "href": "/groups/2" }, { "href": "/groups/3" }] }, "_embedded": { "group": group(3) } });
    let answer = move |asked: &Asked| match asked.path.as_str() {
        "/groups" => Reply::json(200, list.to_string()),
        "/groups/1" => Reply::json(200, group(1).to_string()),
        "/groups/2" => Reply::json(500, ""),
        _ => Reply::json(200, json!({ "_embedded": { "contact": contact("a", true) } }).to_string()),
    };
    let small = Small::start(people, move |asked| if asked.path == "/batch" { batch(asked, &answer) } else { answer(asked) });
    let app = small.sign_in();
    let groups = app.groups().unwrap()["groups"].clone();
    assert_eq!((&groups[0]["name"], &groups[2]["name"]), (&json!("Group 1"), &json!("Group 3")), "{groups}");
    assert_eq!((&groups[1]["href"], &groups[1]["error"]["httpStatus"]), (&json!(small.url("/groups/2")), &json!(500)), "{groups}");
    assert_eq!(uris(&app.group_contacts("Group 3").unwrap()["contacts"]), ["sip:a@contoso.com"]);
    assert_eq!(app.group_contacts("Group 2").unwrap_err().json["httpStatus"], 500, "it may be the one that cannot be read");
}

#[test]
fn search_finds_whom_a_busy_contact_list_does_not_tell() {
    for (status, retry_after) in [(503, "3600"), (429, "3600"), (503, "0"), (500, "1"), (403, "1")] {
        let simulator = simulator();
        let app = App::on(&simulator);
        app.set("timeout_ms", "20000").unwrap();
        simulator.fault(Fault::on("myContacts").status(status).header("Retry-After", retry_after).forever());
        assert_eq!(app.presence(SARA).unwrap()["availability"], "Offline", "{status}");
        assert_eq!(app.presences_of(&["ManishC@contoso.com"]).unwrap()[0]["availability"], "Busy", "{status}");
    }
}
