//! Tokens, by the host that they are for: obtained when a server asks, renewed before they expire and when they are
//! refused, by one thread for all.

use super::challenge::Challenge;
use super::grant::{self, Grant};
use super::trust::TrustPolicy;
use crate::clock;
use crate::config::{Config, Judgement, Verdict};
use crate::error::{Error, Result, Status};
use crate::logging;
use crate::recovery::{self, Attempt, Outcome, Said, Step};
use crate::resource::{answer, resolve};
use crate::secret::{Kind, Secret};
use crate::shown::excerpts;
use crate::threads;
use crate::transport::{Answer, Call, Request, Transport};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::thread::{self, ThreadId};
use std::time::Duration;
use url::Url;

/// How long before its end a token is renewed, at most; a tenth of its life if that is less.
const MARGIN: Duration = Duration::from_secs(300);
/// How long an early renewal that failed is left alone.
const RENEW_AGAIN: Duration = Duration::from_secs(30);
/// As good as for ever, and nothing that a clock cannot count.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// Sends requests with the token that their host wants.
pub(crate) struct Authority {
    transport: Arc<Transport>,
    config: Arc<RwLock<Config>>,
    slots: Mutex<Vec<Slot>>,
    /// Held by the thread that renews.
    renewal: tokio::sync::Mutex<()>,
    /// The thread on which the caller's token callback runs just now.
    asking: Mutex<Option<ThreadId>>,
    /// The given token (known by its verdict) and the one host that it went to.
    given: Mutex<Option<(Arc<Verdict>, String)>>,
    chain: Mutex<Chain>,
}

/// The hosts of the user's discovery, which may give out tokens for each other.
#[derive(Default)]
struct Chain {
    /// Those of the last discovery that found the server.
    settled: Vec<String>,
    /// Those of the one that is under way.
    walked: Vec<String>,
}

/// What is known of one host.
#[derive(Clone)]
struct Slot {
    host: String,
    token: Option<Secret>,
    /// Counts the tokens of this host, so that threads see that another one renewed.
    generation: u64,
    renew_at: Option<Duration>,
    expires_at: Option<Duration>,
    challenge: Challenge,
    /// The server refused the token, and there is no other one yet: it is not sent again.
    refused: bool,
}

/// What the token callback is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    url: &'a str,
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_url: Option<&'a str>,
    grants: &'a [String],
    reason: &'a str,
}

impl Authority {
    pub fn new(transport: Arc<Transport>, config: Arc<RwLock<Config>>) -> Authority {
        Authority {
            transport,
            config,
            slots: Mutex::default(),
            renewal: tokio::sync::Mutex::default(),
            asking: Mutex::default(),
            given: Mutex::default(),
            chain: Mutex::default(),
        }
    }

    /// Discovery has come so far through these hosts.
    pub fn discovery_at(&self, hosts: Vec<String>) {
        self.chain().walked = hosts;
    }

    /// Discovery found the server through these hosts.
    pub fn discovery_found(&self, hosts: Vec<String>) {
        *self.chain() = Chain { settled: hosts, walked: Vec::new() };
    }

    /// Which hosts may receive secrets.
    pub(super) fn trust_policy(&self, config: &Config) -> TrustPolicy {
        let chain = self.chain();
        let configured =
            ["discovery_url", "application_url"].into_iter().filter_map(|key| config.web_url(key)?.host_str().map(str::to_owned));
        TrustPolicy {
            sign_in_domain: config.sign_in_address().map(|address| address.domain().to_owned()),
            trusted_domains: config.trusted_domains().map(str::to_owned).collect(),
            chain: configured.chain(chain.settled.iter().chain(&chain.walked).cloned()).collect(),
        }
    }

    /// Sends a request with the token of its host; a refused token is renewed once.
    pub fn send(&self, call: &Call, request: &Request) -> Result<Answer> {
        let answer = self.with_token(call, || call.clone(), request, |token| self.transport.send(call, request, token).map(Some))?;
        answer.ok_or_else(Error::cancelled)
    }

    /// The same over connections of its own; `None` where these were nudged before the answer was there. A token is
    /// obtained within a call of its own, since others may wait for it.
    pub fn send_unless_nudged(
        &self,
        line: &Transport,
        call: &Call,
        request: &Request,
        for_token: impl Fn() -> Call,
    ) -> Result<Option<Answer>> {
        self.with_token(call, for_token, request, |token| line.send_unless_nudged(call, request, token))
    }

