//! From a name to a TCP connection: several addresses are tried in a staggered way (RFC 8305).

use crate::health::Memory;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};
use url::Host;

/// How long one address is given before the next is tried as well.
const STAGGER: Duration = Duration::from_millis(250);

/// How many addresses of one name are tried.
const MOST: usize = 16;

/// Addresses that stand in for name resolution; port 0 is the port of the URL.
#[derive(Default)]
pub(super) struct Mapped(HashMap<String, Vec<SocketAddr>>);

impl Mapped {
    pub fn new(entries: Vec<(String, SocketAddr)>) -> Mapped {
        let mut map: HashMap<String, Vec<SocketAddr>> = HashMap::new();
        for (host, address) in entries {
            map.entry(host).or_default().push(address);
        }
        Mapped(map)
    }

    fn get(&self, name: &str, port: u16, explicit: bool) -> Option<Vec<SocketAddr>> {
        let with_port = |address: &SocketAddr| match address.port() {
            own if own != 0 && !explicit => SocketAddr::new(address.ip(), own),
            _ => SocketAddr::new(address.ip(), port),
        };
        Some(self.0.get(&name.to_ascii_lowercase())?.iter().map(with_port).collect())
    }
}

/// The addresses of a host, in the order in which to try them.
///
/// # Errors
/// The resolver's reason.
pub(super) async fn resolve(mapped: &Mapped, host: &Host<String>, port: u16, explicit: bool) -> io::Result<Vec<SocketAddr>> {
    let name = match host {
        Host::Ipv4(address) => return Ok(vec![SocketAddr::new(IpAddr::V4(*address), port)]),
        Host::Ipv6(address) => return Ok(vec![SocketAddr::new(IpAddr::V6(*address), port)]),
        Host::Domain(name) => name,
    };
    let found = match mapped.get(name, port, explicit) {
        Some(addresses) => addresses,
        // What goes to this machine without encryption must not leave it, whatever a resolver says.
        None if name.eq_ignore_ascii_case("localhost") => {
            [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].map(|address| SocketAddr::new(address, port)).to_vec()
        }
        None => tokio::net::lookup_host((name.as_str(), port)).await?.collect(),
    };
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(interleaved(found))
}

/// The families by turns, each in the resolver's order, the resolver's first one first.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_family = addresses.first().map(SocketAddr::is_ipv6);
    let (mut these, mut those): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for address in addresses {
        let family = if Some(address.is_ipv6()) == first_family { &mut these } else { &mut those };
        if !family.contains(&address) {
            family.push(address);
        }
    }
    let (mut these, mut those) = (these.into_iter(), those.into_iter());
    let mut order = Vec::new();
    while order.len() < MOST {
        let before = order.len();
        order.extend(these.next());
        order.extend(those.next());
        if order.len() == before {
            break;
        }
    }
    order
}

/// Why no address took a connection: each with its reason, `None` where it stayed silent.
#[derive(Debug)]
pub(super) struct Unreachable(pub Vec<(SocketAddr, Option<io::Error>)>);

/// Connects to the first address that takes a connection. Those that failed lately are tried after the others.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    failed: &Memory<SocketAddr>,
    deadline: Instant,
) -> Result<(TcpStream, SocketAddr), Unreachable> {
    connect_by(TcpStream::connect, addresses, failed, deadline).await
}

async fn connect_by<T, F: Future<Output = io::Result<T>>>(
    dial: impl Fn(SocketAddr) -> F,
    addresses: &[SocketAddr],
    failed: &Memory<SocketAddr>,
    deadline: Instant,
) -> Result<(T, SocketAddr), Unreachable> {
    // The only one there is is always tried.
    let (first, later): (Vec<_>, Vec<_>) = match addresses {
        [_] => (addresses.to_vec(), Vec::new()),
        _ => addresses.iter().partition(|address| !failed.passed_over(address)),
    };
    let mut reasons = Vec::new();
    for group in [first, later] {
        if group.is_empty() || !reasons.is_empty() && Instant::now() >= deadline {
            continue;
        }
        match race(&dial, group, failed, deadline).await {
            Ok(connected) => return Ok(connected),
            Err(Unreachable(mut more)) => reasons.append(&mut more),
        }
    }
    Err(Unreachable(reasons))
}

