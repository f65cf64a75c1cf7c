//! The presence of many: what it costs, and that each contact's failure is its own.

use crate::common::*;
use serde_json::{Value, json};
use std::time::Instant;
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Group, Person, Simulator};

fn of_size(contacts: usize) -> (Simulator, App, Vec<String>) {
    shorten_waits();
    let simulator = Simulator::builder().contacts(contacts).start().unwrap();
    let app = App::on(&simulator);
    let list = app.contacts().unwrap();
    let uris = list["contacts"].as_array().unwrap().iter().map(|contact| contact["uri"].as_str().unwrap().to_owned()).collect();
    simulator.clear_requests();
    (simulator, app, uris)
}

#[test]
fn what_it_costs() {
    let (simulator, app, uris) = of_size(1_000);
    for (count, requests) in [(2, 1), (40, 1), (100, 1), (101, 2), (1_000, 10)] {
        simulator.clear_requests();
        let presences = app.presences_of(&uris[..count]).unwrap();
        assert_eq!(presences.len(), count);
        assert!(presences.iter().zip(&uris).all(|(presence, uri)| presence["uri"] == uri.as_str() && presence["availability"].is_string()));
        let mut batches = routes(&simulator);
        // An uneven rest of one is asked for in a batch of its own.
        batches.dedup();
        assert_eq!((simulator.requests().len(), batches), (requests, vec!["POST batch".to_owned()]), "{count} contacts");
    }
    simulator.clear_requests();
    app.presences_of(&uris[..1]).unwrap();
    assert_eq!(routes(&simulator), ["GET contactPresence"]);
    assert_eq!(app.presences("[]").unwrap(), json!({"presences": []}));
}

#[test]
fn strangers_are_found_in_bulk() {
    let (simulator, app, uris) = of_size(300);
    simulator.edit(|directory| {
        for number in 0..150 {
            directory.add_person(Person::new(&format!("sip:stranger{number}@contoso.com"), "Stranger"));
        }
    });
    let mut wanted: Vec<String> = (0..150).map(|number| format!("stranger{number}@contoso.com")).collect();
    wanted.extend(uris[..50].iter().cloned());
    let fresh = App::on(&simulator);
    let presences = fresh.presences_of(&wanted).unwrap();
    assert!(presences.iter().all(|presence| presence["availability"].is_string()), "{presences:?}");
    let searches = simulator.requests().iter().filter(|request| request.route == "search").count();
    assert!(searches == 0 && simulator.count("batch") <= 6, "{:?}", routes(&simulator));
    drop(app);
}

#[test]
fn each_failure_stands_in_its_own_place() {
    let simulator = simulator();
    let app = App::on(&simulator);
    let wanted = ["sip:nobody@contoso.com", "SaraD@contoso.com", "no uri", "sip:sarad@CONTOSO.com", "sip:ManishC@contoso.com"];
    let presences = app.presences_of(&wanted).unwrap();
    assert_eq!((&presences[0]["uri"], &presences[0]["error"]["status"]), (&json!("sip:nobody@contoso.com"), &json!("UCWA_NOT_FOUND")));
    assert_eq!((&presences[2]["uri"], &presences[2]["error"]["status"]), (&json!("no uri"), &json!("UCWA_INVALID_ARGUMENT")));
    assert_eq!((&presences[1], &presences[1]["uri"]), (&presences[3], &json!(SARA)));
    assert_eq!(presences[4]["availability"], "Busy");

    simulator.fault(Fault::on("contactPresence").path("manishc").status(403).forever());
    let presences = app.presences_of(&wanted).unwrap();
    let error = &presences[4]["error"];
    assert_eq!((&error["status"], &error["httpStatus"]), (&json!("UCWA_FORBIDDEN"), &json!(403)));
    assert!(error["request"].as_str().unwrap().contains("manishc"), "{error}");
    assert_eq!(presences[1]["availability"], "Offline");
}

