//! Everything the simulator knows, behind one lock.

mod applications;
mod catastrophes;
mod channel;
mod live;
mod pending;
mod subscribing;
mod subscriptions;
mod tokens;
mod user;

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use applications::{Ended, Registration};
pub(crate) use channel::{Arrived, Event, Topic, Wake, Wishes, Within};
pub(crate) use live::Live;
pub(crate) use pending::Looked;
pub(crate) use subscribing::Refused;
pub(crate) use subscriptions::Subscription;
pub(crate) use tokens::Tokens;

use crate::admission::UnderWay;
use crate::clock::Clock;
use crate::directory::{Change, Directory};
use crate::fault::Faults;
use crate::record::Journal;
use crate::settings::Settings;
use crate::signals::Signals;

/// So many changes are kept.
const KEPT: usize = 10_000;

/// The state of a running simulator.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) tokens: Tokens,
    pub(crate) under_way: UnderWay,
    pub(crate) connections: u64,
    pub(crate) places: Places,
    pub(crate) signals: Arc<Signals>,
    /// The keys of those who are not to be subscribed to.
    pub(crate) refused: BTreeSet<String>,
    connected: catastrophes::Connected,
    /// Numbers what has to be told apart: P-GETs, subscriptions.
    serial: u64,
    // Not to be changed behind the back of those who tell of changes.
    directory: Directory,
    applications: applications::Applications,
    published: Option<user::Published>,
    changes: VecDeque<Change>,
}

/// Where the simulator is.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) control: SocketAddr,
    pub(crate) ca_file: PathBuf,
}

impl State {
    pub(crate) fn new(settings: Settings, directory: Directory, places: Places) -> State {
        let signals = Arc::<Signals>::default();
        State {
            clock: Clock::new(settings.clock_speed),
            settings,
            faults: Faults::default(),
            journal: Journal::default(),
            tokens: Tokens::default(),
            under_way: UnderWay::new(signals.clone()),
            connections: 0,
            places,
            signals,
            refused: BTreeSet::new(),
            connected: catastrophes::Connected::default(),
            serial: 0,
            directory,
            applications: applications::Applications::default(),
            published: None,
            changes: VecDeque::new(),
        }
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Changes the directory. There is no other way, so that whatever changes is told of.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&mut Directory) -> T) -> T {
        self.directory.watch();
        let result = change(&mut self.directory);
        let changes = self.directory.changes();
        self.raise(changes);
        result
    }

    /// Every change comes by here.
    fn raise(&mut self, changes: impl IntoIterator<Item = Change>) {
        let now = self.clock.now();
        for change in changes {
            self.applications.all_mut().for_each(|application| application.live.hear(&change, &self.directory, now));
            self.changes.push_back(change);
        }
        let surplus = self.changes.len().saturating_sub(KEPT);
        self.changes.drain(..surplus);
        self.signals.raise();
    }

    fn number(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// What changed lately, oldest first.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    pub(crate) fn forget_changes(&mut self) {
        self.changes.clear();
    }

    pub(crate) fn https_url(&self) -> String {
        let address = self.places.https;
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            format!("https://localhost:{}/", address.port())
        } else {
            format!("https://{address}/")
        }
    }

    pub(crate) fn http_url(&self) -> String {
        format!("http://{}/", reachable(self.places.http))
    }

    pub(crate) fn control_url(&self) -> String {
        format!("http://{}/", reachable(self.places.control))
    }

    /// What somebody who started the simulator has to know.
    pub(crate) fn ready(&self) -> serde_json::Value {
        serde_json::json!({
            "url": self.https_url(),
            "httpUrl": self.http_url(),
            "caFile": self.places.ca_file,
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
