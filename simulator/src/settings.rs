//! What a simulator is started with.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Simulator;
use crate::directory::Directory;

/// The grants a user may sign in with, as the challenge names them.
pub(crate) mod grant {
    pub(crate) const PASSWORD: &str = "password";
    pub(crate) const WINDOWS: &str = "urn:microsoft.rtc:windows";
    pub(crate) const PASSIVE: &str = "urn:microsoft.rtc:passive";
    pub(crate) const ANONYMOUS: &str = "urn:microsoft.rtc:anonmeeting";
}

/// How a simulator behaves; everything has a default.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// let simulator = ucwa_simulator::Simulator::builder().contacts(100).latency(Duration::from_millis(20)).start()?;
/// println!("{}", simulator.url());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Builder {
    pub(crate) settings: Settings,
    pub(crate) directory: Option<Directory>,
    pub(crate) contacts: usize,
    pub(crate) special_groups: bool,
    pub(crate) sign_in_address: Option<String>,
}

/// The settled values the handlers look at.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) http_listen: SocketAddr,
    pub(crate) control_listen: SocketAddr,
    pub(crate) hosts: Vec<String>,
    pub(crate) latency: Duration,
    pub(crate) password: String,
    pub(crate) token_lifetime: Duration,
    pub(crate) application_lifetime: Option<Duration>,
    pub(crate) applications_host: Option<String>,
    pub(crate) grants: Vec<String>,
    pub(crate) passive_url: Option<String>,
    pub(crate) clock_speed: f64,
    pub(crate) switches: Switches,
}

/// What can be set before the start and while it runs. The control endpoint names them as they stand here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Switches {
    pub(crate) search_default_limit: usize,
    /// None where it is 0, as with the next five.
    pub(crate) max_outstanding: usize,
    pub(crate) max_groups: usize,
    pub(crate) max_contacts: usize,
    pub(crate) max_subscriptions: usize,
    pub(crate) max_subscription_contacts: usize,
    pub(crate) max_subscribed_contacts: usize,
    /// For ever where it is 0, as with the next two.
    pub(crate) inactive_timeout_ms: u64,
    pub(crate) resume_after_ms: u64,
    pub(crate) events_lifetime_ms: u64,
    pub(crate) embed_events: bool,
    pub(crate) repeat_senders: bool,
    pub(crate) kept_requests: usize,
    pub(crate) batch_link: bool,
    pub(crate) batch_bom: bool,
    pub(crate) batch_stray_line: bool,
    pub(crate) photos: bool,
    pub(crate) always_revised: bool,
    pub(crate) legacy_discovery: bool,
    pub(crate) unquoted_challenge: bool,
    pub(crate) bearer_challenge_only: bool,
    pub(crate) forbid_expired: bool,
}

impl Switches {
    pub(crate) fn inactive_timeout(&self) -> Option<Duration> {
        limit(self.inactive_timeout_ms)
    }

    pub(crate) fn resume_after(&self) -> Option<Duration> {
        limit(self.resume_after_ms)
    }

    pub(crate) fn events_lifetime(&self) -> Option<Duration> {
        limit(self.events_lifetime_ms)
    }
}

fn limit(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms)).filter(|limit| !limit.is_zero())
}

/// What is shorter than the unit is not "for ever".
pub(crate) fn limit_ms(limit: Option<Duration>) -> u64 {
    limit.map_or(0, |limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1))
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            search_default_limit: 10,
            max_outstanding: 100,
            max_groups: 64,
            max_contacts: 250,
            max_subscriptions: 0,
            max_subscription_contacts: 0,
            max_subscribed_contacts: 0,
            inactive_timeout_ms: 300_000,
            resume_after_ms: 600_000,
            events_lifetime_ms: 900_000,
            embed_events: false,
            repeat_senders: false,
            kept_requests: 100_000,
            batch_link: true,
            batch_bom: false,
            batch_stray_line: false,
            photos: true,
            always_revised: false,
            legacy_discovery: false,
            unquoted_challenge: false,
            bearer_challenge_only: false,
            forbid_expired: false,
        }
    }
}

impl Default for Builder {
    fn default() -> Builder {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Builder {
            settings: Settings {
                listen: any_port,
                http_listen: any_port,
                control_listen: any_port,
                hosts: Vec::new(),
                latency: Duration::ZERO,
                password: "Secret-1".into(),
                token_lifetime: Duration::from_secs(28_800),
                application_lifetime: None,
                applications_host: None,
                grants: vec![grant::WINDOWS.into(), grant::PASSWORD.into()],
                passive_url: None,
                clock_speed: 1.0,
                switches: Switches::default(),
            },
            directory: None,
            contacts: 0,
            special_groups: false,
            sign_in_address: None,
        }
    }
}

