//! Autodiscovery: from the domain of the sign-in address to the address where applications are created.

use super::authority::Authority;
use super::leads::Leads;
use super::names::{self, LANES, Outcomes};
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::health::Health;
use crate::logging;
use crate::recovery::Stage;
use crate::resource::{answer, resolve};
use crate::transport::{Answer, Call, Request, Transport};
use std::sync::Arc;
use url::Url;

/// How many redirects are followed.
const MOST_HOPS: usize = 5;

/// Finds the `applications` resource of the user's home pool.
pub(crate) fn discover(transport: &Transport, authority: &Authority, call: &Call, config: &Config) -> Result<Url> {
    let mut search = Search { transport, authority, call, config, health: config.health(), hosts: Vec::new() };
    let found = match config.web_url("discovery_url") {
        Some(url) => search.start_at(url),
        None => search.start_at_names(),
    };
    match &found {
        Ok(_) => authority.discovery_found(search.hosts),
        Err(_) => authority.discovery_at(Vec::new()),
    }
    found
}

/// One search for the server.
struct Search<'a> {
    transport: &'a Transport,
    authority: &'a Authority,
    call: &'a Call,
    config: &'a Config,
    health: Arc<Health>,
    /// The hosts of the way that is followed now.
    hosts: Vec<String>,
}

/// How a way is followed.
#[derive(Clone, Copy)]
struct Manner {
    /// There are other names to try: a server that cannot be reached is not tried again and again.
    others_left: bool,
    /// A server that could not be reached lately is not tried.
    pass_over: bool,
}

/// What a way led to.
enum Found {
    Applications(Url),
    /// The same, on a server that could not be reached lately.
    Unreachable(Url),
}

impl Search<'_> {
    fn start_at(&mut self, url: Url) -> Result<Url> {
        let request = names::first_request(url, self.config);
        let answer = self.transport.send(self.call, &request, None)?;
        let answer = names::accept(&request, answer, self.transport)?;
        match self.follow(&request, &answer, Manner { others_left: false, pass_over: false })? {
            Found::Applications(url) | Found::Unreachable(url) => Ok(url),
        }
    }

    /// Some networks lead every name that is not there to a web site, others to a pool that cannot be reached from here:
    /// a name that came to nothing leaves the others.
    fn start_at_names(&mut self) -> Result<Url> {
        let Some(address) = self.config.sign_in_address() else {
            return Err(Error::config("discovery needs sign_in_address or discovery_url"));
        };
        let lanes = names::lanes(address.domain(), self.config)?;
        let mut outcomes: Outcomes = [const { None }; LANES];
        let mut first_failure: Option<Error> = None;
        let mut unreachable: Option<(Url, Vec<String>)> = None;
        let mut again = [false; LANES];
        let mut last_round = false;
        loop {
            let asked = self.call.among_names(true).without_retries();
            let race = names::race(self.transport, &asked, &self.health, &lanes, &mut outcomes);
            let Some((lane, answer)) = self.transport.run(self.call, race)?.and_then(|lane| taken(&mut outcomes, lane)) else {
                if let Some((url, hosts)) = unreachable {
                    // The only one there is, is always tried.
                    self.hosts = hosts;
                    return Ok(url);
                }
                if !last_round && again.contains(&true) {
                    last_round = true;
                    (0..LANES).filter(|lane| again[*lane]).for_each(|lane| outcomes[lane] = None);
                    continue;
                }
                return Err(self.nothing_found(address.domain(), outcomes, first_failure));
            };
            let others_left = (0..LANES).any(|other| other != lane && !matches!(outcomes[other], Some(Err(_))));
            let manner = Manner { others_left, pass_over: others_left && !last_round };
            let error = match self.follow(&lanes[lane], &answer, manner) {
                Ok(Found::Applications(url)) => return Ok(url),
                Ok(Found::Unreachable(url)) => {
                    let error = passed_over(&url);
                    unreachable.get_or_insert((url, std::mem::take(&mut self.hosts)));
                    error
                }
                Err(error) if another_name_may_do(&error) => error,
                Err(error) => return Err(error),
            };
            logging::warn!("discovery goes on with the other names: {error}");
            if let Some(stage @ (Stage::Unreachable | Stage::Silent | Stage::Refused)) = error.details().stage {
                again[lane] = others_left && stage != Stage::Refused;
                // The same name over the other scheme leads to the same pool.
                self.health.failed(&lanes[lane].url);
                self.health.failed(&lanes[names::sibling(lane)].url);
            }
            first_failure.get_or_insert_with(|| error.clone());
            outcomes[lane] = Some(Err(error));
        }
    }

    /// The error if every name came to nothing. Its kind is that of the first name that led on.
    fn nothing_found(&self, domain: &str, outcomes: Outcomes, first_failure: Option<Error>) -> Error {
        let failures: Vec<Error> = outcomes.into_iter().flatten().filter_map(Result::err).collect();
        let all = names::nothing_found(domain, &failures);
        match first_failure {
            None => all,
            Some(mut first) => {
                let details = first.details_mut();
                (details.message, details.advice) = (all.details().message.clone(), all.details().advice.clone());
                first
            }
        }
    }

    /// Follows the links from the first answer on.
    fn follow(&mut self, request: &Request, answer: &Answer, manner: Manner) -> Result<Found> {
        let call = self.call.among_names(manner.others_left);
        let mut walk = Walk { search: self, hops: 0, visited: vec![key(&request.url)] };
        walk.search.hosts.clear();
        walk.search.reach(&request.url);
        let mut next = walk.next(request, answer)?;
        loop {
            let (url, is_user) = match next {
                Next::Applications(url) => {
                    walk.search.reach(&url);
                    let passed_over = manner.pass_over && walk.search.health.passed_over(&url);
                    return Ok(if passed_over { Found::Unreachable(url) } else { Found::Applications(url) });
                }
                Next::User(url) => (url, true),
                Next::Read(url) => (url, false),
            };
            if manner.pass_over && walk.search.health.passed_over(&url) {
                return Err(passed_over(&url));
            }
            walk.search.reach(&url);
            let request = Request::get(url);
            let answer = walk.search.authority.send(&call, &request)?;
            if is_user && answer.status == 404 && answer.body.trim_ascii().is_empty() {
                return Err(home_unknown(&request, &answer));
            }
            next = walk.next(&request, &answer)?;
        }
    }

    /// From here on a host of the way may give out tokens for the others.
    fn reach(&mut self, url: &Url) {
        self.hosts.extend(url.host_str().map(str::to_owned));
        self.authority.discovery_at(self.hosts.clone());
    }
}

