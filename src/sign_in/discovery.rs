//! Autodiscovery: from the domain of the sign-in address to the address where applications are created.

use super::authority::Authority;
use crate::clock;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::resource::{Resource, answer, resolve};
use crate::transport::{Answer, Call, Request, Transport, is_loopback};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Deserialize;
use std::time::{Duration, Instant};
use url::Url;

/// How long the internal name is waited for when the external one has answered, and when plain http is tried, too.
const PREFERENCE: Duration = Duration::from_secs(1);
/// When plain http is taken though https neither answered nor failed.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many redirects are followed.
const MOST_HOPS: usize = 5;

/// The internal and the external name over https, then both over plain http.
const LANES: usize = 4;
const FIRST_PLAIN: usize = 2;

/// What became of each lane; `None` as long as nothing has.
type Outcomes = [Option<Result<Answer>>; LANES];

/// Finds the `applications` resource of the user's home pool.
pub(crate) fn discover(transport: &Transport, authority: &Authority, call: &Call, config: &Config) -> Result<Url> {
    if let Some(url) = config.web_url("discovery_url") {
        let request = Request::get(url);
        let answer = transport.send(call, &request, None)?;
        return follow(transport, authority, call, config, &request, &answer);
    }
    let Some(address) = config.sign_in_address() else {
        return Err(Error::config("discovery needs sign_in_address or discovery_url"));
    };
    let lanes = lanes(address.domain())?;
    // Some networks lead every name that is not there to a web site: what one name led to in vain leaves the others.
    let mut astray: [Option<Error>; LANES] = [const { None }; LANES];
    let mut first_failure = None;
    loop {
        let outcomes = astray.clone().map(|error| error.map(Err));
        let (lane, answer) = match transport.run(call, race(transport, &call.without_retries(), &lanes, outcomes))? {
            Ok(found) => found,
            Err(failures) => return Err(first_failure.unwrap_or_else(|| nothing_found(address.domain(), &failures))),
        };
        match follow(transport, authority, call, config, &lanes[lane], &answer) {
            Err(error) if is_elsewhere(&error) => {
                log::warn!("discovery goes on with the other names: {error}");
                first_failure.get_or_insert_with(|| error.clone());
                astray[lane] = Some(error);
            }
            outcome => return outcome,
        }
    }
}

/// Follows the links from the first answer on.
fn follow(transport: &Transport, authority: &Authority, call: &Call, config: &Config, request: &Request, answer: &Answer) -> Result<Url> {
    let mut walk = Walk { config, hops: 0, visited: vec![key(&request.url)] };
    let mut next = walk.next(transport, request, answer)?;
    loop {
        match next {
            Next::Applications(url) => return Ok(url),
            Next::Read(url) => {
                let request = Request::get(url);
                let answer = authority.send(call, &request)?;
                next = walk.next(transport, &request, &answer)?;
            }
        }
    }
}

/// Whether another name may lead to the server that this one did not lead to.
fn is_elsewhere(error: &Error) -> bool {
    matches!(error.status(), Status::DiscoveryFailed | Status::Protocol | Status::NotFound | Status::Network | Status::Tls)
}

/// The way from the first answer on.
struct Walk<'a> {
    config: &'a Config,
    hops: usize,
    visited: Vec<String>,
}

enum Next {
    Read(Url),
    Applications(Url),
}

