//! The simulator as its user holds it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::certificates::{self, CaFile};
use crate::directory::{Change, Directory};
use crate::fault::Fault;
use crate::net::{Role, Server};
use crate::record::RequestRecord;
use crate::settings::{Builder, Switches, limit_ms};
use crate::signals::Signals;
use crate::state::{Places, State, lock};

/// A running UCWA server. Dropping it stops it and removes the CA's file.
#[derive(Debug)]
pub struct Simulator {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) signals: Arc<Signals>,
    url: String,
    http_url: String,
    control_url: String,
    sign_in_address: String,
    password: String,
    https_address: SocketAddr,
    http_address: SocketAddr,
    // Dropped in this order: nobody is served any more when the CA goes.
    _server: Server,
    ca: CaFile,
}

impl Simulator {
    /// Starts one with all defaults.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn start() -> io::Result<Simulator> {
        Simulator::builder().start()
    }

    /// What can be set before the start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn start_with(builder: Builder) -> io::Result<Simulator> {
        let Builder { settings, directory, contacts, special_groups, sign_in_address } = builder;
        let mut directory = directory.unwrap_or_default();
        directory.generate(contacts);
        if special_groups {
            directory.add_special_groups();
        }
        if let Some(address) = sign_in_address {
            directory.me.set_uri(&address);
        }
        let (ca, acceptor) = certificates::make(&settings.hosts)?;
        let bind = |address: SocketAddr| {
            TcpListener::bind(address).map_err(|error| io::Error::new(error.kind(), format!("cannot listen at {address}: {error}")))
        };
        let (https, http, control) = (bind(settings.listen)?, bind(settings.http_listen)?, bind(settings.control_listen)?);
        let places =
            Places { https: https.local_addr()?, http: http.local_addr()?, control: control.local_addr()?, ca_file: ca.path().to_owned() };
        let (https_address, http_address) = (places.https, places.http);
        let state = State::new(settings, directory, places);
        let facts = (state.https_url(), state.http_url(), state.control_url());
        let signals = state.signals.clone();
        let (sign_in_address, password) = (state.directory().me.uri().to_owned(), state.settings.password.clone());
        let state = Arc::new(Mutex::new(state));
        let listeners = vec![(https, Role::Https(acceptor)), (http, Role::Http), (control, Role::Control)];
        let server = Server::start(state.clone(), listeners)?;
        Ok(Simulator {
            state,
            signals,
            url: facts.0,
            http_url: facts.1,
            control_url: facts.2,
            sign_in_address,
            password,
            https_address,
            http_address,
            _server: server,
            ca,
        })
    }

    /// Where discovery starts: `https://localhost:PORT/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same over plain HTTP on loopback: `http://127.0.0.1:PORT/`.
    pub fn http_url(&self) -> &str {
        &self.http_url
    }

    /// Where HTTPS listens.
    pub fn https_address(&self) -> SocketAddr {
        self.https_address
    }

    /// Where plain HTTP listens.
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// The certificate authority a client has to trust, as a PEM file.
    pub fn ca_file(&self) -> &Path {
        self.ca.path()
    }

    /// The user's address.
    pub fn sign_in_address(&self) -> &str {
        &self.sign_in_address
    }

    /// The password the simulator was started with.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Where the control endpoint is: `http://127.0.0.1:PORT/`.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// All of these as a JSON object.
    pub fn ready_json(&self) -> String {
        lock(&self.state).ready().to_string()
    }

    /// Changes somebody's presence: `availability`, `activity`, `deviceType`, `lastActiveMs`; `null` removes one.
    ///
    /// False where there is no such person or the change is none; nothing is changed then.
    #[allow(clippy::needless_pass_by_value, reason = "so that json!(…) can be handed over as it is")]
    pub fn set_presence(&self, uri: &str, change: serde_json::Value) -> bool {
        lock(&self.state).change(|directory| directory.person_mut(uri).is_some_and(|person| person.presence.change(&change).is_ok()))
    }

    /// Changes the directory while nobody is served.
    pub fn edit(&self, change: impl FnOnce(&mut Directory)) {
        lock(&self.state).change(change);
    }

    /// What changed since the start or the last clearing, in order, whoever did it: the newest 10,000.
    pub fn changes(&self) -> Vec<Change> {
        lock(&self.state).changes().cloned().collect()
    }

    /// Forgets what changed.
    pub fn clear_changes(&self) {
        lock(&self.state).forget_changes();
    }

    /// Orders a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.state).faults.order(fault);
    }

    /// Cancels all faults.
    pub fn clear_faults(&self) {
        lock(&self.state).faults.clear();
    }

    /// What was asked since the start or the last clearing, in order: the newest 100,000. Of a batch this is the whole.
    pub fn requests(&self) -> Vec<RequestRecord> {
        lock(&self.state).journal.records().cloned().collect()
    }

    /// What was asked in batches, in order: the newest 100,000.
    pub fn batched_requests(&self) -> Vec<RequestRecord> {
        lock(&self.state).journal.batched().cloned().collect()
    }

    /// Forgets what was asked.
    pub fn clear_requests(&self) {
        lock(&self.state).journal.clear();
    }

    /// How often the resource of this link relation was asked for.
    pub fn count(&self, route: &str) -> usize {
        lock(&self.state).journal.count(route)
    }

    /// How often the resource of this link relation was asked for in batches.
    pub fn count_batched(&self, route: &str) -> usize {
        lock(&self.state).journal.count_batched(route)
    }

    /// How many requests of the user are under way, each part of a batch being one.
    pub fn outstanding(&self) -> usize {
        lock(&self.state).under_way.count()
    }

    /// How many connections were accepted so far, those of the control endpoint aside.
    pub fn connections(&self) -> u64 {
        lock(&self.state).connections
    }

    /// Changes the user's password; tokens issued stay good.
    pub fn set_password(&self, new: &str) {
        lock(&self.state).settings.password = new.into();
    }

    /// Makes every token bad at once.
    pub fn expire_tokens(&self) {
        lock(&self.state).tokens.clear();
    }

    /// A token as the token service at this host would issue one.
    pub fn issue_token(&self, host: &str) -> String {
        let mut state = lock(&self.state);
        let expires = state.clock.now().saturating_add(state.settings.token_lifetime);
        state.tokens.issue(crate::http::host_name(host), expires)
    }

    pub(crate) fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut state = lock(&self.state);
        change(&mut state.settings.switches);
        state.settings_changed();
    }

    /// Whether a token that is no longer good is answered 403 instead of 401.
    pub fn forbid_expired(&self, forbid: bool) {
        self.switch(|switches| switches.forbid_expired = forbid);
    }

    /// As [`Builder::max_outstanding`], from now on.
    pub fn max_outstanding(&self, limit: usize) {
        self.switch(|switches| switches.max_outstanding = limit);
    }

    /// As [`Builder::max_groups`], from now on.
    pub fn max_groups(&self, limit: usize) {
        self.switch(|switches| switches.max_groups = limit);
    }

    /// As [`Builder::max_contacts`], from now on.
    pub fn max_contacts(&self, limit: usize) {
        self.switch(|switches| switches.max_contacts = limit);
    }

    /// As [`Builder::inactive_timeout`], from now on.
    pub fn inactive_timeout(&self, timeout: Option<Duration>) {
        self.switch(|switches| switches.inactive_timeout_ms = limit_ms(timeout));
    }

    /// As [`Builder::batch_link`], from now on.
    pub fn batch_link(&self, link: bool) {
        self.switch(|switches| switches.batch_link = link);
    }

    /// As [`Builder::batch_bom`], from now on.
    pub fn batch_bom(&self, bom: bool) {
        self.switch(|switches| switches.batch_bom = bom);
    }

    /// As [`Builder::batch_stray_line`], from now on.
    pub fn batch_stray_line(&self, stray: bool) {
        self.switch(|switches| switches.batch_stray_line = stray);
    }

    /// As [`Builder::always_revised`], from now on.
    pub fn always_revised(&self, always: bool) {
        self.switch(|switches| switches.always_revised = always);
    }

    /// As [`Builder::photos`], from now on.
    pub fn photos(&self, shown: bool) {
        self.switch(|switches| switches.photos = shown);
    }

    /// Deletes all applications: 404 `ApplicationNotFound` from now on.
    pub fn delete_applications(&self) {
        lock(&self.state).end_applications(|applications| applications.delete_all());
    }

    /// Expires all applications: 410 `InactiveApplicationExpired` from now on.
    pub fn expire_applications(&self) {
        lock(&self.state).end_applications(|applications| applications.expire_all());
    }

    /// Moves the user to another pool, or back to the host that is asked: the applications are gone, and a pool that the user is not
    /// homed at creates none.
    pub fn move_applications_host(&self, host: Option<&str>) {
        let mut state = lock(&self.state);
        state.settings.applications_host = host.map(Into::into);
        state.end_applications(|applications| applications.delete_all());
    }
}