#[test]
fn what_comes_along() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.contacts().unwrap();
    simulator.clear_requests();
    let found =
        app.presences(r#"{"contacts":["SaraD@contoso.com","nobody@contoso.com"],"include":["note","location","contact"]}"#).unwrap();
    let sara = &found["presences"][0];
    assert_eq!(
        (&sara["note"]["message"], &sara["location"]["location"], &sara["contact"]["title"]),
        (&json!("Back on Monday"), &json!("Redmond"), &json!("Sales Manager"))
    );
    assert!(sara["availability"] == "Offline" && sara["note"]["href"].is_string());
    assert_eq!(found["presences"][1]["error"]["status"], "UCWA_NOT_FOUND");

    simulator.fault(Fault::on("contactNote").status(403).forever());
    let found = app.presences(r#"{"contacts":["SaraD@contoso.com"],"include":["note"]}"#).unwrap();
    assert_eq!(
        (&found["presences"][0]["availability"], &found["presences"][0]["note"]["error"]["httpStatus"]),
        (&json!("Offline"), &json!(403))
    );
}

#[test]
fn what_is_no_list_of_contacts() {
    let simulator = simulator();
    let app = App::on(&simulator);
    for (bad, why) in [
        ("x", "no JSON"),
        ("{}", "missing"),
        ("[\"a@b\",null]", "element 1"),
        ("\"a@b\"", "array"),
        ("{\"contacts\":[],\"include\":[\"photo\"]}", "photo"),
    ] {
        let failure = app.presences(bad).unwrap_err();
        assert_eq!(failure.status, UCWA_INVALID_ARGUMENT);
        assert!(failure.message.contains(why), "{}", failure.message);
    }
    assert!(routes(&simulator).is_empty());
}

#[test]
fn a_warm_group_in_one_request() {
    shorten_waits();
    let simulator = Simulator::builder().contacts(60).start().unwrap();
    let everybody = simulator_people(&simulator);
    let members = everybody[..40].to_vec();
    simulator.edit(|directory| {
        directory.add_group(Group::own("Forty").with_members(members.iter().map(String::as_str)));
    });
    let app = App::on(&simulator);
    let cold = app.group_presence("Forty").unwrap();
    assert_eq!(cold["presences"].as_array().unwrap().len(), 40);
    simulator.clear_requests();
    let warm = app.group_presence("forty").unwrap();
    assert_eq!(warm, cold);
    assert_eq!(routes(&simulator), ["POST batch"]);

    // Somebody leaves, somebody joins: both are seen at once.
    let (left, joined) = (members[0].clone(), everybody[40].as_str());
    simulator.edit(|directory| {
        let group = directory.group_named_mut("Forty").unwrap();
        group.members.retain(|member| *member != left);
        group.members.push(joined.to_owned());
    });
    simulator.clear_requests();
    let changed = app.group_presence("Forty").unwrap();
    let uris: Vec<&str> = changed["presences"].as_array().unwrap().iter().map(|presence| presence["uri"].as_str().unwrap()).collect();
    assert!(uris.len() == 40 && uris.contains(&joined) && !uris.contains(&left.as_str()), "{uris:?}");
    assert_eq!(routes(&simulator), ["POST batch", "GET contactPresence"]);
    assert_eq!(app.group_presence("No Such Group").unwrap_err().status, UCWA_NOT_FOUND);
}

fn simulator_people(simulator: &Simulator) -> Vec<String> {
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    uris
}

#[test]
fn moved_contacts_are_resolved_anew_once() {
    let (simulator, app, uris) = of_size(50);
    simulator.fault(Fault::on("contactPresence").status(404).times(3));
    let presences = app.presences_of(&uris[..20]).unwrap();
    assert!(presences.iter().all(|presence| presence["availability"].is_string()), "{presences:?}");
    simulator.fault(Fault::on("contactPresence").path("sarad").status(404).forever());
    let presences = app.presences_of(&["SaraD@contoso.com", "ManishC@contoso.com"]).unwrap();
    assert_eq!((&presences[0]["error"]["httpStatus"], &presences[1]["availability"]), (&json!(404), &json!("Busy")));
}

#[test]
fn an_application_that_is_gone() {
    let (simulator, app, uris) = of_size(300);
    simulator.delete_applications();
    let presences = app.presences_of(&uris[..250]).unwrap();
    assert!(presences.iter().all(|presence| presence["availability"].is_string()));
    assert_eq!(simulator.count("applications"), 1);
    assert_eq!(simulator.count("application"), 1, "whether it is gone is asked once, not for each contact");
    assert_eq!(simulator.count("contactPresence"), 0, "and nobody is asked for alone: {:?}", routes(&simulator));
}

#[test]
fn a_server_with_a_smaller_limit() {
    shorten_waits();
    let simulator = Simulator::builder().contacts(200).max_outstanding(30).start().unwrap();
    let app = App::on(&simulator);
    let uris = simulator_people(&simulator);
    let presences = app.presences_of(&uris[..200]).unwrap();
    assert!(presences.iter().all(|presence| presence["availability"].is_string()), "{presences:?}");
    let turned_away = simulator.requests().iter().filter(|request| request.status == 429).count();
    assert!((1..=4).contains(&turned_away), "the limit is learned: {turned_away}");
    // A configured limit is kept to from the start.
    let careful = Config::of(&simulator).with("max_outstanding", "30").sign_in().unwrap();
    simulator.clear_requests();
    careful.presences_of(&uris[..200]).unwrap();
    assert!(simulator.requests().iter().all(|request| request.status != 429));
}

#[test]
fn after_refusals_at_the_start_batches_are_soon_large_again() {
    for refusals in [1, 4, 7] {
        let (simulator, app, mut uris) = of_size(1_000);
        uris.truncate(1_000);
        simulator.fault(Fault::on("batch").status(429).times(refusals));
        assert!(app.presences_of(&uris).unwrap().iter().all(|presence| presence["availability"].is_string()));
        let requests = simulator.requests().len();
        assert!(requests <= if refusals > 4 { 24 } else { 20 }, "{refusals}: {requests} requests");
        simulator.clear_requests();
        app.presences_of(&uris).unwrap();
        assert_eq!(simulator.requests().len(), 10, "after {refusals} refusals");
    }
}

#[test]
fn no_batch_is_larger_than_what_the_server_was_found_to_take() {
    shorten_waits();
    let simulator = Simulator::builder().contacts(1_000).start().unwrap();
    let app = App::on(&simulator);
    let uris: Vec<String> = simulator_people(&simulator).into_iter().take(1_000).collect();
    app.contacts().unwrap();
    simulator.max_outstanding(20);
    simulator.clear_requests();
    assert!(app.presences_of(&uris).unwrap().iter().all(|presence| presence["availability"].is_string()));
    let refused = simulator.requests().iter().filter(|request| request.status == 429).count();
    assert!((1..=5).contains(&refused), "{refused} refusals");
    assert!(simulator.count("batch") <= 100, "{} batches", simulator.count("batch"));
}

#[test]
fn a_wait_beyond_the_deadline_is_not_begun() {
    let (simulator, app, uris) = of_size(120);
    app.presences_of(&uris[..120]).unwrap();
    for busy in [Fault::on("batch"), Fault::on("contactPresence")] {
        simulator.fault(busy.status(429).header("Retry-After", "86400").forever());
        // A wait would end with the call's time, and that is another failure.
        for presence in app.presences_of(&uris[..120]).unwrap() {
            let error = &presence["error"];
            assert_eq!((&error["status"], &error["retryAfterMs"]), (&json!("UCWA_THROTTLED"), &json!(86_400_000)), "{presence}");
        }
        simulator.clear_faults();
    }
}

#[test]
fn parts_that_a_server_is_too_busy_for_are_repeated_as_often_as_requests() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.contacts().unwrap();
    for (retries, times) in [("3", 4), ("0", 1)] {
        app.set("max_retries", retries).unwrap();
        for (http, status) in [(503, "UCWA_SERVER_ERROR"), (429, "UCWA_THROTTLED")] {
            simulator.clear_requests();
            simulator.fault(Fault::on("contactPresence").path("sarad").status(http).forever());
            simulator.fault(Fault::on("contactPresence").path("alexd").status(http).forever());
            let presences = app.presences_of(&[SARA, "ManishC@contoso.com", "AlexD@contoso.com"]).unwrap();
            for (place, name) in [(0, "sarad"), (2, "alexd")] {
                let error = &presences[place]["error"];
                assert_eq!((&error["status"], &error["httpStatus"]), (&json!(status), &json!(http)), "{error}");
                assert!(error["request"].as_str().unwrap().contains(name), "{error}");
            }
            assert_eq!(presences[1]["availability"], "Busy");
            assert_eq!((simulator.count("batch"), simulator.count_batched("contactPresence")), (times, 2 * times + 1), "{retries}: {http}");
            simulator.clear_faults();
        }
    }
    app.set("max_retries", "1").unwrap();
    simulator.fault(Fault::on("contactPresence").path("sarad").status(503));
    assert_eq!(app.presences_of(&[SARA, "ManishC@contoso.com"]).unwrap()[0]["availability"], "Offline");
}

