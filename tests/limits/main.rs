//! What an answer costs in memory and time, whatever stands in it. A program of its own, since it counts what is allocated.

#[path = "../common/mod.rs"]
mod common;
mod heap;
mod server;
mod stack;
mod time;

use common::*;
use heap::{MIB, allowed, measure};
use server::{Answer, Body, Server, application, compressed, repeated};
use std::ffi::{CStr, CString, c_char};
use ucwa::ffi::*;

/// Prints past what cargo keeps back of tests that pass: the figures are there to be seen.
macro_rules! say {
    ($($text:tt)*) => {
        std::io::Write::write_all(&mut std::io::stderr(), format!("{}\n", format_args!($($text)*)).as_bytes()).unwrap()
    };
}

/// The most that is taken of a body, of an application, and of items.
const BODY: usize = 32 << 20;
const APPLICATION: usize = 256 << 20;
const ITEMS: usize = 1_000_000;

fn config(server: &Server) -> Config {
    Config::new().with("discovery_url", &server.url()).with("access_token", "x").with("proxy", "none").with("max_retries", "0")
}

/// The length of a result, which is freed.
fn length(text: *mut c_char) -> Outcome<usize> {
    if text.is_null() {
        return Err(Failure::last());
    }
    // SAFETY: an owned text that ends with NUL.
    unsafe {
        let length = CStr::from_ptr(text).count_bytes();
        ucwa_string_free(text);
        Ok(length)
    }
}

fn contacts(app: &App) -> Outcome<usize> {
    // SAFETY: the handle is live.
    length(unsafe { ucwa_get_contacts(app.handle()) })
}

fn presences(app: &App, json: &CString) -> Outcome<usize> {
    // SAFETY: the handle is live, the text ends with NUL.
    length(unsafe { ucwa_get_contacts_presence(app.handle(), json.as_ptr()) })
}

fn some_contacts(count: usize) -> CString {
    let all: Vec<String> = (0..count).map(|number| format!("\"sip:p{number}@contoso.com\"")).collect();
    CString::new(format!("[{}]", all.join(","))).unwrap()
}

