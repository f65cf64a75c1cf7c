//! The names of a sign-in domain: which there are, which is asked when, and which answer is taken.

use super::leads::Leads;
use super::trust::TrustPolicy;
use crate::clock;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::health::Health;
use crate::resource::answer;
use crate::sign_in::challenge::Challenge;
use crate::transport::{Answer, Call, Request, Transport};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::{Duration, Instant};
use url::Url;

/// How long the internal name is waited for when the external one has answered, and when plain http is tried, too.
const PREFERENCE: Duration = Duration::from_secs(1);
/// When plain http is taken though https neither answered nor failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// The internal and the external name over https, then both over plain http.
pub(super) const LANES: usize = 4;
const FIRST_PLAIN: usize = 2;

const ANOTHER_SITE: &str = "another web site may have answered under this name";

/// What became of each lane; `None` as long as nothing has.
pub(super) type Outcomes = [Option<Result<Answer>>; LANES];

/// The first requests to the names of a sign-in domain, in the order of their lanes.
pub(super) fn lanes(domain: &str, config: &Config) -> Result<Vec<Request>> {
    let mut lanes = Vec::with_capacity(LANES);
    for scheme in ["https", "http"] {
        for name in ["lyncdiscoverinternal", "lyncdiscover"] {
            let url = Url::parse(&format!("{scheme}://{name}.{domain}/"))
                .map_err(|error| Error::config(format!("sign_in_address: invalid domain \"{domain}\" ({error})")))?;
            lanes.push(first_request(url, config));
        }
    }
    Ok(lanes)
}

/// The other lane with the same host name.
pub(super) fn sibling(lane: usize) -> usize {
    (lane + FIRST_PLAIN) % LANES
}

/// The first request to a place where discovery starts. The server wants to know whom it is for.
pub(super) fn first_request(mut url: Url, config: &Config) -> Request {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let is_there = url.query_pairs().any(|(name, _)| name.eq_ignore_ascii_case("sipuri"));
    if let Some(address) = config.sign_in_address().filter(|_| !is_there) {
        let address = address.to_string();
        let parameter = format!("sipuri={}", utf8_percent_encode(&address, KEPT));
        let query = match url.query() {
            None | Some("") => parameter,
            Some(query) => format!("{}&{parameter}", query.trim_end_matches('&')),
        };
        url.set_query(Some(&query));
    }
    Request::get(url)
}

/// Checks that an answer is one that discovery can go on from.
///
/// # Errors
/// Something else answered; the error says what.
pub(super) fn accept(request: &Request, answer: Answer, transport: &Transport) -> Result<Answer> {
    let here = &answer.url;
    let strange = |what: &str| {
        let text = format!("status {} with {what}, which is not an answer of UCWA's discovery", answer.status);
        Err(answer::with_answer(Error::protocol(text).advise(ANOTHER_SITE), request, &answer))
    };
    match answer.status {
        401 => {
            let trusted = TrustPolicy::check_challenge(&Challenge::of(&answer)).and_then(|()| match is_open(here, transport) {
                true => Ok(()),
                false => Err(Error::new(Status::DiscoveryFailed, "the server asks for a sign-in over plain http, where none is made")),
            });
            trusted.map_err(|error| answer::with_answer(error, request, &answer)).map(|()| answer)
        }
        300..=399 if answer.header("location").is_some() => Ok(answer),
        400 if answer.body.is_empty() => strange("an empty body"),
        _ => {
            let text = answer::body_text(request, &answer)?;
            if Leads::read(text).is_some() {
                return Ok(answer);
            }
            if text.starts_with('{') {
                strange("JSON without a link to go on with (applications, user or redirect)")
            } else {
                Err(answer::foreign(request, &answer))
            }
        }
    }
}

/// Whether what an answer says is believed: it came over https, or from this machine.
pub(super) fn is_open(url: &Url, transport: &Transport) -> bool {
    transport.may_carry_secrets(url)
}

