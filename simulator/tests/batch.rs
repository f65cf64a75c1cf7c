//! Batches: what they look like, what they refuse, and how many requests may be under way.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Client, header, json};
use serde_json::{Value, json};
use ucwa_simulator::{Fault, Simulator};
use ureq::http::Response;

/// A part of an answer: status, head, body.
type Part = (u16, String, String);

fn start() -> (Simulator, Client) {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    (simulator, client)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n")
}

fn body(parts: &[String]) -> String {
    let parts = parts.iter().map(|part| format!("\r\n--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n{part}"));
    format!("{}\r\n--b--\r\n", parts.collect::<String>())
}

fn send(client: &Client, parts: &[String]) -> Response<String> {
    client.send("POST", &client.at("/batch"), &[("Content-Type", "multipart/batching;boundary=b")], &body(parts))
}

/// Reads the parts as strictly as they were recorded.
fn parts(reply: &Response<String>) -> Vec<Part> {
    assert_eq!(reply.status(), 200, "{}", reply.body());
    let boundary = header(reply, "content-type").strip_prefix("multipart/batching; boundary=\"").and_then(|rest| rest.strip_suffix('"'));
    let boundary = boundary.unwrap();
    assert!(boundary.len() == 36 && boundary != "b");
    let whole = reply.body().strip_suffix(&format!("--{boundary}--\r\n")).unwrap();
    let delimiter = format!("--{boundary}\r\n");
    let parts = whole.split(&delimiter).skip(1).map(|part| {
        let part = part.strip_prefix("Content-Type: application/http; msgtype=response\r\n\r\nHTTP/1.1 ").unwrap();
        let (head, body) = part.strip_suffix("\r\n").unwrap().split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().contains("content-length"), "{head}");
        (head[..3].parse().unwrap(), head[4..].to_owned(), body.to_owned())
    });
    parts.collect()
}

fn statuses(reply: &Response<String>) -> Vec<u16> {
    parts(reply).into_iter().map(|part| part.0).collect()
}

#[test]
fn answers_look_like_recorded_ones() {
    let (simulator, client) = start();
    client.post(&client.at("/me/makeMeAvailable"), &json!({})).unwrap();
    simulator.clear_requests();
    let sara = client.at("/people/sarad@contoso.com/presence");
    let note = "{\r\n  \"message\": \"hello ucwa\"\r\n}";
    let post = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{note}\r\n",
        client.at("/me/note"),
        note.len()
    );
    let reply = send(&client, &[get(&sara), post, get(&client.at("/me/note")), get(&client.at("/people/nobody@contoso.com"))]);
    assert_eq!(header(&reply, "transfer-encoding"), "chunked");
    let parts = parts(&reply);
    let json_head = "OK\r\nCache-Control: no-cache\r\nContent-Type: application/json; charset=utf-8";
    assert_eq!((parts[0].0, parts[0].1.as_str(), &parts[0].2), (200, json_head, client.get(&sara).unwrap().body()));
    assert_eq!(parts[1], (204, "No Content\r\nCache-Control: no-cache".into(), String::new()));
    assert!(parts[2].2.contains("\"message\":\"hello ucwa\""));
    assert_eq!((parts[3].0, parts[3].1.starts_with("Not Found\r\n")), (404, true));

    // One request came over the wire, four were in it.
    assert_eq!((simulator.count("batch"), simulator.count("note"), simulator.count_batched("note")), (1, 0, 2));
    let batch = &simulator.requests()[0];
    assert_eq!((batch.route.as_str(), batch.batched), ("batch", None));
    let inner: Vec<_> = simulator.batched_requests().into_iter().map(|record| (record.route, record.status, record.batched)).collect();
    let batched = Some(batch.sequence);
    let expected = [("contactPresence", 200), ("note", 204), ("note", 200), ("contact", 404)];
    assert_eq!(inner, expected.map(|(route, status)| (route.to_owned(), status, batched)));
    simulator.clear_requests();
    assert_eq!((simulator.batched_requests().len(), simulator.count_batched("note")), (0, 0));
}