#[test]
fn a_server_without_batches() {
    shorten_waits();
    let simulator = Simulator::builder().contacts(100).batch_link(false).start().unwrap();
    let app = App::on(&simulator);
    let uris = simulator_people(&simulator);
    let presences = app.presences_of(&uris[..100]).unwrap();
    assert!(presences.iter().all(|presence| presence["availability"].is_string()));
    assert_eq!((simulator.count("batch"), simulator.count("contactPresence")), (0, 100));
    assert!(simulator.connections() <= 17, "{}", simulator.connections());
}

#[test]
fn a_server_that_offers_batches_and_takes_none() {
    for status in [404, 405, 415, 501] {
        let (simulator, app, uris) = of_size(20);
        simulator.fault(Fault::on("batch").status(status));
        assert!(app.presences_of(&uris[..20]).unwrap().iter().all(|presence| presence["availability"].is_string()));
        assert_eq!((simulator.count("batch"), simulator.count("contactPresence")), (1, 20), "{status}");
    }
}

#[test]
fn batches_that_begin_with_a_byte_order_mark() {
    shorten_waits();
    for builder in [Simulator::builder().batch_bom(true), Simulator::builder().batch_bom(true).batch_stray_line(true)] {
        let simulator = builder.start().unwrap();
        let app = App::on(&simulator);
        let presences = app.presences_of(&["SaraD@contoso.com", "ManishC@contoso.com"]).unwrap();
        assert_eq!((&presences[0]["availability"], &presences[1]["availability"]), (&json!("Offline"), &json!("Busy")));
    }
}

