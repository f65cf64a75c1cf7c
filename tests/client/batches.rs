//! Batches that are refused, broken or answered in part: what can be read is read, and nothing costs more than its share.

use crate::common::small::{Reply, Small, batch, batch_of, parts};
use crate::common::*;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use ucwa::ffi::*;
use ucwa_simulator::{Fault, Simulator};

/// How many more requests than contacts there may be.
const SPARE: usize = 14;

fn of_size(contacts: usize) -> (Simulator, App, Vec<String>) {
    shorten_waits();
    let simulator = Simulator::builder().contacts(contacts).start().unwrap();
    let app = App::on(&simulator);
    let list = app.contacts().unwrap();
    let uris = list["contacts"].as_array().unwrap()[..contacts].iter().map(|contact| contact["uri"].as_str().unwrap().to_owned()).collect();
    simulator.clear_requests();
    (simulator, app, uris)
}

fn all_are_read(presences: &[Value]) -> bool {
    presences.iter().all(|presence| presence["availability"].is_string())
}

/// A small server with so many contacts, whose presence one function answers, and batches another.
fn server(
    contacts: usize,
    presence: impl Fn(&str) -> Reply + Send + Sync + Clone + 'static,
    batch: impl Fn(&small::Asked) -> Reply + Send + Sync + 'static,
) -> (Small, App, Vec<String>) {
    let uris: Vec<String> = (0..contacts).map(|number| format!("sip:c{number}@contoso.com")).collect();
    let contact = |uri: &String| {
        let path = format!("/people/{}", uri.replace("sip:", ""));
        json!({ "uri": uri, "name": uri, "_links": { "self": { "href": path }, "contactPresence": { "href": format!("{path}/presence") } } })
    };
    let list =
        json!({ "_links": { "self": { "href": "/contacts" } }, "_embedded": { "contact": uris.iter().map(contact).collect::<Vec<_>>() } });
    let list = list.to_string();
    let small = Small::start(json!({ "myContacts": { "href": "/contacts" }, "myGroups": { "href": "/groups" } }), move |asked| match asked
        .path
        .as_str()
    {
        "/contacts" => Reply::json(200, list.clone()),
        "/batch" => batch(asked),
        path => presence(path),
    });
    let app = small.sign_in();
    app.contacts().unwrap();
    small.take_asked();
    (small, app, uris)
}

fn present(path: &str) -> Reply {
    Reply::json(200, json!({ "availability": "Busy", "_links": { "self": { "href": path } } }).to_string())
}

fn number_of(path: &str) -> usize {
    path.split(['c', '@']).nth(1).and_then(|number| number.parse().ok()).unwrap()
}

#[test]
fn single_requests_take_over_where_batches_fail() {
    let refusals = [400, 403, 404, 405, 413, 415, 500, 501, 502, 503].map(|status| (status.to_string(), Fault::on("batch").status(status)));
    let others = [
        ("a page", Fault::on("batch").html_page(200)),
        ("a page in place of it", Fault::on("batch").html_page(403)),
        ("closed", Fault::on("batch").drop()),
        ("reset", Fault::on("batch").reset()),
        ("cut", Fault::on("batch").truncate(300)),
        ("no boundary", Fault::on("batch").wrong_type("multipart/batching")),
        ("another type", Fault::on("batch").wrong_type("application/json")),
        ("no parts", Fault::on("batch").respond(200, "--b--").header("Content-Type", "multipart/batching;boundary=b")),
    ];
    let (simulator, _, uris) = of_size(120);
    for (what, fault) in refusals.into_iter().chain(others.map(|(what, fault)| (what.to_owned(), fault))) {
        for count in [2, 20, 120] {
            simulator.clear_faults();
            let app = App::on(&simulator);
            app.contacts().unwrap();
            simulator.clear_requests();
            simulator.fault(fault.clone().forever());
            let presences = app.presences_of(&uris[..count]).unwrap();
            assert!(all_are_read(&presences), "{what}: {presences:?}");
            let requests = simulator.requests().len();
            assert!(requests <= count + SPARE, "{what}: {requests} for {count}");
            simulator.clear_requests();
            assert!(all_are_read(&app.presences_of(&uris[..count]).unwrap()));
            let batches = simulator.count("batch");
            assert!(batches == 0 || what == "no parts", "{what}: it is remembered that there are no batches, not {batches}");
        }
    }
}

#[test]
fn only_what_a_batch_is_refused_for_is_halved() {
    for status in [400, 413] {
        let refuses = move |asked: &small::Asked| {
            let poison = parts(asked).iter().any(|part| number_of(&part.path) == 37);
            if poison { Reply::json(status, "") } else { batch(asked, |part| present(&part.path)) }
        };
        let presence = move |path: &str| if number_of(path) == 37 { Reply::json(status, "") } else { present(path) };
        let (small, app, uris) = server(100, presence, refuses);
        let presences = app.presences_of(&uris).unwrap();
        for (number, presence) in presences.iter().enumerate() {
            assert_eq!(
                (presence["uri"].as_str().unwrap(), presence["error"].is_object()),
                (uris[number].as_str(), number == 37),
                "{presence}"
            );
        }
        let asked = small.take_asked();
        let singles = asked.iter().filter(|request| request.starts_with("GET")).count();
        assert!(singles <= 2 && asked.len() <= 2 * 7 + 2, "{status}: {asked:?}");
    }
}

