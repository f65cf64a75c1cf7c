//! Proxies: which connections use one, and what is said when one fails.

use crate::common::*;
use std::ffi::{CStr, c_char, c_void};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{env, io, thread};
use ucwa::ffi::*;

type Asked = Arc<Mutex<Vec<String>>>;

/// A proxy that answers each request with what a function says: a text, or `None` for a tunnel to that address.
fn proxy(to: SocketAddr, answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            thread::spawn(move || one(client, to, &log, &*answer));
        }
    });
    (address.to_string(), asked)
}

fn one(client: TcpStream, to: SocketAddr, log: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Option<String>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    log.lock().unwrap().push(head.clone());
    if let Some(text) = answer(&head) {
        return (&client).write_all(text.as_bytes());
    }
    let mut server = TcpStream::connect(to)?;
    (&client).write_all(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client);
    thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    io::copy(&mut reader.by_ref().take(u64::MAX), &mut server).map(drop)
}

fn anywhere() -> SocketAddr {
    "127.0.0.1:1".parse().unwrap()
}

/// A proxy that gives everything the same answer.
fn refusing(answer: &str) -> (String, Asked) {
    let answer = answer.to_owned();
    proxy(anywhere(), move |_| Some(answer.clone()))
}

fn through(proxy: &str, url: &str) -> Failure {
    shorten_waits();
    let config = Config::new().with("sign_in_address", "sip:lenea@contoso.com").with("password", "Pa$$w0rd").with("discovery_url", url);
    config.with("proxy", proxy).with("connect_timeout_ms", "300").with("max_retries", "1").sign_in().err().unwrap()
}

#[test]
fn what_a_proxy_answers_is_said_with_its_name() {
    for (answer, status, parts) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
            407,
            &["asks for a user and a password", "Negotiate, Basic", "http://user:password@host:port"][..],
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            403,
            &["does not connect to pool1.contoso.com:443", "no_proxy", "administrator"],
        ),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 502, &["does not connect to pool1.contoso.com:443"]),
    ] {
        let (address, asked) = refusing(answer);
        let failure = through(&format!("http://lenea:S3cret@{address}"), "https://pool1.contoso.com/");
        assert_eq!((failure.status, failure.json["httpStatus"].as_i64()), (UCWA_NETWORK, Some(status)), "{}", failure.message);
        let name = format!("http://{address}");
        for part in parts.iter().copied().chain([name.as_str(), &status.to_string()]) {
            assert!(failure.message.contains(part), "no {part} in: {}", failure.message);
        }
        assert!(!failure.json.to_string().contains("S3cret"), "{failure:?}");
        let asked = asked.lock().unwrap();
        assert!(asked[0].to_lowercase().contains("\r\nproxy-authorization: basic bgvuzwe6uznjcmv0\r\n"), "{asked:?}");
        if status < 500 {
            assert!(asked.len() <= 2, "it would be so again, and is asked once more for its reason: {asked:?}");
        }
    }
}

#[test]
fn a_proxy_that_fails_in_other_ways() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap();
    for (proxy, parts) in [
        (format!("http://{}", nowhere()), &["cannot be used", "refused"][..]),
        (format!("http://{}.invalid:8080", "x".repeat(70)), &["cannot be used", "the name has no address"]),
        (format!("http://{silent}"), &["cannot be used", "within connect_timeout_ms (300 ms)"]),
        (format!("http://{}", refusing("").0), &["failed", "it gave no connection to pool1.contoso.com:443"]),
        (format!("http://{}", refusing("nonsense\r\n\r\n").0), &["failed", "its answer cannot be read"]),
        (format!("https://{}", refusing("HTTP/1.1 400 Bad Request\r\n\r\n").0), &["cannot be used"]),
    ] {
        let failure = through(&proxy, "https://pool1.contoso.com/");
        let name = format!("the proxy {proxy}");
        for part in parts.iter().copied().chain([name.as_str()]) {
            assert!(failure.message.contains(part), "no {part} in: {}", failure.message);
        }
    }
}