fn taken(outcomes: &mut Outcomes, lane: usize) -> Option<(usize, Answer)> {
    outcomes[lane].take().and_then(Result::ok).map(|answer| (lane, answer))
}

fn passed_over(url: &Url) -> Error {
    let host = url.host_str().unwrap_or_default();
    let mut error = Error::new(Status::Network, format!("GET {url}: not tried, since {host} could not be reached a moment ago"));
    error.details_mut().stage = Some(Stage::Unreachable);
    error
}

/// Whether another name may lead to the server that this one did not lead to. Only what would be the same everywhere is
/// final: refused credentials, a limit of requests, the end of the call.
fn another_name_may_do(error: &Error) -> bool {
    error.details().elsewhere
        || match error.status() {
            Status::DiscoveryFailed | Status::Protocol | Status::NotFound | Status::Network | Status::Tls => true,
            Status::InvalidArgument | Status::Forbidden | Status::ServerError | Status::Timeout => error.http_status().is_some(),
            _ => false,
        }
}

fn home_unknown(request: &Request, answer: &Answer) -> Error {
    let text = "the server knows no home server for this user (404 without a body): the account is not enabled for Skype for Business, it was \
                moved to the cloud (Teams or Skype for Business Online), or sign_in_address is not its SIP address";
    answer::with_answer(Error::new(Status::NotFound, text).advise("the administrator can tell (Get-CsUser)"), request, answer)
}

/// The way from the first answer on.
struct Walk<'a, 'b> {
    search: &'a mut Search<'b>,
    hops: usize,
    visited: Vec<String>,
}

enum Next {
    Read(Url),
    /// Likewise, but it is the user's resource.
    User(Url),
    Applications(Url),
}

impl Walk<'_, '_> {
    /// Where an answer leads.
    fn next(&mut self, request: &Request, answer: &Answer) -> Result<Next> {
        let here = &answer.url;
        if answer.status == 401 {
            // The first answer was fetched without a token; asking again brings the challenge to the authority.
            return Ok(Next::Read(here.clone()));
        }
        let policy = self.search.authority.trust_policy(self.search.config);
        if (300..400).contains(&answer.status) {
            let to = answer.header("location").ok_or_else(|| answer::foreign(request, answer))?;
            let to = resolve(here, to)?;
            let own_domain = to.host_str() == here.host_str() || policy.trusts_name_of(&to);
            if !own_domain || here.scheme() == "https" && to.scheme() != "https" {
                return Err(failed(format!(
                    "{here} redirects to {to}, which is not followed: only https in the sign-in domain or in trusted_domains is"
                )));
            }
            return self.hop(to);
        }
        let links = Leads::read(answer::body_text(request, answer)?).ok_or_else(|| answer::foreign(request, answer))?;
        let open = names::is_open(here, self.search.transport);
        if open {
            if let Some(href) = &links.applications {
                return Ok(Next::Applications(resolve(here, href)?));
            }
            if let Some(href) = &links.user {
                let to = resolve(here, href)?;
                // A user resource without anything new would be read for ever.
                if !self.visited.contains(&key(&to)) {
                    self.visited.push(key(&to));
                    return Ok(Next::User(to));
                }
            }
        }
        let Some(href) = &links.redirect else {
            return Err(match open {
                true => failed(format!("{here} answered without a link to go on with (applications, user or redirect)")),
                false => failed(format!(
                    "{here} answered over plain http and names the user's own resource, where only a redirect to https is followed: anybody on \
                     the way may have written such an answer"
                ))
                .advise("let the server answer over https under this name, or set discovery_url to its https address"),
            });
        };
        let to = resolve(here, href)?;
        if !open && (to.scheme() != "https" || !policy.trusts_name_of(&to)) {
            let text = format!(
                "{here} answered over plain http and leads to {to}; from there only https in the sign-in domain or in trusted_domains is followed"
            );
            return Err(failed(text).advise("if it is right, name its host in trusted_domains or set discovery_url"));
        }
        self.hop(to)
    }

    fn hop(&mut self, to: Url) -> Result<Next> {
        self.hops += 1;
        if self.visited.contains(&key(&to)) {
            return Err(failed(format!("discovery goes round in circles at {to}")));
        }
        if self.hops > MOST_HOPS {
            return Err(failed(format!("discovery was led on more than {MOST_HOPS} times, last to {to}")));
        }
        self.visited.push(key(&to));
        Ok(Next::Read(to))
    }
}

fn failed(text: String) -> Error {
    Error::new(Status::DiscoveryFailed, text)
}

/// An address to tell visits apart by: names and paths without regard to case.
fn key(url: &Url) -> String {
    url.as_str().to_lowercase()
}