    fn with_token(
        &self,
        call: &Call,
        for_token: impl Fn() -> Call,
        request: &Request,
        send: impl Fn(Option<&Secret>) -> Result<Option<Answer>>,
    ) -> Result<Option<Answer>> {
        let known = self.current(&for_token(), &request.url)?;
        let Some(answer) = send(known.token.as_ref())? else { return Ok(None) };
        if !answer::refuses_token(&answer) {
            return Ok(Some(answer));
        }
        if !self.is_to_renew(call, &known) {
            return Err(still_refused(request, &answer));
        }
        let renewed =
            self.renew(&for_token(), &request.url, known.generation, &answer).map_err(|error| failed_at(error, request, &answer))?;
        match send(renewed.token.as_ref())? {
            Some(again) if answer::refuses_token(&again) => Err(still_refused(request, &again)),
            again => Ok(again),
        }
    }

    /// When the token for a host expires, where the server said so.
    pub fn token_expiry(&self, url: &Url) -> Option<Duration> {
        self.slot(&host_of(url)).expires_at
    }

    /// Counts the tokens that a host had.
    pub fn generation(&self, url: &Url) -> u64 {
        self.slot(&host_of(url)).generation
    }

    /// Gets another token where a part of an answer shows that the one with that count was refused, unless there is another
    /// by now. Each call renews a refused token once.
    pub fn replace_token(&self, call: &Call, request: &Request, seen: u64, refusal: &Answer) -> Result<()> {
        let known = Slot { generation: seen, ..self.slot(&host_of(&request.url)) };
        if !self.is_to_renew(call, &known) {
            return Err(still_refused(request, refusal));
        }
        self.renew(call, &request.url, seen, refusal).map(drop).map_err(|error| failed_at(error, request, refusal))
    }

    /// Sends several at once, and hands on each answer with its place as soon as it is there; one renewal serves all that
    /// need it.
    pub fn send_each(&self, call: &Call, requests: &[Request], take: &mut dyn FnMut(usize, Result<Answer>)) {
        let mut outgoing = Vec::with_capacity(requests.len());
        let mut known = Vec::with_capacity(requests.len());
        for request in requests {
            match self.current(call, &request.url) {
                Ok(slot) => {
                    outgoing.push((request.clone(), slot.token.clone()));
                    known.push(slot);
                }
                Err(error) => return (0..requests.len()).for_each(|at| take(at, Err(error.clone()))),
            }
        }
        let mut refused = Vec::new();
        self.transport.send_each(call, &outgoing, &mut |at, answer| match answer {
            Ok(answer) if answer::refuses_token(&answer) => refused.push((at, answer)),
            answer => take(at, answer),
        });
        for (at, refusal) in refused {
            let (request, known) = (&requests[at], &known[at]);
            let again = if self.is_to_renew(call, known) {
                self.renew(call, &request.url, known.generation, &refusal)
                    .map_err(|error| failed_at(error, request, &refusal))
                    .and_then(|_| self.send(call, request))
            } else {
                Err(still_refused(request, &refusal))
            };
            take(at, again);
        }
    }

    /// After a refusal of that token, or for want of one: whether to get another and send the request again. Each call renews
    /// a refused token once.
    fn is_to_renew(&self, call: &Call, known: &Slot) -> bool {
        let refused = known.token.is_some();
        let by_another_thread = self.slot(&known.host).generation > known.generation;
        let attempt = Attempt {
            outcome: Outcome::Answered { said: Said::TokenRefused, retry_after: None },
            renewed: refused && !by_another_thread && call.tried.renewed(&known.host),
            ..call.attempt()
        };
        if recovery::next(&attempt) != Step::RenewToken {
            return false;
        }
        if refused {
            call.tried.renew(&known.host);
        }
        true
    }

