//! Everything the simulator knows, behind one lock.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::clock::Clock;
use crate::directory::Directory;
use crate::fault::Faults;
use crate::record::Journal;
use crate::settings::Settings;

/// The state of a running simulator.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) directory: Directory,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) tokens: Tokens,
    pub(crate) applications: Applications,
    pub(crate) connections: u64,
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) control: SocketAddr,
    pub(crate) ca_file: std::path::PathBuf,
}

impl State {
    pub(crate) fn https_url(&self) -> String {
        let address = self.https;
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            format!("https://localhost:{}/", address.port())
        } else {
            format!("https://{address}/")
        }
    }

    pub(crate) fn http_url(&self) -> String {
        format!("http://{}/", reachable(self.http))
    }

    pub(crate) fn control_url(&self) -> String {
        format!("http://{}/", reachable(self.control))
    }

    /// What somebody who started the simulator has to know.
    pub(crate) fn ready(&self) -> serde_json::Value {
        serde_json::json!({
            "url": self.https_url(),
            "httpUrl": self.http_url(),
            "caFile": self.ca_file,
            "signInAddress": self.directory.me.uri(),
            "password": self.settings.password,
            "control": self.control_url(),
        })
    }
}

/// The address to connect to where "any" is listened at.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address }
}

/// A panic elsewhere, as in a closure of the caller's, does not make the rest unusable.
pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// FNV-1a: the same for the same texts in every run.
pub(crate) fn hash(texts: &[&str]) -> u32 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The tokens issued, each good at one host until a time.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, (String, Duration)>);

impl Tokens {
    pub(crate) fn issue(&mut self, host: &str, expires: Duration) -> String {
        let token = format!("cwt=AAEB{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.0.insert(token.clone(), (host.to_lowercase(), expires));
        token
    }

    pub(crate) fn is_good(&self, token: &str, host: &str, now: Duration) -> bool {
        self.0.get(token).is_some_and(|(issuer, expires)| issuer.eq_ignore_ascii_case(host) && now < *expires)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What an application is made of; the same inputs lead to the same application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) user_agent: String,
    pub(crate) endpoint_id: String,
    pub(crate) culture: String,
    pub(crate) kind: String,
    pub(crate) instance_id: Option<String>,
}

/// A registered application.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) id: String,
    pub(crate) registration: Registration,
    /// The name of the property that has to be passed back in a PUT.
    pub(crate) echo: String,
    pub(crate) made_available: bool,
    last_used: Duration,
}

/// The applications there are, and those that ended in a way the client is told of.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    live: HashMap<String, Application>,
    expired: HashSet<String>,
    created: u64,
}

/// Why an application cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Missing,
    Expired,
}

impl Applications {
    /// The application of these inputs, and whether it is new.
    pub(crate) fn register(&mut self, registration: Registration, now: Duration, lifetime: Option<Duration>) -> (&mut Application, bool) {
        self.drop_idle(now, lifetime);
        let known =
            self.live.values().find(|application| application.registration == registration).map(|application| application.id.clone());
        let created = known.is_none();
        let id = known.unwrap_or_else(|| {
            // A new one gets a new address, so that nobody gets by with a remembered one.
            self.created += 1;
            format!("10{:05}{:05}", self.created % 100_000, hash(&[&registration.endpoint_id]) % 100_000)
        });
        let application = self.live.entry(id.clone()).or_insert_with(|| Application {
            id,
            registration,
            echo: Uuid::new_v4().to_string(),
            made_available: false,
            last_used: now,
        });
        application.last_used = now;
        (application, created)
    }

    /// The application of this id, which counts as used now.
    pub(crate) fn touch(&mut self, id: &str, now: Duration, lifetime: Option<Duration>) -> Result<&mut Application, Ended> {
        self.drop_idle(now, lifetime);
        if self.expired.contains(id) {
            return Err(Ended::Expired);
        }
        let application = self.live.get_mut(id).ok_or(Ended::Missing)?;
        application.last_used = now;
        Ok(application)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Application> {
        self.live.get(id)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.live.remove(id);
    }

    pub(crate) fn delete_all(&mut self) {
        self.live.clear();
        self.expired.clear();
    }

    pub(crate) fn expire_all(&mut self) {
        self.expired.extend(self.live.drain().map(|(id, _)| id));
    }

    pub(crate) fn ids(&self) -> Vec<&str> {
        let mut ids: Vec<_> = self.live.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids
    }

    fn drop_idle(&mut self, now: Duration, lifetime: Option<Duration>) {
        if let Some(lifetime) = lifetime {
            self.live.retain(|_, application| now.saturating_sub(application.last_used) < lifetime);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(endpoint: &str) -> Registration {
        Registration {
            user_agent: "agent".into(),
            endpoint_id: endpoint.into(),
            culture: "en-US".into(),
            kind: "Browser".into(),
            instance_id: None,
        }
    }

    #[test]
    fn the_same_inputs_give_the_same_application() {
        let mut applications = Applications::default();
        let first = applications.register(registration("a"), Duration::ZERO, None).0.id.clone();
        let (again, created) = applications.register(registration("a"), Duration::ZERO, None);
        assert_eq!((again.id.as_str(), created), (first.as_str(), false));
        assert_ne!(applications.register(registration("b"), Duration::ZERO, None).0.id, first);
    }

    #[test]
    fn idle_applications_end_and_used_ones_live() {
        let mut applications = Applications::default();
        let lifetime = Some(Duration::from_secs(10));
        let id = applications.register(registration("a"), Duration::ZERO, lifetime).0.id.clone();
        assert!(applications.touch(&id, Duration::from_secs(9), lifetime).is_ok());
        assert!(applications.touch(&id, Duration::from_secs(18), lifetime).is_ok());
        assert_eq!(applications.touch(&id, Duration::from_secs(28), lifetime).unwrap_err(), Ended::Missing);
    }

    #[test]
    fn a_token_is_bound_to_its_host_and_its_time() {
        let mut tokens = Tokens::default();
        let token = tokens.issue("Pool1.contoso.com", Duration::from_secs(10));
        assert!(tokens.is_good(&token, "pool1.CONTOSO.com", Duration::ZERO));
        assert!(!tokens.is_good(&token, "pool2.contoso.com", Duration::ZERO));
        assert!(!tokens.is_good(&token, "pool1.contoso.com", Duration::from_secs(10)));
    }
}
