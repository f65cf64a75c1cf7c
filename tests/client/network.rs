//! Proxies, connections, and callers that have a runtime of their own.

use crate::common::*;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use ucwa::ffi::*;
use ucwa_simulator::Fault;

/// A proxy that tunnels everything to one address, and remembers what it was asked for.
fn proxy(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let log = Arc::clone(&log);
            thread::spawn(move || tunnel(client, to, &log));
        }
    });
    (address, asked)
}

fn tunnel(client: TcpStream, to: SocketAddr, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    log.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
    let mut server = TcpStream::connect(to)?;
    (&client).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client);
    thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    io::copy(&mut reader.by_ref().take(u64::MAX), &mut server).map(drop)
}

#[test]
fn everything_goes_through_the_proxy() {
    let simulator = simulator();
    let (address, asked) = proxy(simulator.https_address());
    let config = Config::of(&simulator).with("proxy", &format!("http://{address}")).with("discovery_url", "https://pool1.contoso.com/");
    let app = config.sign_in().unwrap();
    assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    assert_eq!(*asked.lock().unwrap(), ["CONNECT pool1.contoso.com:443 HTTP/1.1"], "one connection, kept alive");

    asked.lock().unwrap().clear();
    let config = config.with("no_proxy", "pool1.contoso.com").with("resolve", &format!("pool1.contoso.com={}", simulator.https_address()));
    config.sign_in().unwrap();
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_that_is_not_there() {
    let simulator = simulator();
    let config = Config::of(&simulator).with("discovery_url", "https://pool1.contoso.com/");
    let proxy = format!("http://{}", nowhere());
    let failure = config.with("proxy", &proxy).sign_in().err().unwrap();
    assert_eq!(failure.status, UCWA_NETWORK, "{}", failure.message);
    assert!(failure.message.contains(&format!("the proxy {proxy} cannot be used")), "{}", failure.message);
}

#[test]
fn connections_are_kept_and_few() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    for _ in 0..50 {
        app.presence(SARA).unwrap();
    }
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn idle_connections_that_the_server_closed() {
    let simulator = simulator();
    let app = App::on(&simulator);
    app.presence(SARA).unwrap();
    for _ in 0..20 {
        let before = simulator.connections();
        simulator.fault(Fault::on("contactPresence").close_after());
        app.presence(SARA).unwrap();
        app.presence(SARA).unwrap();
        assert!(simulator.connections() > before);
    }
}

#[test]
fn a_caller_with_an_async_runtime() {
    let simulator = simulator();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let app = Config::of(&simulator).sign_in().unwrap();
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
        drop(app);
    });
}

#[test]
fn compressed_answers() {
    let simulator = simulator();
    let app = App::on(&simulator);
    assert_eq!(app.contacts().unwrap()["contacts"].as_array().unwrap().len(), 19);
    let list = simulator.requests().into_iter().find(|request| request.route == "myContacts").unwrap();
    let accepted = &list.headers.iter().find(|(name, _)| name == "accept-encoding").unwrap().1;
    assert_eq!(accepted, "gzip", "deflate means two things");
}
