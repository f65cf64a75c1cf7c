//! The clock at other speeds, and what befalls the server as a whole.

mod common;

use std::time::{Duration, Instant};

use common::{Client, agent, control, header, json, outcome, plain};
use serde_json::json;
use ucwa_simulator::{Fault, Simulator};

/// Far more than anything takes; only a defect waits so long.
const PATIENCE: Duration = Duration::from_secs(120);
const SARA: &str = "sip:SaraD@contoso.com";

fn subscribe(client: &Client) {
    let body = json!({"duration": 10, "uris": [SARA]});
    assert_eq!(client.post(&client.at("/people/presenceSubscriptions"), &body).unwrap().status(), 201);
}

#[test]
fn time_runs_at_any_speed() {
    let simulator = Simulator::builder().clock_speed(0.0).start().unwrap();
    let client = Client::sign_in(&simulator);
    subscribe(&client);
    std::thread::scope(|scope| {
        let pending = scope.spawn(|| client.read("/events?ack=1"));
        assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == 1));
        assert_eq!(simulator.elapsed(), Duration::ZERO);
        // Five seconds of waiting are over at once.
        simulator.set_clock_speed(100_000.0);
        assert!(pending.join().unwrap().get("sender").is_some());
    });
    // A subscription of ten minutes ends within milliseconds.
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.subscribed().is_empty()));
    assert_eq!(json(&control(&simulator, "GET", "clock", ""))["speed"], 100_000.0);
    let clock = json(&control(&simulator, "POST", "clock", r#"{"speed":0,"advanceMs":1000}"#));
    assert_eq!((&clock["speed"], &clock["advancedMs"]), (&json!(0.0), &json!(1000)));
    for wrong in ["{}", r#"{"speed":-1}"#, r#"{"speed":"fast"}"#, r#"{"advanceMs":1,"speed":null}"#] {
        assert_eq!(control(&simulator, "POST", "clock", wrong).status(), 400, "{wrong}");
    }
    let before = simulator.elapsed();
    assert_eq!(simulator.elapsed(), before, "it stands");
}

#[test]
fn latency_is_real_and_dates_can_be_written_for_ever() {
    let simulator = Simulator::builder().clock_speed(1e9).start().unwrap();
    simulator.fault(Fault::on("root").delay(20));
    let asked = Instant::now();
    plain(&agent(&simulator), simulator.url(), &[]).unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(20));
    simulator.advance(Duration::MAX);
    let late = plain(&agent(&simulator), simulator.url(), &[]).unwrap();
    assert_eq!((late.status().as_u16(), header(&late, "date")), (200, "Fri, 31 Dec 9999 23:59:59 GMT"));
}

#[test]
fn a_restart_loses_everything_but_the_directory() {
    let simulator = Simulator::builder().clock_speed(0.0).start().unwrap();
    let mut client = Client::sign_in(&simulator);
    subscribe(&client);
    simulator.set_presence(SARA, json!({"availability": "Busy"}));
    simulator.max_groups(7);
    simulator.fault(Fault::on("me").status(503));
    let connections = simulator.connections();
    std::thread::scope(|scope| {
        let pending = scope.spawn(|| client.get(&client.at("/events?ack=1")));
        assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == 1));
        simulator.restart();
        assert!(pending.join().unwrap().is_err(), "no answer, but a reset");
    });
    assert!(simulator.subscribed().is_empty());
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.outstanding() == 0));
    let client_of_old = client.application.clone();
    let refused = client.sara();
    assert!(refused.is_err() || refused.unwrap().status() == 401, "the connection was reset, or the token is unknown");
    client.token = simulator.issue_token("localhost");
    assert_eq!(outcome(&client.get(&client_of_old).unwrap()), (404, "ApplicationNotFound".into()));
    client.register();
    assert_ne!(client.application, client_of_old);
    assert_eq!(json(&client.sara().unwrap())["availability"], "Busy");
    assert_eq!(client.get(&client.at("/me")).unwrap().status(), 503);
    assert_eq!(json(&control(&simulator, "GET", "settings", ""))["maxGroups"], 7);
    assert!(simulator.connections() > connections);
    assert_eq!(control(&simulator, "POST", "restart", "").status(), 200);
    assert_eq!(agent(&simulator).get(simulator.url()).call().unwrap().status(), 200);
}

#[test]
fn there_may_be_no_network() {
    use std::io::{ErrorKind, Read, Write};
    let simulator = Simulator::builder().clock_speed(0.0).start().unwrap();
    let client = Client::sign_in(&simulator);
    let mut idle = std::net::TcpStream::connect(simulator.http_address()).unwrap();
    idle.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(simulator.wait_until(PATIENCE, |simulator| simulator.connections() == 2));
    std::thread::scope(|scope| {
        let pending = scope.spawn(|| client.get(&client.at("/events?ack=1")));
        assert!(simulator.wait_until(PATIENCE, |simulator| simulator.pending_events() == 1));
        simulator.offline(true);
        assert!(pending.join().unwrap().is_err());
    });
    assert_eq!(idle.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(json(&control(&simulator, "GET", "offline", "")), json!({"offline": true}));
    assert!(client.sara().is_err());
    let mut new = std::net::TcpStream::connect(simulator.https_address()).unwrap();
    let lost = new.write_all(b"x").and_then(|()| new.read(&mut [0])).unwrap_err();
    assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&lost.kind()), "{lost}");
    assert_eq!(control(&simulator, "PUT", "offline", "{}").status(), 400);
    control(&simulator, "PUT", "offline", r#"{"offline":false}"#);
    assert_eq!(client.sara().unwrap().status(), 200, "nothing was lost but connections");
}

#[test]
fn waiting_needs_no_polling() {
    let simulator = Simulator::start().unwrap();
    assert!(!simulator.wait_until(Duration::from_millis(1), |_| false));
    assert!(simulator.wait_until(Duration::ZERO, |_| true));
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut looks = 0;
            let found = simulator.wait_until(PATIENCE, |simulator| {
                looks += 1;
                simulator.count("root") == 3 && simulator.requests().iter().all(|record| record.status == 200)
            });
            assert!(found);
            looks
        });
        let agent = agent(&simulator);
        for _ in 0..3 {
            plain(&agent, simulator.url(), &[]).unwrap();
        }
        assert!(looks.join().unwrap() < 20);
    });
}

#[test]
fn the_journal_is_bounded() {
    let simulator = Simulator::builder().kept_requests(2).start().unwrap();
    let agent = agent(&simulator);
    for _ in 0..5 {
        plain(&agent, simulator.url(), &[]).unwrap();
    }
    let kept: Vec<_> = simulator.requests().into_iter().map(|record| (record.sequence, record.status)).collect();
    assert_eq!((kept, simulator.count("root")), (vec![(4, 200), (5, 200)], 5));
}