#[test]
fn the_size_that_a_server_takes_is_found_once() {
    let takes_forty = |asked: &small::Asked| match parts(asked).len() {
        0..=40 => batch(asked, |part| present(&part.path)),
        _ => Reply::json(413, ""),
    };
    let (small, app, uris) = server(400, present, takes_forty);
    assert!(all_are_read(&app.presences_of(&uris).unwrap()));
    let asked = small.take_asked();
    assert!(asked.len() < 30 && asked.iter().all(|request| request == "POST /batch"), "{asked:?}");
    assert!(all_are_read(&app.presences_of(&uris).unwrap()));
    assert_eq!(small.take_asked().len(), 16, "in batches of 25 from then on");
}

#[test]
fn what_fails_by_itself_in_the_same_way_is_the_error() {
    let (simulator, app, uris) = of_size(60);
    simulator.fault(Fault::on("batch").status(500).forever());
    simulator.fault(Fault::on("contactPresence").status(500).forever());
    let presences = app.presences_of(&uris).unwrap();
    assert!(presences.iter().all(|presence| presence["error"]["httpStatus"] == 500), "{presences:?}");
    assert!(simulator.requests().len() <= 3, "{:?}", routes(&simulator));
}

#[test]
fn one_dead_account_says_nothing_about_batches() {
    let (simulator, app, uris) = of_size(30);
    simulator.fault(Fault::on("batch").status(403).forever());
    let first = uris[0].trim_start_matches("sip:").to_lowercase();
    simulator.fault(Fault::on("contactPresence").path(&first).status(403).forever());
    let presences = app.presences_of(&uris).unwrap();
    assert_eq!(presences[0]["error"]["httpStatus"], 403);
    assert!(all_are_read(&presences[1..]), "{presences:?}");
}

#[test]
fn a_batch_with_a_refused_token_gets_another() {
    for diagnostics in ["28055;reason=\"The token has expired\"", "28020;reason=\"No valid security token\""] {
        let (simulator, app, uris) = of_size(30);
        simulator.fault(Fault::on("batch").status(403).header("X-Ms-diagnostics", diagnostics));
        assert!(all_are_read(&app.presences_of(&uris).unwrap()));
        assert_eq!(routes(&simulator), ["POST batch", "POST token", "POST batch"], "{diagnostics}");
    }
}

#[test]
fn parts_with_a_refused_token_are_repeated_with_another() {
    let refusals = [
        Fault::on("contactPresence").path("sarad").status(401),
        Fault::on("contactPresence").path("sarad").status(403).header("X-Ms-diagnostics", "28055;reason=\"The token has expired\""),
    ];
    for refusal in refusals {
        let (simulator, app, uris) = of_size(20);
        simulator.fault(refusal.clone());
        assert!(all_are_read(&app.presences_of(&uris).unwrap()));
        assert_eq!(routes(&simulator), ["POST batch", "POST token", "POST batch"]);
        assert_eq!(simulator.count_batched("contactPresence"), 21, "only what was refused is repeated");

        // A single one that is refused for ever fails by itself, and has the token renewed once in a call.
        simulator.clear_requests();
        simulator.fault(refusal.forever());
        let presences = app.presences_of(&uris).unwrap();
        let (failed, read): (Vec<&Value>, Vec<&Value>) = presences.iter().partition(|presence| presence["error"].is_object());
        assert_eq!((failed.len(), read.len()), (1, 19));
        assert_eq!((&failed[0]["uri"], &failed[0]["error"]["status"]), (&json!(SARA), &json!("UCWA_AUTHENTICATION_FAILED")));
        assert_eq!(simulator.count("token"), 1, "{:?}", routes(&simulator));
    }
}

#[test]
fn where_every_part_s_token_is_refused_the_call_has_failed() {
    let (simulator, app, uris) = of_size(5);
    simulator.fault(Fault::on("contactPresence").status(401).forever());
    assert_eq!(app.presences_of(&uris).unwrap_err().status, UCWA_AUTHENTICATION_FAILED);
    assert_eq!((simulator.count("token"), simulator.count("batch")), (1, 2), "{:?}", routes(&simulator));
}