async fn race<T, F: Future<Output = io::Result<T>>>(
    dial: &impl Fn(SocketAddr) -> F,
    addresses: Vec<SocketAddr>,
    failed: &Memory<SocketAddr>,
    deadline: Instant,
) -> Result<(T, SocketAddr), Unreachable> {
    let mut waiting = addresses.into_iter();
    let mut pending: Vec<SocketAddr> = Vec::new();
    let mut attempts = FuturesUnordered::new();
    let mut reasons = Vec::new();
    let mut start_next = true;
    loop {
        if start_next && let Some(address) = waiting.next() {
            pending.push(address);
            let attempt = dial(address);
            attempts.push(async move { (address, attempt.await) });
        }
        start_next = true;
        if attempts.is_empty() {
            return Err(Unreachable(reasons));
        }
        tokio::select! {
            biased;
            Some((address, outcome)) = attempts.next() => {
                match outcome {
                    Ok(connection) => {
                        failed.worked(&address);
                        // Those that had a start and are not there yet would cost the next connection as much.
                        pending.into_iter().take_while(|other| *other != address).for_each(|slower| failed.failed(slower));
                        return Ok((connection, address));
                    }
                    Err(reason) => {
                        pending.retain(|other| *other != address);
                        failed.failed(address);
                        reasons.push((address, Some(reason)));
                    }
                }
            }
            () = sleep_until(deadline) => {
                for address in pending {
                    failed.failed(address);
                    reasons.push((address, None));
                }
                return Err(Unreachable(reasons));
            }
            () = sleep(STAGGER), if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Races to addresses by their last number: 1 connects, 2 refuses, 3 is silent, 4 connects after two staggers.
    fn run(addresses: &[&str], failed: &Memory<SocketAddr>) -> (Option<SocketAddr>, Vec<SocketAddr>) {
        let dialled = RefCell::new(Vec::new());
        let dial = |address: SocketAddr| {
            dialled.borrow_mut().push(address);
            async move {
                match address.ip() {
                    IpAddr::V4(ip) if ip.octets()[3] == 1 => Ok(()),
                    IpAddr::V4(ip) if ip.octets()[3] == 2 => Err(io::ErrorKind::ConnectionRefused.into()),
                    IpAddr::V4(ip) if ip.octets()[3] == 4 => {
                        sleep(STAGGER * 2).await;
                        Ok(())
                    }
                    _ => std::future::pending().await,
                }
            }
        };
        let addresses: Vec<_> = addresses.iter().map(|text| at(text)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let connected = runtime.block_on(async { connect_by(dial, &addresses, failed, Instant::now() + STAGGER * 3).await });
        (connected.ok().map(|((), address)| address), dialled.into_inner())
    }

    #[test]
    fn families_take_turns() {
        let order = |texts: &[&str]| interleaved(texts.iter().map(|text| at(text)).collect());
        let expected = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"].map(at);
        assert_eq!(order(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.2:1", "[::1]:1"]), expected);
        assert_eq!(order(&["10.0.0.1:1", "[::1]:1"]), ["10.0.0.1:1", "[::1]:1"].map(at));
        assert_eq!(interleaved((0..100).map(|n| SocketAddr::new([10, 0, 0, n].into(), 1)).collect()).len(), MOST);
    }

    #[test]
    fn a_silent_address_costs_a_stagger_once() {
        let failed = Memory::default();
        assert_eq!(run(&["10.0.0.3:1", "10.0.0.1:1"], &failed), (Some(at("10.0.0.1:1")), vec![at("10.0.0.3:1"), at("10.0.0.1:1")]));
        assert_eq!(run(&["10.0.0.3:1", "10.0.0.1:1"], &failed), (Some(at("10.0.0.1:1")), vec![at("10.0.0.1:1")]), "passed over");
    }

    #[test]
    fn the_next_is_tried_at_once_when_one_is_refused() {
        let failed = Memory::default();
        assert_eq!(run(&["10.0.0.2:1", "10.1.0.2:1", "10.0.0.1:1", "10.0.0.4:1"], &failed).0, Some(at("10.0.0.1:1")));
        assert!(failed.passed_over(&at("10.0.0.2:1")) && !failed.passed_over(&at("10.0.0.4:1")), "the last was not tried");
    }

    #[test]
    fn the_only_one_is_always_tried_and_those_that_failed_come_last() {
        let failed = Memory::default();
        failed.failed(at("10.0.0.1:1"));
        assert_eq!(run(&["10.0.0.1:1"], &failed).0, Some(at("10.0.0.1:1")));
        failed.failed(at("10.0.0.1:1"));
        let (connected, dialled) = run(&["10.0.0.1:1", "10.0.0.2:1"], &failed);
        assert_eq!((connected, dialled), (Some(at("10.0.0.1:1")), vec![at("10.0.0.2:1"), at("10.0.0.1:1")]));
        assert!(!failed.passed_over(&at("10.0.0.1:1")), "it worked");
    }

    #[test]
    fn where_all_fail_each_reason_is_there() {
        let failed = Memory::default();
        assert_eq!(
            run(&["10.0.0.2:1", "10.0.0.3:1", "10.1.0.3:1"], &failed),
            (None, ["10.0.0.2:1", "10.0.0.3:1", "10.1.0.3:1"].map(at).to_vec())
        );
        for address in ["10.0.0.2:1", "10.0.0.3:1", "10.1.0.3:1"] {
            assert!(failed.passed_over(&at(address)), "{address}");
        }
    }

    #[test]
    fn a_mapped_name_has_all_its_addresses() {
        let mapped =
            Mapped::new(vec![("a".into(), at("10.0.0.1:0")), ("a".into(), at("[::1]:8443")), ("localhost".into(), at("10.0.0.2:0"))]);
        assert_eq!(mapped.get("A", 443, false).unwrap(), ["10.0.0.1:443", "[::1]:8443"].map(at));
        assert_eq!(mapped.get("a", 444, true).unwrap(), ["10.0.0.1:444", "[::1]:444"].map(at));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let resolved = |mapped: &Mapped| runtime.block_on(resolve(mapped, &Host::Domain("localhost".into()), 1, false)).unwrap();
        assert_eq!(resolved(&mapped), ["10.0.0.2:1"].map(at));
        assert_eq!(resolved(&Mapped::default()), ["127.0.0.1:1", "[::1]:1"].map(at));
    }
}