#[test]
fn a_proxy_of_plain_http_that_asks_for_a_password() {
    let (address, asked) = refusing("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
    let failure = through(&format!("http://{address}"), "http://pool1.contoso.com/");
    assert_eq!(failure.json["httpStatus"], 407, "{}", failure.message);
    assert!(failure.message.contains(&format!("the proxy http://{address}")) && failure.message.contains("NTLM"), "{}", failure.message);
    assert!(asked.lock().unwrap()[0].starts_with("GET http://pool1.contoso.com/"), "{asked:?}");
}

#[test]
fn loopback_bypasses_every_proxy() {
    let simulator = simulator();
    let (address, asked) = proxy(simulator.https_address(), |_| None);
    let http = format!("http://localhost:{}/", simulator.http_address().port());
    let by_address = simulator.url().replace("localhost", "127.0.0.1");
    for url in [simulator.url(), &by_address, &http] {
        let config = Config::of(&simulator).with("proxy", &format!("http://{address}")).with("discovery_url", url);
        config.sign_in().unwrap();
    }
    assert!(asked.lock().unwrap().is_empty(), "{asked:?}");
}

#[test]
fn a_localhost_that_is_mapped_elsewhere_is_not_loopback() {
    // A server, or a proxy, that asks for the password over plain http.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let challenge = format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: MsRtcOAuth href=\"http://localhost:{port}/WebTicket/oauthtoken\",grant_type=\"password\"\r\nContent-Length: 0\r\n\r\n"
    );
    let (address, asked) = refusing(&challenge);
    shorten_waits();
    for (proxy, resolve, url) in [
        (format!("http://{address}"), "localhost=127.0.0.1".to_owned(), format!("http://localhost:{port}/")),
        ("none".to_owned(), format!("localhost={address}"), "http://localhost/".to_owned()),
    ] {
        let config = Config::new().with("sign_in_address", "sip:lenea@contoso.com").with("password", "Pa$$w0rd").with("proxy", &proxy);
        let failure = config.with("resolve", &resolve).with("discovery_url", &url).sign_in().err().unwrap();
        assert_ne!(failure.status, UCWA_TIMEOUT, "{}", failure.message);
        let mut asked = asked.lock().unwrap();
        assert!(!asked.is_empty() && asked.iter().all(|head| head.starts_with("GET ")), "{asked:?}");
        asked.clear();
    }
}

#[test]
fn no_proxy_in_all_its_spellings() {
    let simulator = simulator();
    let (address, asked) = proxy(simulator.https_address(), |_| None);
    let resolve = format!("pool1.contoso.com={}", simulator.https_address());
    let config = Config::of(&simulator).with("proxy", &format!("http://{address}")).with("resolve", &resolve);
    config.set("discovery_url", Some("https://pool1.contoso.com/")).unwrap();
    for list in [
        "pool1.contoso.com",
        "contoso.com",
        ".contoso.com",
        "*.contoso.com",
        "*",
        "a.example;*.contoso.com",
        "a.example *.contoso.com",
        "a.example , POOL1.contoso.com",
        "pool*.contoso.com",
    ] {
        config.set("no_proxy", Some(list)).unwrap();
        config.sign_in().unwrap();
        assert!(asked.lock().unwrap().is_empty(), "{list}: {asked:?}");
    }
    config.set("no_proxy", Some("pool2.contoso.com;*.fabrikam.com 10.0.0.0/8")).unwrap();
    config.sign_in().unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn socks_proxies() {
    let simulator = simulator();
    let to = simulator.https_address();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let log = Arc::clone(&log);
            thread::spawn(move || socks(client, to, &log));
        }
    });
    let config = Config::of(&simulator).with("discovery_url", "https://pool1.contoso.com/");
    config.set("proxy", Some(&format!("socks5h://{address}"))).unwrap();
    config.sign_in().unwrap();
    assert_eq!(*asked.lock().unwrap(), ["pool1.contoso.com"]);
    let config = config.with("proxy", &format!("socks5://{address}")).with("resolve", "pool1.contoso.com=10.1.2.3");
    config.sign_in().unwrap();
    assert_eq!(*asked.lock().unwrap(), ["pool1.contoso.com", "10.1.2.3"]);
}

fn socks(mut client: TcpStream, to: SocketAddr, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = [0; 2];
    client.read_exact(&mut head)?;
    client.read_exact(&mut vec![0; head[1].into()])?;
    client.write_all(&[5, 0])?;
    let mut request = [0; 4];
    client.read_exact(&mut request)?;
    let mut length = [4];
    if request[3] == 3 {
        client.read_exact(&mut length)?;
    }
    let mut host = vec![0; length[0].into()];
    client.read_exact(&mut host)?;
    client.read_exact(&mut [0; 2])?;
    log.lock().unwrap().push(match <[u8; 4]>::try_from(host.as_slice()) {
        Ok(octets) if request[3] == 1 => std::net::Ipv4Addr::from(octets).to_string(),
        _ => String::from_utf8_lossy(&host).into_owned(),
    });
    let mut server = TcpStream::connect(to)?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    io::copy(&mut client, &mut server).map(drop)
}