impl Builder {
    /// Starts the simulator.
    ///
    /// # Errors
    /// An address that cannot be listened at, or a temporary folder that cannot be written to.
    pub fn start(self) -> io::Result<Simulator> {
        Simulator::start_with(self)
    }

    /// Where HTTPS listens; the default is a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Builder {
        self.settings.listen = address;
        self
    }

    /// Where plain HTTP listens; the default is a free port of 127.0.0.1.
    #[must_use]
    pub fn http_listen(mut self, address: SocketAddr) -> Builder {
        self.settings.http_listen = address;
        self
    }

    /// Where the control endpoint listens; the default is a free port of 127.0.0.1. It asks for no password: keep it on loopback.
    #[must_use]
    pub fn control_listen(mut self, address: SocketAddr) -> Builder {
        self.settings.control_listen = address;
        self
    }

    /// A further name (or IP address) for the certificate. Those of `contoso.com` and `fabrikam.com` are in it already.
    #[must_use]
    pub fn host(mut self, name: &str) -> Builder {
        self.settings.hosts.push(name.into());
        self
    }

    /// How many generated people the directory gets on top of the default ones.
    #[must_use]
    pub fn contacts(mut self, count: usize) -> Builder {
        self.contacts = count;
        self
    }

    /// Adds the groups that few users have: their delegates, those whose delegate they are, and their organisation.
    #[must_use]
    pub fn special_groups(mut self, add: bool) -> Builder {
        self.special_groups = add;
        self
    }

    /// The directory to serve instead of the default company.
    #[must_use]
    pub fn directory(mut self, directory: Directory) -> Builder {
        self.directory = Some(directory);
        self
    }

    /// How long every answer is held back.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Builder {
        self.settings.latency = latency;
        self
    }

    /// The address of the user, with or without `sip:`; by default that of the directory's user.
    #[must_use]
    pub fn sign_in_address(mut self, address: &str) -> Builder {
        self.sign_in_address = Some(address.into());
        self
    }

    /// The user's password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Builder {
        self.settings.password = password.into();
        self
    }

    /// How long a token is good for; eight hours by default.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Builder {
        self.settings.token_lifetime = lifetime;
        self
    }

    /// How long an application lives without a request; `None`, the default, for ever.
    #[must_use]
    pub fn application_lifetime(mut self, lifetime: Option<Duration>) -> Builder {
        self.settings.application_lifetime = lifetime;
        self
    }

    /// The pool that the user resource leads to, where it is not the host that was asked: `pool1.contoso.com`, or with a port.
    ///
    /// Without a port it is that of the HTTPS listener, or none where the request named none.
    #[must_use]
    pub fn applications_host(mut self, host: &str) -> Builder {
        self.settings.applications_host = Some(host.into());
        self
    }

    /// The grants that the challenge offers; by default those for Windows and for a password.
    #[must_use]
    pub fn grants(mut self, grants: &[&str]) -> Builder {
        self.settings.grants = grants.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Offers the passive grant, which answers with this address to sign in at.
    #[must_use]
    pub fn passive(mut self, sign_in_url: &str) -> Builder {
        self.settings.passive_url = Some(sign_in_url.into());
        if !self.settings.grants.iter().any(|name| name == grant::PASSIVE) {
            self.settings.grants.push(grant::PASSIVE.into());
        }
        self
    }

    /// How many people a search without a limit finds; 10 by default.
    #[must_use]
    pub fn search_default_limit(mut self, limit: usize) -> Builder {
        self.settings.switches.search_default_limit = limit;
        self
    }

    /// How many requests of the user may be under way, each part of a batch being one; 100 by default, 0 for no limit.
    #[must_use]
    pub fn max_outstanding(mut self, limit: usize) -> Builder {
        self.settings.switches.max_outstanding = limit;
        self
    }

    /// How many groups the contact list may hold; 64 by default, 0 for no limit.
    #[must_use]
    pub fn max_groups(mut self, limit: usize) -> Builder {
        self.settings.switches.max_groups = limit;
        self
    }

    /// How many contacts the user may add to the contact list until it is full; 250 by default, 0 for no limit.
    #[must_use]
    pub fn max_contacts(mut self, limit: usize) -> Builder {
        self.settings.switches.max_contacts = limit;
        self
    }

    /// How long a user who was made available may do nothing until the application expires; five minutes by default, `None` for ever.
    #[must_use]
    pub fn inactive_timeout(mut self, timeout: Option<Duration>) -> Builder {
        self.settings.switches.inactive_timeout_ms = limit_ms(timeout);
        self
    }

    /// Whether there is a batch resource; there is by default.
    #[must_use]
    pub fn batch_link(mut self, link: bool) -> Builder {
        self.settings.switches.batch_link = link;
        self
    }

    /// The JSON within the answer to a batch begins with a byte order mark, as that of some front ends does.
    #[must_use]
    pub fn batch_bom(mut self, bom: bool) -> Builder {
        self.settings.switches.batch_bom = bom;
        self
    }

    /// The JSON within the answer to a batch comes after a line with nothing but a question mark: a byte order mark gone wrong.
    #[must_use]
    pub fn batch_stray_line(mut self, stray: bool) -> Builder {
        self.settings.switches.batch_stray_line = stray;
        self
    }

    /// The second revision of resources is answered to those as well who do not ask for it by `X-MS-RequiresMinResourceVersion`.
    #[must_use]
    pub fn always_revised(mut self, always: bool) -> Builder {
        self.settings.switches.always_revised = always;
        self
    }

    /// Whether the administrator lets people see each other's photos; by default so.
    #[must_use]
    pub fn photos(mut self, shown: bool) -> Builder {
        self.settings.switches.photos = shown;
        self
    }

    /// Discovery answers in its older shape, with `Links` arrays of `token` and `href`.
    #[must_use]
    pub fn legacy_discovery(mut self, legacy: bool) -> Builder {
        self.settings.switches.legacy_discovery = legacy;
        self
    }

    /// The challenge gives the token service's address without quotation marks, as some front ends do.
    #[must_use]
    pub fn unquoted_challenge(mut self, unquoted: bool) -> Builder {
        self.settings.switches.unquoted_challenge = unquoted;
        self
    }

    /// The challenge names only the Bearer scheme: there is no token service to turn to.
    #[must_use]
    pub fn bearer_challenge_only(mut self, only: bool) -> Builder {
        self.settings.switches.bearer_challenge_only = only;
        self
    }

    /// A token that is no longer good is answered 403 instead of 401, as some front ends do.
    #[must_use]
    pub fn forbid_expired(mut self, forbid: bool) -> Builder {
        self.settings.switches.forbid_expired = forbid;
        self
    }

    /// How many presence subscriptions an application may have; 0, the default, for no limit.
    #[must_use]
    pub fn max_subscriptions(mut self, limit: usize) -> Builder {
        self.settings.switches.max_subscriptions = limit;
        self
    }

    /// How many contacts one presence subscription may have; 0, the default, for no limit.
    #[must_use]
    pub fn max_subscription_contacts(mut self, limit: usize) -> Builder {
        self.settings.switches.max_subscription_contacts = limit;
        self
    }

    /// How many contacts all presence subscriptions of an application may have, each counted once; 0, the default, for no limit.
    #[must_use]
    pub fn max_subscribed_contacts(mut self, limit: usize) -> Builder {
        self.settings.switches.max_subscribed_contacts = limit;
        self
    }

    /// After how long without a P-GET an application has to subscribe anew; ten minutes by default, `None` for never.
    #[must_use]
    pub fn resume_after(mut self, time: Option<Duration>) -> Builder {
        self.settings.switches.resume_after_ms = limit_ms(time);
        self
    }

    /// After how long without a P-GET an application that has used the event channel is gone; fifteen minutes by default, `None` for never.
    #[must_use]
    pub fn events_lifetime(mut self, time: Option<Duration>) -> Builder {
        self.settings.switches.events_lifetime_ms = limit_ms(time);
        self
    }

    /// Events bring the resource along instead of only linking it.
    #[must_use]
    pub fn embed_events(mut self, embed: bool) -> Builder {
        self.settings.switches.embed_events = embed;
        self
    }

    /// The same sender stands twice in an answer that holds several of its events.
    #[must_use]
    pub fn repeat_senders(mut self, repeat: bool) -> Builder {
        self.settings.switches.repeat_senders = repeat;
        self
    }

    /// How many requests are remembered, and as many of those in batches; 100,000 by default.
    #[must_use]
    pub fn kept_requests(mut self, count: usize) -> Builder {
        self.settings.switches.kept_requests = count;
        self
    }

    /// How many times as fast as the real one the simulator's clock runs; 0 stops it.
    #[must_use]
    pub fn clock_speed(mut self, speed: f64) -> Builder {
        self.settings.clock_speed = speed;
        self
    }
}