#[test]
fn a_byte_that_is_no_text_spoils_its_own_part() {
    let presence = |path: &str| match number_of(path) {
        1 => Reply::json(200, &b"{\"availability\":\"Busy\",\"activity\":\"M\xfcde\"}"[..]),
        2 => Reply::json(403, &b"{\"code\":\"Forbidden\",\"message\":\"\xff\"}"[..]),
        _ => present(path),
    };
    let (small, app, uris) = server(4, presence, move |asked| batch(asked, |part| presence(&part.path)));
    let presences = app.presences_of(&uris).unwrap();
    assert!(all_are_read(&[presences[0].clone(), presences[3].clone()]), "{presences:?}");
    assert_eq!((&presences[1]["error"]["status"], &presences[2]["error"]["httpStatus"]), (&json!("UCWA_PROTOCOL"), &json!(403)));
    assert!(presences[1]["error"]["request"].as_str().unwrap().contains("c1@"), "{}", presences[1]);
    assert!(presences[1]["error"]["message"].as_str().unwrap().contains("UTF-8"), "{}", presences[1]);
    assert_eq!(small.take_asked(), ["POST /batch"]);
}

#[test]
fn a_head_that_is_too_long_spoils_its_own_part() {
    let presence = |path: &str| {
        let headers = if number_of(path) == 1 { 100_000 } else { 190 };
        (0..headers).fold(present(path), |reply, _| reply.with("X-More", "1"))
    };
    let (_small, app, uris) = server(3, presence, move |asked| batch(asked, |part| presence(&part.path)));
    let presences = app.presences_of(&uris).unwrap();
    assert!(all_are_read(&[presences[0].clone(), presences[2].clone()]), "{presences:?}");
    assert!(presences[1]["error"]["message"].as_str().unwrap().contains("200 headers"), "{}", presences[1]);
}

#[test]
fn answers_that_are_missing_are_read_by_themselves() {
    // The last two are left out; one in the middle is; the end is cut off.
    let shortened = |which: usize, asked: &small::Asked| {
        let mut replies: Vec<Reply> = parts(asked).iter().map(|part| present(&part.path)).collect();
        match which {
            0 => replies.truncate(8),
            1 => drop(replies.remove(4)),
            _ => {}
        }
        match batch_of(&replies) {
            Reply::Answer { status, content_type, headers, mut body } if which == 2 => {
                body.truncate(body.len() * 3 / 4);
                Reply::Answer { status, content_type, headers, body }
            }
            reply => reply,
        }
    };
    for (which, singles) in [(0, 2..=2), (1, 10..=10), (2, 2..=3)] {
        let answer = move |asked: &small::Asked| shortened(which, asked);
        let (small, app, uris) = server(10, present, answer);
        let presences = app.presences_of(&uris).unwrap();
        assert!(all_are_read(&presences), "{which}: {presences:?}");
        for (uri, presence) in uris.iter().zip(&presences) {
            assert_eq!(presence["uri"], uri.as_str());
            assert!(presence["href"].as_str().unwrap().ends_with(&format!("/people/{}/presence", &uri[4..])), "{which}: {presence}");
        }
        let asked = small.take_asked().len() - 1;
        assert!(singles.contains(&asked), "{which}: {asked}");
    }
}

#[test]
fn a_batch_that_is_lost_in_passing_is_repeated_as_a_batch() {
    let times = AtomicUsize::new(0);
    let lost = move |asked: &small::Asked| match times.fetch_add(1, SeqCst) {
        0 => Reply::Cut,
        1 => Reply::json(503, "").with("Retry-After", "0"),
        _ => batch(asked, |part| present(&part.path)),
    };
    let (small, app, uris) = server(50, present, lost);
    assert!(all_are_read(&app.presences_of(&uris).unwrap()));
    assert_eq!(small.take_asked(), ["POST /batch"; 3]);
}

#[test]
fn what_is_no_failure_of_the_call() {
    let (simulator, app, uris) = of_size(3);
    // Some request got an answer: the result stands, each failure in its place.
    for status in [400, 403, 404, 409, 429, 500, 503] {
        simulator.fault(Fault::on("contactPresence").status(status).forever());
        let presences = app.presences_of(&uris).unwrap();
        assert!(presences.iter().all(|presence| presence["error"]["httpStatus"] == status), "{status}: {presences:?}");
        simulator.clear_faults();
    }
    simulator.fault(Fault::on("myContacts").html_page(200).forever());
    simulator.fault(Fault::on("search").status(500).forever());
    let nobody = app.presences_of(&["nobody@contoso.com"]).unwrap();
    assert_eq!(nobody[0]["uri"], "nobody@contoso.com");
    assert!(nobody[0]["error"].is_object(), "{nobody:?}");
    assert_eq!(app.presences("[]").unwrap(), json!({ "presences": [] }));
    simulator.clear_faults();

    simulator.fault(Fault::any().drop().forever());
    assert_eq!(app.presences_of(&uris).unwrap_err().status, UCWA_NETWORK);
    simulator.clear_faults();
    app.cancel();
    assert_eq!(app.presences_of(&uris).unwrap_err().status, UCWA_CANCELLED);
    assert_eq!(app.group_presence("Sales").unwrap_err().status, UCWA_CANCELLED);
}