static LOG: Mutex<String> = Mutex::new(String::new());

extern "C" fn gather(level: i32, _target: *const c_char, message: *const c_char, _user_data: *mut c_void) {
    // SAFETY: it ends with NUL and is lent for the call.
    let message = unsafe { CStr::from_ptr(message) };
    LOG.lock().unwrap().push_str(&format!("{level} {}\n", message.to_str().unwrap()));
}

/// Runs a test of this file in a process of its own with these variables, so that it alone sees them.
fn with_environment(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &format!("proxies::{test}"), "--include-ignored", "--nocapture"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"] {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(
        output.status.success(),
        "{variables:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Signs in at pool1.contoso.com by way of the environment's proxy, with this list in `no_proxy`; whether that worked, and the log.
fn by_environment(no_proxy: Option<&str>) -> (Outcome<App>, String) {
    let simulator = simulator();
    // SAFETY: the callback takes any data.
    assert_eq!(unsafe { ucwa_set_log_callback(UCWA_LOG_DEBUG, Some(gather), std::ptr::null_mut()) }, UCWA_OK);
    let config = Config::of(&simulator).without("proxy").with("discovery_url", "https://pool1.contoso.com/");
    config.set("no_proxy", no_proxy).unwrap();
    config.set("resolve", Some(&format!("pool1.contoso.com={}", simulator.https_address()))).unwrap();
    LOG.lock().unwrap().clear();
    let outcome = config.sign_in();
    // SAFETY: as above.
    unsafe { ucwa_set_log_callback(0, None, std::ptr::null_mut()) };
    let log = LOG.lock().unwrap().clone();
    (outcome, log)
}

#[test]
fn the_environment_s_proxy() {
    let proxy = format!("http://lenea:S3cret@{}", nowhere());
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        with_environment("in_an_environment_with_a_proxy", &[(name, &proxy)]);
    }
    with_environment("in_an_environment_with_a_list", &[("HTTPS_PROXY", &proxy), ("NO_PROXY", "a.example;*.contoso.com")]);
    for bad in ["http//lenea:S3cret@proxy:8080", "ftp://proxy", "http://lenea:S3cret@proxy:port"] {
        with_environment("in_an_environment_with_an_invalid_proxy", &[("HTTPS_PROXY", bad)]);
    }
}

#[test]
#[ignore = "run by the_environment_s_proxy"]
fn in_an_environment_with_a_proxy() {
    let (outcome, log) = by_environment(None);
    let failure = outcome.err().unwrap();
    assert!(failure.message.contains("the proxy http://127.0.0.1:") && failure.message.contains("cannot be used"), "{}", failure.message);
    assert!(log.contains("pool1.contoso.com is reached through the proxy http://127.0.0.1:"), "{log}");
    for list in ["pool1.contoso.com", "*.contoso.com", "*", "a;contoso.com", "a contoso.com"] {
        let (outcome, log) = by_environment(Some(list));
        outcome.unwrap();
        assert!(!log.contains("S3cret") && !log.contains("through the proxy"), "{log}");
    }
}

#[test]
#[ignore = "run by the_environment_s_proxy"]
fn in_an_environment_with_a_list() {
    by_environment(None).0.unwrap();
    by_environment(Some("b.example")).0.unwrap();
}

#[test]
#[ignore = "run by the_environment_s_proxy"]
fn in_an_environment_with_an_invalid_proxy() {
    let (outcome, log) = by_environment(None);
    outcome.unwrap();
    assert!(log.lines().any(|line| line.starts_with(&format!("{UCWA_LOG_WARN} ")) && line.contains("HTTPS_PROXY")), "{log}");
    assert!(!log.contains("S3cret"), "{log}");
    let config = Config::new().with("sign_in_address", "sip:lenea@contoso.com").with("password", "Pa$$w0rd");
    let config = config.with("discovery_url", "https://pool1.contoso.com/").with("resolve", &format!("pool1.contoso.com={}", nowhere()));
    let failure = config.sign_in().err().unwrap();
    assert!(failure.message.contains("HTTPS_PROXY in the environment is not the URL of a proxy"), "{}", failure.message);
    assert!(!failure.json.to_string().contains("S3cret"), "{failure:?}");
}

#[test]
fn an_invalid_proxy_key() {
    let config = Config::new();
    for bad in ["http://", "ftp://proxy", "http://proxy/path", "http://proxy?x", "proxy:8080"] {
        let failure = config.set("proxy", Some(bad)).unwrap_err();
        assert_eq!(failure.status, UCWA_INVALID_CONFIG, "{bad}: {}", failure.message);
    }
}