    /// The token for a host; renewed first where its end is near.
    fn current(&self, call: &Call, url: &Url) -> Result<Slot> {
        let slot = self.slot(&host_of(url));
        let passed = |at: Option<Duration>| at.is_some_and(|at| clock::now() >= at);
        if !slot.refused && !passed(slot.renew_at) {
            return Ok(slot);
        }
        let useless = slot.refused || passed(slot.expires_at);
        let reason = if slot.refused { "refused" } else { "expiring" };
        match self.obtain_once(call, url, slot.generation, None, reason) {
            Ok(renewed) => Ok(renewed),
            Err(error) if useless || error.status() == Status::Cancelled => Err(error.while_doing("renewing the token")),
            Err(error) => {
                logging::warn!("the token could not be renewed before its end, and is used on: {error}");
                self.change(&slot.host, |slot| slot.renew_at = Some(clock::now() + RENEW_AGAIN));
                Ok(slot)
            }
        }
    }

    fn renew(&self, call: &Call, url: &Url, seen: u64, refusal: &Answer) -> Result<Slot> {
        let reason = if seen == 0 { "challenged" } else { "refused" };
        let renewed = self.obtain_once(call, url, seen, Some(Challenge::of(refusal)), reason);
        if renewed.is_err() {
            self.change(&host_of(url), |slot| slot.refused = slot.generation == seen);
        }
        renewed
    }

    /// Obtains a token, unless another thread did since `seen`.
    fn obtain_once(&self, call: &Call, url: &Url, seen: u64, challenge: Option<Challenge>, reason: &str) -> Result<Slot> {
        if *self.asking() == Some(thread::current().id()) {
            return Err(Error::new(Status::Conflict, "the token callback made a call that needs the very token that it is asked for"));
        }
        let _gate = self.transport.run(call, async { Ok(self.renewal.lock().await) })?;
        let host = host_of(url);
        let slot = self.slot(&host);
        if slot.generation > seen {
            return Ok(slot);
        }
        let challenge = slot.challenge.clone().succeeded_by(challenge.unwrap_or_default());
        let (granted, issuer) = self.obtain(call, url, &host, &challenge, &slot, reason)?;
        let now = clock::now();
        let lifetime = granted.lifetime.map(|life| life.min(LONGEST_LIFE));
        let renew_at = lifetime.map(|life| now + life - MARGIN.min(life / 10));
        let fresh = Slot {
            generation: slot.generation + 1,
            token: Some(granted.token),
            expires_at: lifetime.map(|life| now + life),
            renew_at,
            challenge,
            refused: false,
            host,
        };
        if let Some(issuer) = issuer.filter(|issuer| *issuer != fresh.host && self.slot(issuer).token.is_none()) {
            self.put(Slot { host: issuer, ..fresh.clone() });
        }
        self.put(fresh.clone());
        logging::info!("a token for {} was obtained", fresh.host);
        Ok(fresh)
    }

    fn obtain(
        &self,
        call: &Call,
        url: &Url,
        host: &str,
        challenge: &Challenge,
        slot: &Slot,
        reason: &str,
    ) -> Result<(Obtained, Option<String>)> {
        TrustPolicy::check_challenge(challenge)?;
        if !self.transport.may_carry_secrets(url) {
            let text = format!(
                "{host} asks for a sign-in over plain http; passwords and tokens go over https only (allow_insecure_http lifts this)"
            );
            return Err(Error::new(Status::AuthenticationFailed, text));
        }
        let config = self.config().clone();
        let service = challenge.token_href.as_deref().map(|href| resolve(url, href)).transpose()?;
        let trusted = || service.as_ref().map_or(Ok(()), |service| self.trust_policy(&config).check_token_service(service, url).map(drop));
        if config.is_by_token() {
            let token = self.given_token(&config, host, slot).or_else(|error| match config.token_callback() {
                // The caller may send a password to the token service that it is told.
                Some(_) => trusted().and_then(|()| self.ask(&config, url, host, challenge, service.as_ref(), reason)),
                None => Err(error),
            })?;
            return Ok((Obtained { token, lifetime: None }, None));
        }
        if config.secret("password").is_none() {
            let offered = if challenge.grants.is_empty() { "nothing that it names".to_owned() } else { excerpts(&challenge.grants) };
            let text = format!(
                "{host} asks for a sign-in, and neither password, access_token nor a token callback is set; the server offers: {offered}"
            );
            return Err(Error::new(Status::AuthenticationFailed, text));
        }
        let Some(service) = &service else {
            return Err(Error::new(
                Status::AuthenticationFailed,
                format!("{host} refused the request without saying where tokens are given (no MsRtcOAuth challenge)"),
            ));
        };
        trusted()?;
        let Grant { token, lifetime } = grant::password(&self.transport, call, &config, challenge, service)?;
        Ok((Obtained { token, lifetime: Some(lifetime) }, Some(host_of(service))))
    }