#[test]
fn batches_that_are_lost_or_no_batches() {
    let (simulator, app, uris) = of_size(20);
    simulator.fault(Fault::on("batch").drop());
    simulator.fault(Fault::on("batch").truncate(200));
    simulator.fault(Fault::on("batch").status(503));
    assert!(app.presences_of(&uris).unwrap().iter().all(|presence| presence["availability"].is_string()));
    assert_eq!(simulator.count("contactPresence"), 0, "{:?}", routes(&simulator));
    simulator.fault(Fault::any().drop().forever());
    assert_eq!(app.presences_of(&uris).unwrap_err().status, UCWA_NETWORK, "no request got an answer");
}

#[test]
fn when_the_deadline_passes_what_was_read_is_returned() {
    let (simulator, app, uris) = of_size(250);
    app.presences_of(&uris).unwrap();
    simulator.fault(Fault::on("batch").skip(1).hang().forever());
    app.set("timeout_ms", "1500").unwrap();
    let started = Instant::now();
    let presences = app.presences_of(&uris[..250]).unwrap();
    assert!(started.elapsed() < GUARD, "{:?}", started.elapsed());
    let read = presences.iter().filter(|presence| presence["availability"].is_string()).count();
    let late = presences.iter().filter(|presence| presence["error"]["status"] == "UCWA_TIMEOUT").count();
    assert_eq!((read, late), (100, 150));
}

#[test]
fn when_the_deadline_passes_while_strangers_are_sought() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.set("timeout_ms", "400").unwrap();
    simulator.fault(Fault::on("myContacts").hang().forever());
    let presences = app.presences_of(&[SARA, "no uri"]).unwrap();
    assert_eq!(presences[0]["error"]["status"], "UCWA_TIMEOUT", "{}", presences[0]);
    assert_eq!(presences[1]["error"]["status"], "UCWA_INVALID_ARGUMENT", "{}", presences[1]);
    assert_eq!(app.presence(SARA).unwrap_err().status, UCWA_TIMEOUT);
}

#[test]
fn threads_share_the_budget() {
    let (simulator, app, uris) = of_size(200);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let presences: Vec<Value> = app.presences_of(&uris[..200]).unwrap();
                assert!(presences.iter().all(|presence| presence["availability"].is_string()));
            });
        }
    });
    assert!(simulator.requests().iter().all(|request| request.status == 200), "never more than the server allows");
}