impl Walk<'_> {
    /// Where an answer leads.
    fn next(&mut self, transport: &Transport, request: &Request, answer: &Answer) -> Result<Next> {
        let here = &answer.url;
        if answer.status == 401 {
            // The first answer was fetched without a token; asking again brings the challenge to the authority.
            return Ok(Next::Read(here.clone()));
        }
        if (300..400).contains(&answer.status) {
            let to = answer.header("location").ok_or_else(|| answer::foreign(request, answer))?;
            let to = resolve(here, to)?;
            let own_domain = to.host_str() == here.host_str() || self.is_trusted(&to);
            if !own_domain || here.scheme() == "https" && to.scheme() != "https" {
                return Err(failed(format!("{} sends on to {to}, which is another domain; it is not followed", here)));
            }
            return self.hop(to);
        }
        let links = Leads::read(answer::body_text(request, answer)?).ok_or_else(|| answer::foreign(request, answer))?;
        let open = here.scheme() == "https" || is_loopback(here) || transport.may_carry_secrets(here);
        if open {
            if let Some(href) = &links.applications {
                return Ok(Next::Applications(resolve(here, href)?));
            }
            if let Some(href) = &links.user {
                let to = resolve(here, href)?;
                // A user resource without anything new would be read for ever.
                if !self.visited.contains(&key(&to)) {
                    self.visited.push(key(&to));
                    return Ok(Next::Read(to));
                }
            }
        }
        let Some(href) = &links.redirect else {
            return Err(failed(format!("{here} answered without a link to go on with (applications, user or redirect)")));
        };
        let to = resolve(here, href)?;
        if !open && (to.scheme() != "https" || !self.is_trusted(&to)) {
            let text = format!(
                "{here} answered over plain http and leads to {to}, which is not to be trusted so; if it is right, name its host in trusted_domains or set discovery_url"
            );
            return Err(failed(text));
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

    /// Whether the host lies in the sign-in domain or in a trusted one.
    fn is_trusted(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let within = |domain: &str| {
            host.eq_ignore_ascii_case(domain) || host.to_ascii_lowercase().ends_with(&format!(".{}", domain.to_ascii_lowercase()))
        };
        let own = self.config.sign_in_address().is_some_and(|address| within(address.domain()));
        own || self.config.trusted_domains().any(|entry| match entry.strip_prefix("*.") {
            Some(domain) => within(domain),
            None => host.eq_ignore_ascii_case(entry),
        })
    }
}

/// The links of a discovery answer, in either of the shapes that servers use.
#[derive(Default)]
struct Leads {
    applications: Option<String>,
    user: Option<String>,
    redirect: Option<String>,
}

/// The older shape: lists of named links instead of `_links`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    access_location: Option<String>,
    root: Option<LinkList>,
    user: Option<LinkList>,
}

#[derive(Deserialize)]
struct LinkList {
    #[serde(rename = "Links", alias = "Link", default)]
    links: Vec<NamedLink>,
}

#[derive(Deserialize)]
struct NamedLink {
    token: String,
    href: String,
}

impl Leads {
    fn read(text: &str) -> Option<Leads> {
        let resource = Resource::parse(text).ok()?;
        let link = |rel| resource.link(rel).map(str::to_owned);
        let leads = Leads { applications: link("applications"), user: link("user"), redirect: link("redirect") };
        if !resource.links.is_empty() {
            return Some(leads);
        }
        let listed: Listed = serde_json::from_str(text).ok()?;
        let inside = listed.access_location.is_some_and(|place| place.eq_ignore_ascii_case("internal"));
        let links: Vec<NamedLink> = [listed.user, listed.root].into_iter().flatten().flat_map(|list| list.links).collect();
        let named = |name: &str| links.iter().find(|link| link.token.eq_ignore_ascii_case(name)).map(|link| link.href.clone());
        let placed = if inside { "Internal/Ucwa" } else { "External/Ucwa" };
        Some(Leads { applications: named(placed).or_else(|| named("Ucwa")), user: named("User"), redirect: named("Redirect") })
    }
}

/// The names that a sign-in domain may have, in the order of their lanes.
fn lanes(domain: &str) -> Result<Vec<Request>> {
    let mut lanes = Vec::with_capacity(LANES);
    for scheme in ["https", "http"] {
        for name in ["lyncdiscoverinternal", "lyncdiscover"] {
            let url = Url::parse(&format!("{scheme}://{name}.{domain}/"))
                .map_err(|error| Error::config(format!("sign_in_address: the domain \"{domain}\" is none ({error})")))?;
            lanes.push(Request::get(url));
        }
    }
    Ok(lanes)
}