    /// The token of the configuration, for the one host that it goes to, unless it was refused.
    fn given_token(&self, config: &Config, host: &str, slot: &Slot) -> Result<Secret> {
        let none = || Error::new(Status::AuthenticationFailed, "no access_token is set");
        let token = config.secret("access_token").ok_or_else(none)?;
        let verdict = config.token_verdict();
        if let Judgement::Refused(error) = verdict.get() {
            return Err(error);
        }
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        match given.as_ref() {
            Some((known, bound)) if Arc::ptr_eq(known, &verdict) && bound != host => {
                let text = format!(
                    "access_token went to {bound}, and {host} asks for one of its own; a token callback can give one for each host"
                );
                return Err(Error::new(Status::AuthenticationFailed, text));
            }
            Some((known, _)) if Arc::ptr_eq(known, &verdict) && slot.token.as_ref() == Some(token) => {
                let error = Error::new(
                    Status::AuthenticationFailed,
                    format!("{host} refused access_token: it is invalid or has expired; set another one"),
                );
                verdict.set(Judgement::Refused(error.clone()));
                return Err(error);
            }
            _ => {}
        }
        *given = Some((verdict, host.to_owned()));
        Ok(token.clone())
    }

    /// Asks the caller's callback.
    fn ask(&self, config: &Config, url: &Url, host: &str, challenge: &Challenge, service: Option<&Url>, reason: &str) -> Result<Secret> {
        let unusable =
            |why: &str| Error::new(Status::AuthenticationFailed, format!("the token callback gave no usable token for {host}: {why}"));
        let callback = config.token_callback().ok_or_else(|| unusable("there is none"))?;
        let question = Question { url: url.as_str(), host, token_url: service.map(Url::as_str), grants: &challenge.grants, reason };
        let question = serde_json::to_string(&question).unwrap_or_default();
        *self.asking() = Some(thread::current().id());
        let token = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| threads::as_host(|| callback(&question))));
        *self.asking() = None;
        let token = token.map_err(|_| Error::new(Status::Internal, "the token callback panicked"))?;
        let token = token.ok_or_else(|| unusable("it returned none"))?;
        match token.reveal() {
            "" => Err(unusable("it returned an empty text")),
            text if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token),
            _ => Err(unusable("it returned a text with a blank or another character that no token has; only the token is wanted")),
        }
    }

    fn slot(&self, host: &str) -> Slot {
        let unknown = || Slot {
            host: host.to_owned(),
            token: None,
            generation: 0,
            renew_at: None,
            expires_at: None,
            challenge: Challenge::default(),
            refused: false,
        };
        self.slots().iter().find(|slot| slot.host == host).cloned().unwrap_or_else(unknown)
    }

    fn put(&self, fresh: Slot) {
        if let Some(token) = &fresh.token {
            self.config().known().remember(Kind::Token, token);
        }
        let mut slots = self.slots();
        slots.retain(|slot| slot.host != fresh.host);
        slots.push(fresh);
    }

    fn change(&self, host: &str, how: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots().iter_mut().find(|slot| slot.host == host) {
            how(slot);
        }
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asking(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self) -> RwLockReadGuard<'_, Config> {
        self.config.read().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Obtained {
    token: Secret,
    /// Not known of a token that the caller gave.
    lifetime: Option<Duration>,
}

fn failed_at(error: Error, request: &Request, refusal: &Answer) -> Error {
    // A failure that names its own request tells more than the one that led to it.
    if error.details().request.is_some() { error } else { answer::with_answer(error, request, refusal) }
}

fn still_refused(request: &Request, answer: &Answer) -> Error {
    let mut error = answer::refusal(request, answer);
    error.details_mut().status = Status::AuthenticationFailed;
    error.while_doing("a fresh token was refused, too")
}

/// Scheme, name and port: what a token is bound to.
fn host_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}
