//! What can be ordered to go wrong.

mod common;

use std::time::{Duration, Instant};

use common::{Client, header, json};
use serde_json::json;
use ucwa_simulator::{Fault, Simulator};

const ROUTE: &str = "contactPresence";

fn start() -> (Simulator, Client) {
    let simulator = Simulator::start().unwrap();
    let client = Client::sign_in(&simulator);
    (simulator, client)
}

#[test]
fn answers_of_another_kind() {
    let (simulator, client) = start();
    simulator.fault(Fault::on(ROUTE).status(503).header("Retry-After", "7"));
    let busy = client.sara().unwrap();
    assert_eq!((busy.status().as_u16(), header(&busy, "retry-after"), &json(&busy)["code"]), (503, "7", &json!("ServiceUnavailable")));
    assert_eq!(header(&busy, "x-ms-server-fqdn"), "sfbfe01.contoso.local");

    simulator.fault(Fault::on(ROUTE).status(401));
    let unauthorized = client.sara().unwrap();
    assert_eq!((unauthorized.status().as_u16(), unauthorized.headers().get_all("www-authenticate").iter().count()), (401, 2));

    simulator.fault(Fault::on(ROUTE).respond(418, "teapot").header("Content-Type", "text/plain"));
    let verbatim = client.sara().unwrap();
    assert_eq!((verbatim.status().as_u16(), verbatim.body().as_str(), header(&verbatim, "via")), (418, "teapot", ""));

    simulator.fault(Fault::on(ROUTE).html_page(502));
    let page = client.sara().unwrap();
    assert_eq!((page.status().as_u16(), header(&page, "content-type")), (502, "text/html"));

    simulator.fault(Fault::on(ROUTE).wrong_type("text/plain"));
    let wrong = client.sara().unwrap();
    assert_eq!((wrong.status().as_u16(), header(&wrong, "content-type")), (200, "text/plain"));
    assert_eq!(json(&wrong)["availability"], "Offline");
    assert_eq!(client.sara().unwrap().status(), 200);
    assert_eq!(simulator.count(ROUTE), 6);
}

#[test]
fn faults_hit_what_they_are_meant_for() {
    let (simulator, client) = start();
    simulator.fault(Fault::on(ROUTE).skip(1).times(2));
    simulator.fault(Fault::on("contactnote").method("POST"));
    simulator.fault(Fault::any().path("/location").host("elsewhere"));
    let statuses: Vec<_> = (0..4).map(|_| client.sara().unwrap().status().as_u16()).collect();
    assert_eq!(statuses, [200, 500, 500, 200]);
    let read = |part: &str| client.get(&client.at(&format!("/people/sarad@contoso.com/{part}"))).unwrap().status().as_u16();
    assert_eq!((read("note"), read("location")), (200, 200));
    simulator.fault(Fault::any().path("/location").host("LOCALHOST").status(429).forever());
    assert_eq!((read("location"), read("location")), (429, 429));
    simulator.clear_faults();
    assert_eq!(read("location"), 200);
}

#[test]
fn connections_are_lost_before_the_answer() {
    let (simulator, client) = start();
    for fault in [Fault::on(ROUTE).drop(), Fault::on(ROUTE).reset(), Fault::on(ROUTE).truncate(10)] {
        simulator.fault(fault);
        assert!(client.sara().is_err());
        assert_eq!(client.sara().unwrap().status(), 200);
    }
    let statuses: Vec<_> = simulator.requests().into_iter().filter(|record| record.route == ROUTE).map(|record| record.status).collect();
    assert_eq!(statuses, [0, 200, 0, 200, 200, 200]);
    assert_eq!(simulator.connections(), 4);
}

#[test]
fn connections_are_lost_after_the_answer() {
    use std::io::{ErrorKind, Read, Write};
    let simulator = Simulator::start().unwrap();
    let ask = |fault: Fault| {
        simulator.fault(fault);
        let mut socket = std::net::TcpStream::connect(simulator.http_address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let end = socket.read_to_end(&mut answer);
        (String::from_utf8(answer).unwrap(), end.map_err(|error| error.kind()))
    };
    let (answer, end) = ask(Fault::on("root").close_after());
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("}}") && !answer.contains("Connection: close"), "{answer}");
    assert!(end.is_ok());
    let (answer, end) = ask(Fault::on("root").answer_then_reset(20));
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("}}"), "{answer}");
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
    let (answer, end) = ask(Fault::on("root").truncate(5));
    assert!(answer.ends_with("\r\n\r\n{\"_li"), "{answer}");
    assert!(end.is_ok());
    let (answer, end) = ask(Fault::on("root").reset());
    assert_eq!((answer.as_str(), end), ("", Err(ErrorKind::ConnectionReset)));
}

#[test]
fn answers_come_late_or_never() {
    let (simulator, client) = start();
    simulator.fault(Fault::on(ROUTE).delay(30));
    simulator.fault(Fault::on(ROUTE).status(500));
    let asked = Instant::now();
    assert_eq!(client.sara().unwrap().status(), 500, "a delay does not keep other faults away");
    assert!(asked.elapsed() >= Duration::from_millis(30));

    simulator.fault(Fault::on(ROUTE).hang().times(2));
    let asked = simulator.requests().len();
    let waiting = common::sent(&simulator, &client.at("/people/sarad@contoso.com/presence"));
    assert!(simulator.wait_until(Duration::from_secs(120), |simulator| simulator.outstanding() == 1));
    assert_eq!((simulator.requests().len(), simulator.requests().last().unwrap().status), (asked + 1, 0));
    drop(waiting);
    assert!(simulator.wait_until(Duration::from_secs(120), |simulator| simulator.outstanding() == 0));
    let _hanging = common::sent(&simulator, &client.at("/people/sarad@contoso.com/presence"));
    // One that hangs does not keep the simulator from stopping.
    drop(simulator);
}