/// A list of contacts that has each of them.
fn list_of(count: usize) -> String {
    let one = |number| {
        let links = format!(r#"{{"self":{{"href":"/people/{number}"}},"contactPresence":{{"href":"/people/{number}/presence"}}}}"#);
        format!(r#"{{"uri":"sip:p{number}@contoso.com","name":"P","_links":{links}}}"#)
    };
    format!(r#"{{"_embedded":{{"contact":[{}]}}}}"#, (0..count).map(one).collect::<Vec<_>>().join(","))
}

fn fails_naming(outcome: Outcome<usize>, status: i32, limit: &str) {
    let failure = outcome.expect_err(limit);
    assert_eq!(failure.status, status, "{}", failure.message);
    assert!(failure.message.contains(limit), "{}", failure.message);
    assert!(failure.message.len() < 4_096, "{} bytes", failure.message.len());
}

#[test]
fn millions_of_links_before_sign_in() {
    let _alone = heap::alone();
    let (body, size) = repeated(r#"{"_links":{"a":["#, 20_000_000, "{}", "]}}");
    assert!(body.len() < 100_000, "{}", body.len());
    let server = Server::start(move |_, path, _| (path == "/").then(|| Answer::gzip(&body)));
    let config = config(&server);
    let (outcome, peak) = measure(|| config.sign_in().map(|_| 0));
    fails_naming(outcome, UCWA_PROTOCOL, "1000000");
    assert!(peak <= allowed(size.min(BODY)), "{} MiB", peak / MIB);
    assert!(peak <= 64 << 20, "{} MiB: it is not read to its end", peak / MIB);
}

/// Bodies that cost much more than they weigh where each of their pieces is made something of.
#[test]
fn lists_of_a_million_and_more() {
    let _alone = heap::alone();
    let many = 6_000_000;
    let long = "x".repeat(20_000);
    let hostile: Vec<(&str, Body, Option<&str>)> = vec![
        ("empty links", repeated(r#"{"_links":{"contact":["#, many, "{}", "]}}"), Some("1000000")),
        ("hrefs", repeated(r#"{"_links":{"contact":["#, many, "\"\"", "]}}"), Some("1000000")),
        ("empty contacts", repeated(r#"{"_embedded":{"contact":["#, many, "{}", "]}}"), Some("1000000")),
        ("numbers", repeated(r#"{"a":["#, 2 * many, "0", "]}"), Some("1000000")),
        ("arrays", repeated(r#"{"a":["#, many, "[]", "]}"), Some("1000000")),
        ("properties", repeated("{", 3_000_000, r#""":0"#, "}"), Some("100000")),
        ("relations", repeated(r#"{"_embedded":{"#, 3_000_000, r#""":{}"#, "}}"), Some("100000")),
        ("links of many names", repeated(r#"{"_links":{"#, 2_000_000, r#""a":"/a""#, "}}"), Some("1000000")),
        ("escaped", repeated(r#"{"\u005flinks":{"#, 2_000_000, r#""\n":"/""#, "}}"), Some("1000000")),
        ("too long", repeated(r#"{"a":""#, 300_000_000 / 10, "123456789", "\"}"), Some("32 MiB")),
        ("a page", repeated("<html>", 20_000_000, "<a>", "</html>"), Some("32 MiB")),
        ("no UTF-8", compressed("{\"a\":\"", 15_000_000, |_, buffer| buffer.push(0xff), "\"}"), None),
        ("no JSON", repeated("{\"a\":[", 900_000, "x y", ""), None),
        ("a million tiny contacts", compressed(r#"{"_embedded":{"contact":["#, ITEMS, tiny, "]}}"), None),
        ("one contact a million times", repeated(r#"{"_embedded":{"contact":["#, ITEMS, r#"{"uri":"a@b"}"#, "]}}"), None),
        ("a million addresses", repeated(r#"{"_embedded":{"contact":["#, ITEMS / 2, r#"{"_links":{"self":{"href":"a"}}}"#, "]}}"), None),
        ("dates", repeated(r#"{"_embedded":{"contact":["#, ITEMS, r#"{"a":"/Date(0)/"}"#, "]}}"), None),
        ("dates within", repeated(r#"{"_embedded":{"contact":[{"a":["#, ITEMS - 1, r#""/Date(0)/""#, "]}]}}"), None),
        ("objects", repeated(r#"{"_embedded":{"contact":[{"a":["/Date(0)/","#, 900_000, r#"{"":0}"#, "]}]}}"), None),
        ("one long contact", repeated(r#"{"_embedded":{"contact":[{"uri":"a@b","a":""#, 1_600, &long, r#""}]}}"#), None),
        ("long contacts", repeated(r#"{"_embedded":{"contact":["#, 1_500, &format!(r#"{{"uri":"{long}"}}"#), "]}}"), None),
        (
            "links to contacts",
            compressed(r#"{"_links":{"contact":["#, 900_000, |number, buffer| buffer.extend(format!("\"/{number}\"").bytes()), "]}}"),
            None,
        ),
    ];
    for (name, (body, size), limit) in hostile {
        let answer = Answer::gzip(&body);
        let answer = if name == "a page" { answer.media_type("text/html") } else { answer };
        let server = Server::start(move |_, path, _| (path == "/contacts").then(|| answer.clone()));
        let app = config(&server).with("timeout_ms", "20000").sign_in().unwrap();
        let (outcome, peak) = measure(|| contacts(&app));
        say!(
            "{name}: {} MiB of {} MiB; {:?}",
            peak / MIB,
            size / MIB,
            outcome.as_ref().map_err(|failure| failure.message.chars().take(150).collect::<String>())
        );
        assert!(peak <= allowed(size.min(BODY)), "{name}: {} MiB of {} MiB", peak / MIB, size / MIB);
        if let Some(limit) = limit {
            fails_naming(outcome, UCWA_PROTOCOL, limit);
        }
    }
}

fn tiny(number: usize, buffer: &mut Vec<u8>) {
    buffer.extend(format!(r#"{{"uri":"sip:{number}@a"}}"#).bytes());
}

#[test]
fn the_limit_of_items_is_taken() {
    let _alone = heap::alone();
    for (items, limit) in [(ITEMS, None), (ITEMS + 1, Some("1000000"))] {
        let (body, _) = compressed(r#"{"_embedded":{"contact":["#, items, tiny, "]}}");
        let server = Server::start(move |_, path, _| (path == "/contacts").then(|| Answer::gzip(&body)));
        let app = config(&server).with("timeout_ms", "120000").sign_in().unwrap();
        match limit {
            None => assert!(contacts(&app).unwrap() > 20 * ITEMS),
            Some(limit) => fails_naming(contacts(&app), UCWA_PROTOCOL, limit),
        }
    }
}

#[test]
fn a_refused_batch_with_a_long_code() {
    let _alone = heap::alone();
    for (member, quote) in [("code", "\""), ("message", "\""), ("debugInfo", "\""), ("parameters", "")] {
        let (start, end) = if quote.is_empty() { ("[", "0]") } else { (quote, quote) };
        let piece = if quote.is_empty() { "0,0,0,0" } else { "xxxxxxxxx" };
        let (body, size) = repeated(&format!(r#"{{"subcode":"Sub","{member}":{start}"#), 2_000_000, piece, &format!("{end}}}"));
        let server = Server::start(move |method, path, _| {
            match (method, path) {
                ("POST", "/apps") => Some(Answer::json(application(r#","batch":{"href":"/batch"}"#)).status(201)),
                ("GET", "/contacts") => Some(Answer::json(list_of(1_000))),
                ("POST", "/batch") => Some(Answer::gzip(&body).status(403)),
                _ => Some(Answer::gzip(&body).status(403)),
            }
            .filter(|_| !matches!((method, path), ("GET", "/")))
        });
        let app = config(&server).sign_in().unwrap();
        let asked = some_contacts(1_000);
        let (outcome, peak) = measure(|| presences(&app, &asked));
        say!("{member}: {} MiB; {:?}", peak / MIB, outcome.as_ref().map_err(|failure| &failure.message));
        assert!(peak <= allowed(size), "{member}: {} MiB", peak / MIB);
        if let Ok(length) = outcome {
            assert!(length < 1_000 * 9_000, "{length}");
        }
    }
}

/// A part of a batch's answer for each that was asked.
fn parts(body: &str, part: impl Fn(usize) -> Vec<u8>) -> Answer {
    let asked = body.matches("HTTP/1.1\r\nHost").count();
    let mut text = Vec::new();
    for number in 0..asked {
        text.extend(b"--b\r\nContent-Type: application/http\r\n\r\n");
        text.extend(part(number));
        text.extend(b"\r\n");
    }
    text.extend(b"--b--");
    Answer::json(text).media_type("multipart/batching; boundary=b")
}

#[test]
fn millions_of_headers_in_a_part() {
    let _alone = heap::alone();
    let lines = 4_000_000;
    let (body, size) = compressed(
        "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n",
        1,
        |_, buffer| (0..lines).for_each(|_| buffer.extend(b"a:\r\n")),
        "\r\n{}\r\n--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"availability\":\"Busy\"}\r\n--b--",
    );
    let server = Server::start(move |method, path, _| match (method, path) {
        ("POST", "/apps") => Some(Answer::json(application(r#","batch":{"href":"/batch"}"#)).status(201)),
        ("GET", "/contacts") => Some(Answer::json(list_of(2))),
        ("POST", "/batch") => Some(Answer::gzip(&body).media_type("multipart/batching; boundary=b")),
        _ => None,
    });
    let app = config(&server).sign_in().unwrap();
    let (outcome, peak) = measure(|| presences(&app, &some_contacts(2)));
    say!("headers: {} MiB of {} MiB; {outcome:?}", peak / MIB, size / MIB);
    assert!(peak <= allowed(size), "{} MiB", peak / MIB);
}

#[test]
fn a_part_has_the_limits_of_an_answer() {
    let _alone = heap::alone();
    let server = Server::start(move |method, path, body| match (method, path) {
        ("POST", "/apps") => Some(Answer::json(application(r#","batch":{"href":"/batch"}"#)).status(201)),
        ("GET", "/contacts") => Some(Answer::json(list_of(2))),
        ("POST", "/batch") => Some(parts(body, |number| {
            let many = if number == 0 { format!("[0{}]", ",0".repeat(ITEMS)) } else { "[]".to_owned() };
            format!("HTTP/1.1 200 OK\r\n\r\n{{\"availability\":\"Busy\",\"many\":{many}}}").into_bytes()
        })),
        _ => None,
    });
    let app = config(&server).sign_in().unwrap();
    let found = app.presences_of(&["p0@contoso.com", "p1@contoso.com"]).unwrap();
    assert_eq!((&found[0]["error"]["status"], &found[1]["availability"]), (&"UCWA_PROTOCOL".into(), &"Busy".into()));
    assert!(found[0]["error"]["message"].as_str().unwrap().contains("1000000"), "{}", found[0]);
}

#[test]
fn long_presences_without_batches() {
    let _alone = heap::alone();
    let count = 24;
    for (length, limit) in [(120_000_000, Some("32 MiB")), (20_000_000, None), (2_000_000, None)] {
        let (body, size) = repeated(r#"{"availability":"Busy","text":""#, length / 10, "123456789", "\"}");
        let server = Server::start(move |_, path, _| match path {
            "/contacts" => Some(Answer::json(list_of(24))),
            path if path.ends_with("/presence") => Some(Answer::gzip(&body)),
            _ => None,
        });
        let app = config(&server).with("timeout_ms", "120000").sign_in().unwrap();
        let asked = some_contacts(count);
        let (outcome, peak) = measure(|| presences(&app, &asked));
        say!("{length}: {} MiB; {outcome:?}", peak / MIB);
        assert!(peak <= APPLICATION.min(64 * MIB + 6 * size.min(BODY) * count), "{} MiB", peak / MIB);
        let written = outcome.unwrap();
        if limit.is_some() {
            assert!(written < count * 4_096, "each fails by itself");
        } else {
            assert!(written > length.min(20_000_000), "what there is room for is there: {written}");
        }
        assert_eq!(server.asked().iter().filter(|asked| asked.ends_with("/presence")).count(), count);
    }
}

#[test]
fn several_large_answers_at_once_keep_to_the_limit_of_an_application() {
    let _alone = heap::alone();
    let (body, _) = repeated(r#"{"_embedded":{"contact":[{"uri":"a@b","a":""#, 3_000_000, "123456789", r#""}]}}"#);
    let server = Server::start(move |_, path, _| (path == "/contacts").then(|| Answer::gzip(&body)));
    let app = config(&server).with("timeout_ms", "120000").sign_in().unwrap();
    let (lengths, peak) = measure(|| {
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| contacts(&app).unwrap())).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
        })
    });
    say!("eight at once: {} MiB", peak / MIB);
    assert!(lengths.iter().all(|length| *length > 29_000_000));
    assert!(peak <= APPLICATION, "{} MiB", peak / MIB);
}

#[test]
fn contacts_that_were_met_are_forgotten_again() {
    let _alone = heap::alone();
    let simulator = ucwa_simulator::Simulator::builder().contacts(10_000).kept_requests(10).start().unwrap();
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    let app = App::on(&simulator);
    app.subscribe(&format!("[\"{}\"]", uris[0])).unwrap();
    let before = heap::live();
    let mut after = Vec::new();
    for some in uris[1..].chunks(2_500).take(2) {
        for some in some.chunks(500) {
            let id = app.subscribe(&serde_json::to_string(some).unwrap()).unwrap()["id"].as_str().unwrap().to_owned();
            app.unsubscribe(&id).unwrap();
        }
        while app.next_event(0).is_ok() {}
        after.push(heap::live().saturating_sub(before));
    }
    say!("after 2,500 and 5,000: {after:?} bytes more");
}

#[test]
fn an_argument_has_a_limit() {
    let _alone = heap::alone();
    let server = Server::start(|_, _, _| None);
    let app = config(&server).sign_in().unwrap();
    let over = some_contacts(100_001);
    fails_naming(presences(&app, &over), UCWA_INVALID_ARGUMENT, "100000");
    let (outcome, peak) = measure(|| presences(&app, &CString::new(format!("[{}0]", "0,".repeat(8_000_000))).unwrap()));
    fails_naming(outcome, UCWA_INVALID_ARGUMENT, "100000");
    assert!(peak < 80 * MIB, "{} MiB: the text has 16", peak / MIB);
    let failure = app.subscribe(over.to_str().unwrap()).unwrap_err();
    assert_eq!(failure.status, UCWA_INVALID_ARGUMENT);
    assert!(failure.message.contains("100000"), "{}", failure.message);
}

#[test]
fn headers_have_a_limit() {
    let _alone = heap::alone();
    let many = |count: usize, length: usize| {
        Server::start(move |_, path, _| {
            let mut answer = Answer::json("{}");
            (0..count).for_each(|number| answer = answer.clone().header(&format!("x-{number}"), &"x".repeat(length)));
            (path == "/contacts").then_some(answer)
        })
    };
    for (count, length, fits) in [(50, 100, true), (50, 2_000, false), (1, 300_000, false), (1, 1_000_000, false), (5_000, 10, false)] {
        let server = many(count, length);
        let app = config(&server).sign_in().unwrap();
        match contacts(&app) {
            Ok(_) => assert!(fits, "{count} headers of {length}"),
            failed => fails_naming(failed, UCWA_PROTOCOL, "64 KiB"),
        }
    }
}