#[test]
fn answers_are_chunked_and_compressed_on_the_wire() {
    let (simulator, client) = start();
    let ask = |accepted: &str| {
        let body = body(&[get(&client.at("/me")), get(&client.at("/people/contacts"))]);
        let token = simulator.issue_token("127.0.0.1");
        let mut socket = TcpStream::connect(simulator.http_address()).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{accepted}Connection: close\r\n\
             Content-Type: multipart/batching; boundary=\"b\"\r\nContent-Length: {}\r\n\r\n",
            client.at("/batch"),
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let packed = ask("Accept-Encoding: gzip\r\n");
    assert!(packed.contains("Transfer-Encoding: chunked") && packed.contains("Content-Encoding: gzip"), "{packed}");
    let plain = ask("");
    assert!(plain.contains("Transfer-Encoding: chunked") && !plain.contains("Content-Encoding"), "{plain}");
    assert!(plain.contains("\"Lene Aaling\"") && packed.len() * 3 < plain.len());
}

#[test]
fn what_is_no_batch_is_refused_as_a_whole() {
    let (simulator, client) = start();
    let batch = client.at("/batch");
    let whole = body(&[get(&client.at("/me"))]);
    let sent = |content_type: &str, body: &str| client.send("POST", &batch, &[("Content-Type", content_type)], body).status().as_u16();
    let good = "multipart/batching; boundary=b";
    assert_eq!(sent(good, &whole), 200);
    assert_eq!(sent(good, &whole.replace("\r\n", "\n")), 200, "whatever the line ends");
    assert_eq!(sent("multipart/batching", &whole), 400);
    assert_eq!(sent("multipart/mixed; boundary=b", &whole), 415);
    for wrong in ["", "--b--", "{}", &whole.replace("--b--", "--b"), &whole.replace("msgtype=request", ""), &whole.replace(" HTTP/1.1", "")]
    {
        assert_eq!(sent(good, wrong), 400, "{wrong}");
    }
    assert_eq!((simulator.count("batch"), simulator.count_batched("me")), (10, 2));
    let wrong = client.get(&batch).unwrap();
    assert_eq!((wrong.status().as_u16(), header(&wrong, "allow")), (405, "POST"));

    simulator.batch_link(false);
    assert!(client.read("")["_links"].get("batch").is_none());
    assert_eq!(sent(good, &whole), 404);
    simulator.batch_link(true);
    simulator.delete_applications();
    assert_eq!(sent(good, &whole), 404, "not its parts, but all of it");
    simulator.expire_tokens();
    assert_eq!(sent(good, &whole), 401);
    assert_eq!(simulator.count_batched("me"), 2);
}

#[test]
fn what_may_not_be_in_a_batch() {
    let (_simulator, client) = start();
    let refused = ["/events?ack=1", "/photos/SaraD@contoso.com", "/photos/lenea@contoso.com", "/batch"].map(|below| get(&client.at(below)));
    let reply = send(&client, &refused);
    for (status, _, body) in parts(&reply) {
        assert_eq!((status, &serde_json::from_str::<Value>(&body).unwrap()["code"]), (400, &json!("BadRequest")));
    }
    let me = get(&client.at("/me"));
    let others = [
        me.replace("Host: localhost\r\n", ""),
        me.replace("Accept: application/json\r\n", ""),
        get("/WebTicket/oauthtoken"),
        get("/"),
        me.replace("GET", "PATCH"),
        me.replace("GET /", "GET https://localhost/"),
        me.replace("\r\n\r\n", "\r\nX-MS-RequiresMinResourceVersion: 3\r\n\r\n"),
    ];
    assert_eq!(statuses(&send(&client, &others)), [400, 400, 404, 404, 405, 200, 404]);
}

#[test]
fn faults_hit_parts() {
    let (simulator, client) = start();
    let sara = get(&client.at("/people/sarad@contoso.com/presence"));
    let note = get(&client.at("/people/sarad@contoso.com/note"));
    let wanted = vec![sara.clone(), note.clone(), sara.clone()];
    simulator.fault(Fault::on("contactPresence").status(503).header("Retry-After", "1"));
    simulator.fault(Fault::on("contactNote").html_page(502));
    simulator.fault(Fault::on("contactPresence").wrong_type("text/plain"));
    let answered = parts(&send(&client, &wanted));
    assert!(answered[0].0 == 503 && answered[0].1.contains("Retry-After: 1"), "{answered:?}");
    assert!(answered[1].0 == 502 && answered[1].2.contains("proxy.contoso.com"), "{answered:?}");
    assert!(answered[2].0 == 200 && answered[2].1.contains("Content-Type: text/plain"), "{answered:?}");
    let inner: Vec<_> = simulator.batched_requests().iter().map(|record| record.status).collect();
    assert_eq!(inner, [503, 502, 200]);

    simulator.fault(Fault::on("contactPresence").respond(200, "{}").skip(1));
    simulator.fault(Fault::on("contactNote").truncate(5));
    simulator.fault(Fault::on("contactNote").delay(30));
    // A part has no connection to lose.
    simulator.fault(Fault::on("contactPresence").drop());
    let asked = Instant::now();
    let answered = parts(&send(&client, &wanted));
    assert_eq!((answered[1].2.as_str(), answered[2].2.as_str()), ("{\"mes", "{}"));
    assert_eq!(answered[2].1, "OK\r\nContent-Type: application/json; charset=utf-8");
    let answered = parts(&send(&client, &[note]));
    assert_eq!(answered[0].0, 200);
    assert!(asked.elapsed() >= Duration::from_millis(30));
    assert!(client.sara().is_err() && client.sara().is_ok());

    // A batch that fails as a whole leaves its parts alone.
    simulator.clear_requests();
    simulator.fault(Fault::on("contactPresence").status(500));
    simulator.fault(Fault::on("batch").status(503));
    assert_eq!(send(&client, &wanted).status(), 503);
    assert!(simulator.batched_requests().is_empty());
    assert_eq!(statuses(&send(&client, &wanted)), [500, 200, 200]);
}

#[test]
fn json_may_begin_with_a_byte_order_mark() {
    let simulator = Simulator::builder().batch_bom(true).start().unwrap();
    let client = Client::sign_in(&simulator);
    let sara = get(&client.at("/people/sarad@contoso.com/presence"));
    let begins = || parts(&send(&client, std::slice::from_ref(&sara)))[0].2.split_once('{').unwrap().0.to_owned();
    assert_eq!(begins(), "\u{feff}");
    simulator.batch_stray_line(true);
    assert_eq!(begins(), "?\r\n\u{feff}");
    simulator.batch_bom(false);
    assert_eq!(begins(), "?\r\n");
    simulator.batch_stray_line(false);
    assert_eq!(begins(), "");
}

#[test]
fn too_much_under_way_is_refused_as_a_whole() {
    let simulator = Simulator::builder().max_outstanding(5).start().unwrap();
    let client = Client::sign_in(&simulator);
    let sara = get(&client.at("/people/sarad@contoso.com/presence"));
    let of = |count: usize| vec![sara.clone(); count];
    assert_eq!(statuses(&send(&client, &of(5))).len(), 5);
    let refused = send(&client, &of(6));
    assert_eq!((refused.status().as_u16(), &json(&refused)["code"]), (429, &json!("TooManyRequests")));
    assert_eq!(simulator.count_batched("contactPresence"), 5, "nothing of it ran");

    // A request that is not answered yet counts, be it single or a part.
    simulator.fault(Fault::on("contactPresence").hang());
    let hanging = common::sent(&simulator, &client.at("/people/sarad@contoso.com/presence"));
    wait_until("the request is under way", || simulator.outstanding() == 1);
    assert_eq!(send(&client, &of(5)).status(), 429);
    assert_eq!(statuses(&send(&client, &of(4))), [200; 4]);
    simulator.max_outstanding(1);
    assert_eq!(client.sara().unwrap().status(), 429);
    // Signing in is nobody's request yet.
    assert_eq!(common::plain(&client.agent, simulator.url(), &[]).unwrap().status(), 200);
    simulator.max_outstanding(0);
    assert_eq!(statuses(&send(&client, &of(150))).len(), 150);
    drop(hanging);
    wait_until("a client that went away does not count", || simulator.outstanding() == 0);
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(120), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