fn nothing_found(domain: &str, failures: &[Error]) -> Error {
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    failed(format!(
        "no Skype for Business Server was found for {domain}; {}. Check the domain, the DNS names and the network, or set discovery_url",
        told.join("; ")
    ))
}

/// Tries the internal and the external name at once (lanes 0 and 1), and both over plain http (2 and 3) where https is
/// late or failed. The internal name is preferred for a second, https until it failed or two seconds passed. What has an
/// outcome already is not tried again.
async fn race(
    transport: &Transport,
    call: &Call,
    lanes: &[Request],
    mut outcomes: Outcomes,
) -> Result<std::result::Result<(usize, Answer), Vec<Error>>> {
    let started = Instant::now();
    let mut under_way: FuturesUnordered<BoxFuture<'_, (usize, Result<Answer>)>> = FuturesUnordered::new();
    let start = |lane: usize| -> BoxFuture<'_, (usize, Result<Answer>)> {
        Box::pin(async move { (lane, lane_answer(transport, call, &lanes[lane]).await) })
    };
    let open: Vec<usize> = (0..LANES).filter(|lane| outcomes[*lane].is_none()).collect();
    let (secure, plain): (Vec<usize>, Vec<usize>) = open.into_iter().partition(|lane| *lane < FIRST_PLAIN);
    under_way.extend(secure.into_iter().map(start));
    let mut http_started = false;
    loop {
        let elapsed = started.elapsed();
        if let Some(lane) = pick(&outcomes, elapsed)
            && let Some(Ok(answer)) = outcomes[lane].take()
        {
            return Ok(Ok((lane, answer)));
        }
        let secure_failed = failed_lane(&outcomes, 0) && failed_lane(&outcomes, 1);
        if !http_started && (secure_failed || elapsed >= clock::wait(PREFERENCE)) {
            http_started = true;
            under_way.extend(plain.iter().copied().map(start));
        }
        if under_way.is_empty() {
            return Ok(Err(outcomes.into_iter().flatten().filter_map(Result::err).collect()));
        }
        let mark = [PREFERENCE, PATIENCE].into_iter().map(clock::wait).find(|mark| *mark > elapsed);
        let next = under_way.next();
        let done = match mark {
            Some(mark) => tokio::time::timeout(mark - elapsed, next).await.ok().flatten(),
            None => next.await,
        };
        if let Some((lane, outcome)) = done {
            outcomes[lane] = Some(outcome);
        }
    }
}

async fn lane_answer(transport: &Transport, call: &Call, request: &Request) -> Result<Answer> {
    let answer = transport.exchange(call, request, None).await.map_err(|error| error.on_request(|| request.name()))?;
    match answer.status {
        300..=401 => Ok(answer),
        _ if answer::body_text(request, &answer).is_ok_and(|text| Leads::read(text).is_some()) => Ok(answer),
        _ => Err(answer::body_text(request, &answer).err().unwrap_or_else(|| answer::foreign(request, &answer))),
    }
}

fn failed_lane(outcomes: &Outcomes, lane: usize) -> bool {
    matches!(outcomes[lane], Some(Err(_)))
}

/// The lane whose answer is taken now, if any.
fn pick(outcomes: &Outcomes, elapsed: Duration) -> Option<usize> {
    let good = |lane: usize| matches!(outcomes[lane], Some(Ok(_)));
    let failed = |lane| failed_lane(outcomes, lane);
    let (preferred_over, patience_over) = (elapsed >= clock::wait(PREFERENCE), elapsed >= clock::wait(PATIENCE));
    if good(0) {
        return Some(0);
    }
    if good(1) && (failed(0) || preferred_over) {
        return Some(1);
    }
    if !(failed(0) && failed(1) || patience_over) {
        return None;
    }
    if good(2) {
        return Some(2);
    }
    (good(3) && (failed(2) || patience_over)).then_some(3)
}

fn failed(text: String) -> Error {
    Error::new(Status::DiscoveryFailed, text)
}

/// An address to tell visits apart by: names and paths without regard to case.
fn key(url: &Url) -> String {
    url.as_str().to_lowercase()
}
