//! What a simulator is started with.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

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
    pub(crate) search_default_limit: usize,
    pub(crate) max_outstanding: usize,
    pub(crate) legacy_discovery: bool,
    pub(crate) unquoted_challenge: bool,
    pub(crate) bearer_challenge_only: bool,
    pub(crate) forbid_expired: bool,
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
                search_default_limit: 10,
                max_outstanding: 100,
                legacy_discovery: false,
                unquoted_challenge: false,
                bearer_challenge_only: false,
                forbid_expired: false,
            },
            directory: None,
            contacts: 0,
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
        self.settings.search_default_limit = limit;
        self
    }

    /// How many requests of the user may be under way, across all batches; 100 by default.
    #[must_use]
    pub fn max_outstanding(mut self, limit: usize) -> Builder {
        self.settings.max_outstanding = limit;
        self
    }

    /// Discovery answers in its older shape, with `Links` arrays of `token` and `href`.
    #[must_use]
    pub fn legacy_discovery(mut self, legacy: bool) -> Builder {
        self.settings.legacy_discovery = legacy;
        self
    }

    /// The challenge gives the token service's address without quotation marks, as some front ends do.
    #[must_use]
    pub fn unquoted_challenge(mut self, unquoted: bool) -> Builder {
        self.settings.unquoted_challenge = unquoted;
        self
    }

    /// The challenge names only the Bearer scheme: there is no token service to turn to.
    #[must_use]
    pub fn bearer_challenge_only(mut self, only: bool) -> Builder {
        self.settings.bearer_challenge_only = only;
        self
    }

    /// A token that is no longer good is answered 403 instead of 401, as some front ends do.
    #[must_use]
    pub fn forbid_expired(mut self, forbid: bool) -> Builder {
        self.settings.forbid_expired = forbid;
        self
    }
}