/// Tries the internal and the external name at once (lanes 0 and 1), and both over plain http (2 and 3) where https is
/// late or failed. The internal name is preferred for a second, https until it failed or two seconds passed. A lane that
/// has an outcome already is not tried again; one whose server failed lately is tried when all others have failed.
///
/// Returns the lane whose answer is to be taken, or `None` where all have failed.
pub(super) async fn race(
    transport: &Transport,
    call: &Call,
    health: &Health,
    lanes: &[Request],
    outcomes: &mut Outcomes,
) -> Result<Option<usize>> {
    let mut started = Instant::now();
    let open: Vec<usize> = (0..LANES).filter(|lane| outcomes[*lane].is_none()).collect();
    let (late, fresh): (Vec<usize>, Vec<usize>) = open.into_iter().partition(|lane| health.passed_over(&lanes[*lane].url));
    let by_scheme = |lanes: Vec<usize>| -> (Vec<usize>, Vec<usize>) { lanes.into_iter().partition(|lane| *lane < FIRST_PLAIN) };
    let ((secure, plain), (late_secure, late_plain)) = (by_scheme(fresh), by_scheme(late));
    let waves = [secure, plain, late_secure, late_plain];
    let mut next_wave = 0;
    let mut running = [false; LANES];
    let mut under_way: FuturesUnordered<BoxFuture<'_, (usize, Result<Answer>)>> = FuturesUnordered::new();
    loop {
        let failed = |wave: &[usize]| wave.iter().all(|lane| matches!(outcomes[*lane], Some(Err(_))));
        let may_start = match next_wave {
            0 => true,
            1 => failed(&waves[0]) || started.elapsed() >= clock::wait(PREFERENCE),
            2 => failed(&waves[0]) && failed(&waves[1]),
            3 => failed(&waves[2]) || started.elapsed() >= clock::wait(PREFERENCE),
            _ => false,
        };
        let state: [State; LANES] = std::array::from_fn(|lane| match &outcomes[lane] {
            Some(Ok(_)) => State::Good,
            Some(Err(_)) => State::Out,
            None if running[lane] => State::Running,
            None => State::Out,
        });
        let elapsed = started.elapsed();
        if let Some(lane) = pick(&state, elapsed) {
            if elapsed >= clock::patience(PREFERENCE) {
                // The next call does not wait for it again.
                let slow = (0..LANES).filter(|lane| state[*lane] == State::Running);
                slow.for_each(|lane| health.failed(&lanes[lane].url));
            }
            return Ok(Some(lane));
        }
        if may_start {
            if next_wave == 2 {
                started = Instant::now();
            }
            for &lane in &waves[next_wave] {
                running[lane] = true;
                under_way.push(Box::pin(async move { (lane, lane_answer(transport, call, &lanes[lane]).await) }));
            }
            next_wave += 1;
            continue;
        }
        if under_way.is_empty() {
            return Ok(None);
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Good,
    /// It failed, or is not tried yet.
    Out,
}

/// The lane whose answer is taken now, if any.
fn pick(state: &[State; LANES], elapsed: Duration) -> Option<usize> {
    let good = |lane: usize| state[lane] == State::Good;
    let out = |lane: usize| state[lane] == State::Out;
    let (preferred_over, patience_over) = (elapsed >= clock::wait(PREFERENCE), elapsed >= clock::wait(PATIENCE));
    if good(0) {
        return Some(0);
    }
    if good(1) && (out(0) || preferred_over) {
        return Some(1);
    }
    if !(out(0) && out(1) || patience_over) {
        return None;
    }
    if good(2) {
        return Some(2);
    }
    (good(3) && (out(2) || patience_over)).then_some(3)
}

async fn lane_answer(transport: &Transport, call: &Call, request: &Request) -> Result<Answer> {
    // Messages name the place; the user's address would stand there four times.
    let mut place = request.url.clone();
    place.set_query(None);
    let named = Request::get(place);
    let answer = transport.exchange(call, request, None).await.map_err(|error| error.on_request(|| named.name()))?;
    accept(&named, answer, transport)
}

/// The error if every name came to nothing: the answer of each, and each piece of advice once.
pub(super) fn nothing_found(domain: &str, failures: &[Error]) -> Error {
    let answers: Vec<&str> = failures.iter().map(Error::without_advice).collect();
    let mut advice: Vec<&str> = Vec::new();
    for piece in failures.iter().filter_map(Error::advice) {
        if !advice.contains(&piece) {
            advice.push(piece);
        }
    }
    advice.push("check the domain, the DNS names and the network, or set discovery_url");
    let text = format!("no Skype for Business Server was found for {domain}. What was asked and what came back: {}", answers.join("; "));
    Error::new(Status::DiscoveryFailed, text).advise(advice.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(address: Option<&str>) -> Config {
        let mut config = Config::new();
        config.set("sign_in_address", address).unwrap();
        config
    }

    #[test]
    fn the_user_is_named_once() {
        let lene = config(Some("sip:Lene+A@contoso.com"));
        for (url, expected) in [
            ("https://a.example/", "https://a.example/?sipuri=sip%3ALene%2BA%40contoso.com"),
            ("https://a.example/root?", "https://a.example/root?sipuri=sip%3ALene%2BA%40contoso.com"),
            ("https://a.example/root?x=%20y", "https://a.example/root?x=%20y&sipuri=sip%3ALene%2BA%40contoso.com"),
            ("https://a.example/root?SipUri=other", "https://a.example/root?SipUri=other"),
            ("https://a.example/root?a=b&sipuri=", "https://a.example/root?a=b&sipuri="),
        ] {
            assert_eq!(first_request(Url::parse(url).unwrap(), &lene).url.as_str(), expected);
        }
        let nobody = config(None);
        assert_eq!(first_request(Url::parse("https://a.example/?x").unwrap(), &nobody).url.as_str(), "https://a.example/?x");
        let lanes = lanes("contoso.com", &lene).unwrap();
        assert!(lanes.len() == LANES && lanes.iter().all(|lane| lane.url.query() == Some("sipuri=sip%3ALene%2BA%40contoso.com")));
        for (lane, request) in lanes.iter().enumerate() {
            assert_eq!(request.url.host_str(), lanes[sibling(lane)].url.host_str());
        }
    }

    #[test]
    fn advice_is_given_once() {
        let failure = |name: &str| Error::protocol(format!("GET {name}: no")).advise("ask the network");
        let text = nothing_found("contoso.com", &[failure("a"), failure("b"), Error::protocol("GET c: page")]).message().to_owned();
        assert!(text.contains("GET a: no; GET b: no; GET c: page; ask the network; check the domain"), "{text}");
    }

    #[test]
    fn which_answer_is_taken() {
        use State::{Good, Out, Running};
        let soon = Duration::ZERO;
        let late = Duration::from_secs(3);
        for (state, at_once, later) in [
            ([Good, Running, Out, Out], Some(0), Some(0)),
            ([Running, Good, Out, Out], None, Some(1)),
            ([Out, Good, Out, Out], Some(1), Some(1)),
            ([Running, Running, Good, Running], None, Some(2)),
            ([Out, Out, Running, Good], None, Some(3)),
            ([Out, Out, Out, Good], Some(3), Some(3)),
            ([Out, Running, Good, Good], None, Some(2)),
            ([Running; 4], None, None),
            ([Out; 4], None, None),
        ] {
            assert!(pick(&state, soon) == at_once && pick(&state, late) == later);
        }
    }
}
