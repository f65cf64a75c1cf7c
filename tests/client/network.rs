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

/// A host that does not react to attempts to connect: its backlog is full, so that the system drops what knocks.
struct BlackHole {
    address: SocketAddr,
    _held: (socket2::Socket, Vec<socket2::Socket>),
}

impl BlackHole {
    fn new() -> BlackHole {
        let socket = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let fill = |_| {
            let knocker = socket();
            knocker.set_nonblocking(true).unwrap();
            let _ = knocker.connect(&address);
            knocker
        };
        let fillers = (0..8).map(fill).collect();
        BlackHole { address: address.as_socket().unwrap(), _held: (listener, fillers) }
    }
}

/// A host that takes connections and stays silent, and how many it took.
fn silent() -> (SocketAddr, Arc<Mutex<Vec<TcpStream>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&taken);
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(|stream| kept.lock().unwrap().push(stream)));
    (address, taken)
}

/// A configuration in which pool1.contoso.com has these addresses.
fn with_addresses(simulator: &ucwa_simulator::Simulator, addresses: &[&dyn std::fmt::Display]) -> Config {
    let map: Vec<String> = addresses.iter().map(|address| format!("pool1.contoso.com={address}")).collect();
    Config::of(simulator).with("discovery_url", "https://pool1.contoso.com/").with("resolve", &map.join(","))
}

#[test]
fn the_next_address_is_tried_while_one_is_silent_and_when_one_refuses() {
    let simulator = simulator();
    let (hole, second_hole, good) = (BlackHole::new(), BlackHole::new(), simulator.https_address());
    // A connection may take longer than the call: only what goes on beside the silent ones can be in time.
    for addresses in [
        &[&hole.address as &dyn std::fmt::Display, &good][..],
        &[&nowhere(), &good],
        &[&hole.address, &nowhere(), &second_hole.address, &good],
        &[&good, &hole.address],
    ] {
        let config = with_addresses(&simulator, addresses).with("connect_timeout_ms", "600000").with("max_retries", "0");
        let app = config.sign_in().unwrap_or_else(|failure| panic!("{}", failure.message));
        assert_eq!(app.presence(SARA).unwrap()["name"], "Sara Davis");
    }
    assert_eq!(simulator.requests().iter().filter(|request| request.route == "root").count(), 4, "no request more");
}

#[test]
fn an_address_that_stays_silent_is_passed_over_by_all_copies_of_the_configuration() {
    let simulator = simulator();
    let (address, taken) = silent();
    let config = with_addresses(&simulator, &[&address, &simulator.https_address()]).with("connect_timeout_ms", "300");
    config.sign_in().unwrap();
    let first = taken.lock().unwrap().len();
    assert!(first > 0);
    for _ in 0..3 {
        config.sign_in().unwrap();
    }
    assert_eq!(taken.lock().unwrap().len(), first, "it costs the later calls nothing");
    // Other addresses: what failed may work now.
    config.set("resolve", Some(&config.get("resolve").unwrap())).unwrap();
    config.sign_in().unwrap();
    assert!(taken.lock().unwrap().len() > first);
}

#[test]
fn where_no_address_answers_each_is_named() {
    let simulator = simulator();
    let (hole, nowhere) = (BlackHole::new(), nowhere());
    let config = with_addresses(&simulator, &[&hole.address, &nowhere]).with("connect_timeout_ms", "400").with("max_retries", "0");
    let failure = config.sign_in().err().unwrap();
    for part in [&format!("{}: silent within connect_timeout_ms, 400 ms", hole.address), &format!("{nowhere}: refused")] {
        assert!(failure.message.contains(part.as_str()), "no {part} in: {}", failure.message);
    }
    // The only address is tried, however often it failed.
    let only = with_addresses(&simulator, &[&nowhere]).with("max_retries", "0");
    for _ in 0..2 {
        let message = only.sign_in().err().unwrap().message;
        assert!(message.contains("no connection could be made (refused)"), "{message}");
    }
}

#[test]
fn a_connection_takes_four_seconds_at_most_by_default() {
    assert_eq!(Config::new().get("connect_timeout_ms").unwrap(), "4000");
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
