//! Name resolution for reqwest: the address that takes connections comes first.
//!
//! reqwest tries the addresses of a family one after the other, so that a silent one costs most of the time there is. So
//! where a name has several addresses, this resolver finds out itself which one takes a connection, in a staggered way
//! (RFC 8305), and remembers it.

use super::addresses::{self, Mapped};
use super::proxy::Proxy;
use super::trouble::Trouble;
use crate::config::Config;
use crate::health::Health;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::{Host, Url};

/// Of how many places the address is remembered that took a connection.
const MOST: usize = 256;

/// Before reqwest gives up on the whole connection the addresses are given up on, which says more.
const AHEAD: Duration = Duration::from_millis(20);

tokio::task_local! {
    /// Where the request goes for which a connection is made.
    pub(super) static TARGET: Target;
}

/// The end of a connection: the server, or its proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    /// Without the brackets of IPv6.
    pub host: String,
    pub port: u16,
    /// Whether the port was named, so that no other stands in for it.
    explicit: bool,
}

impl Target {
    pub fn of(url: &Url) -> Target {
        Target {
            host: bare(url.host_str().unwrap_or_default()),
            port: url.port_or_known_default().unwrap_or(0),
            explicit: url.port().is_some(),
        }
    }

    pub fn of_proxy(proxy: &Proxy) -> Target {
        Target { host: bare(&proxy.host), port: proxy.port, explicit: true }
    }

    /// "host:port".
    pub fn name(&self) -> String {
        let Target { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// Finds addresses, and remembers which of them took a connection.
pub(super) struct Resolver(Arc<Inner>);

struct Inner {
    mapped: Mapped,
    health: Arc<Health>,
    timeout: Duration,
    good: Mutex<HashMap<Target, SocketAddr>>,
}

impl Resolver {
    pub fn new(config: &Config, timeout: Duration) -> Resolver {
        Resolver(Arc::new(Inner { mapped: Mapped::new(config.resolve()), health: config.health(), timeout, good: Mutex::default() }))
    }

    /// A server took the connection and did not answer: another of its addresses is tried first next time.
    pub fn stayed_silent(&self, target: &Target) {
        if let Some(address) = self.0.good().remove(target) {
            self.0.health.addresses.failed(address);
        }
    }

    /// A request was answered from that address.
    pub fn answered(&self, target: &Target, from: Option<SocketAddr>) {
        let Some(from) = from else { return };
        let mut good = self.0.good();
        if let Some(expected) = good.get_mut(target).filter(|expected| **expected != from) {
            // The connection was made to the next one.
            self.0.health.addresses.failed(*expected);
            *expected = from;
        }
    }

    /// The addresses of a target, the one that takes connections first.
    pub async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Trouble> {
        self.0.addresses(target.clone()).await
    }
}

impl Inner {
    async fn addresses(&self, target: Target) -> Result<Vec<SocketAddr>, Trouble> {
        let deadline = Instant::now() + self.timeout.saturating_sub(AHEAD);
        let host = Host::parse(&target.host).unwrap_or_else(|_| Host::Domain(target.host.clone()));
        let found = tokio::time::timeout_at(deadline, addresses::resolve(&self.mapped, &host, target.port, target.explicit)).await;
        let found = found.map_err(|_| Trouble::lookup_took_too_long(self.timeout))?;
        let mut found = found.map_err(|error| Trouble::lookup(&error))?;
        // Without a port, as where a SOCKS proxy is asked for an address, none can be tried; `localhost` is not silent.
        let is_here = || target.host == "localhost" && found.iter().all(|address| address.ip().is_loopback());
        if found.len() < 2 || target.port == 0 || is_here() {
            return Ok(found);
        }
        let known = self.good().get(&target).copied();
        let first = match known.filter(|known| found.contains(known)) {
            Some(known) => known,
            None => {
                let connected = addresses::connect(&found, &self.health.addresses, deadline).await;
                let (_, peer) = connected.map_err(|why| Trouble::unreachable(&why, self.timeout))?;
                self.remember(target, peer);
                peer
            }
        };
        found.retain(|address| *address != first);
        found.insert(0, first);
        Ok(found)
    }

    fn remember(&self, target: Target, address: SocketAddr) {
        let mut good = self.good();
        if good.len() >= MOST && !good.contains_key(&target) {
            good.clear();
        }
        good.insert(target, address);
    }

    fn good(&self) -> MutexGuard<'_, HashMap<Target, SocketAddr>> {
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let target = TARGET.try_with(Target::clone).ok().filter(|target| target.host.eq_ignore_ascii_case(name.as_str()));
        // The server's name, where a SOCKS proxy is asked for its address.
        let target = target.unwrap_or_else(|| Target { host: bare(name.as_str()), port: 0, explicit: false });
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let found = inner.addresses(target).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
