//! One call's access to the server: single requests and many in batches, and what their failures mean for the
//! application.

use super::{Application, Session};
use crate::error::{Error, Result};
use crate::resource::batch::{self, Part};
use crate::resource::navigation::{self, Document, Path, Reader};
use crate::resource::{Resource, answer, resolve, same_host};
use crate::secret::Secret;
use crate::transport::{Answer, Body, Call, Method, Repeat, Request};
use once_cell::unsync::OnceCell;
use serde_json::{Map, Value};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// The most parts of one batch: the limit that servers have by default.
const MOST_PARTS: usize = 100;
/// How often a batch that was turned away whole is tried in smaller ones: down from a hundred parts to one.
const HALVINGS: usize = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Which version of a resource is asked for. Many can be changed in their second one only.
#[derive(Clone, Copy)]
pub(crate) enum Version {
    Usual,
    Changeable,
}

impl Version {
    pub fn of(self, request: Request) -> Request {
        match self {
            Version::Usual => request,
            Version::Changeable => request.with("x-ms-requiresminresourceversion", "2"),
        }
    }
}

/// One call's access to the server, through one session.
pub(crate) struct Access<'a> {
    application: &'a Application,
    pub session: &'a Session,
    pub call: &'a Call,
    /// Whether the application is gone; asked for once in a call.
    gone: OnceCell<bool>,
}

impl<'a> Access<'a> {
    pub fn new(application: &'a Application, session: &'a Session, call: &'a Call) -> Access<'a> {
        Access { application, session, call, gone: OnceCell::new() }
    }

    /// Reads one resource.
    pub fn get(&self, url: &Url) -> Result<Document> {
        let request = self.own(Request::get(url.clone()))?;
        let answer = self.application.authority.send(self.call, &request)?;
        self.document(&request, &answer)
    }

    /// Sends any request to the application's host; a refusal is a failure.
    pub fn send(&self, request: Request) -> Result<Answer> {
        let request = self.own(request)?;
        let answer = self.application.authority.send(self.call, &request)?;
        if answer.is_success() || answer.status == 304 { Ok(answer) } else { Err(self.judge(answer::refusal(&request, &answer))) }
    }

    /// Changes a resource: what was read is sent back with the changed properties, the property that asks to be passed
    /// back, and the etag. Where somebody else changed it in between, it is read anew and tried once more.
    pub fn put(&self, url: &Url, version: Version, changed: &Map<String, Value>) -> Result<Answer> {
        let attempt = || {
            let read = version.of(Request::get(url.clone()));
            let now = self.send(read.clone())?;
            let resource = answer::resource(&read, &now)?;
            let mut body = changed.clone();
            for (name, value) in resource.properties.iter().filter(|(name, _)| Uuid::parse_str(name).is_ok()) {
                let echo = serde_json::from_str(value.get()).unwrap_or(Value::Null);
                body.entry(name.to_string()).or_insert(echo);
            }
            let mut request = version.of(Request::of(Method::PUT, url.clone(), Some(Value::Object(body).to_string())));
            let etag = now.header("etag").map(str::to_owned).or_else(|| resource.text("etag").map(|etag| format!("\"{etag}\"")));
            if let Some(etag) = etag {
                request = request.with("if-match", etag);
            }
            self.send(request)
        };
        match attempt() {
            Err(error) if error.http_status() == Some(412) => attempt(),
            outcome => outcome,
        }
    }

    /// Reads several resources: in batches, or side by side where the server has none. The answers are in the order of
    /// the addresses, each with its own failure; those that the call had no time for carry a timeout.
    pub fn get_all(&self, urls: &[Url]) -> Vec<Result<Document>> {
        let mut found: Vec<Option<Result<Document>>> = urls.iter().map(|url| self.own(Request::get(url.clone())).err().map(Err)).collect();
        let mut open: Vec<usize> = (0..urls.len()).filter(|at| found[*at].is_none()).collect();
        let link = Resource::parse(&self.session.document.text)
            .ok()
            .and_then(|resource| resource.link("batch").and_then(|href| self.resolve(href).ok()));
        match link {
            Some(link) if open.len() > 1 => self.read_in_batches(&link, urls, &mut open, &mut found),
            _ => self.read_side_by_side(urls, &open, &mut found),
        }
        found.into_iter().map(|one| one.unwrap_or_else(|| Err(self.call.timed_out()))).collect()
    }

    fn read_side_by_side(&self, urls: &[Url], open: &[usize], found: &mut [Option<Result<Document>>]) {
        let requests: Vec<Request> = open.iter().map(|at| Request::get(urls[*at].clone())).collect();
        let answers = self.application.authority.send_all(self.call, &requests);
        for ((at, answer), request) in open.iter().zip(answers).zip(&requests) {
            found[*at] = Some(answer.and_then(|answer| self.document(request, &answer)));
        }
    }

    /// Rounds of batches, as large as the server allows. What was turned away goes into the next round.
    fn read_in_batches(&self, link: &Url, urls: &[Url], open: &mut Vec<usize>, found: &mut [Option<Result<Document>>]) {
        let mut patience = self.call.retries + HALVINGS;
        let mut pause = FIRST_PAUSE;
        while !open.is_empty() {
            let size = self.application.transport.limit().min(MOST_PARTS);
            let chunks: Vec<Vec<usize>> = open.chunks(size).map(<[usize]>::to_vec).collect();
            let requests: Vec<Request> =
                chunks.iter().map(|chunk| batch_request(link, chunk.iter().map(|at| Part::get(urls[*at].clone())).collect())).collect();
            let answers = self.application.authority.send_all(self.call, &requests);
            open.clear();
            let mut turned_away: Option<(Error, Option<Duration>)> = None;
            for ((chunk, answer), request) in chunks.iter().zip(answers).zip(&requests) {
                match answer {
                    Err(error) => chunk.iter().for_each(|at| found[*at] = Some(Err(error.clone()))),
                    Ok(answer) if answer.status == 429 => {
                        turned_away = Some((answer::refusal(request, &answer), answer.retry_after()));
                        open.extend(chunk);
                    }
                    // It offers batches and does not take them.
                    Ok(answer) if matches!(answer.status, 404 | 405 | 415 | 501) => self.read_side_by_side(urls, chunk, found),
                    Ok(answer) => self.spread(request, &answer, chunk, urls, found, |at, error| {
                        turned_away = Some((error, None));
                        open.push(at);
                    }),
                }
            }
            let Some((error, asked)) = turned_away else { continue };
            patience = patience.saturating_sub(1);
            let wait = pause.max(asked.unwrap_or_default());
            let ended = match patience {
                0 => Some(error),
                _ => self.application.transport.pause(self.call, wait).err(),
            };
            if let Some(error) = ended {
                open.drain(..).for_each(|at| found[at] = Some(Err(error.clone())));
            }
            pause *= 2;
        }
    }

    /// The parts of a batch's answer, each to its place. A part that the server was too busy for is handed back.
    fn spread(
        &self,
        request: &Request,
        answer: &Answer,
        chunk: &[usize],
        urls: &[Url],
        found: &mut [Option<Result<Document>>],
        mut again: impl FnMut(usize, Error),
    ) {
        let parts = multipart(request, answer).map_err(|error| self.judge(error));
        let parts = match parts {
            Ok(parts) if parts.len() >= chunk.len() => parts,
            Ok(parts) => {
                let error = Error::protocol(format!("the batch of {} requests has {} answers", chunk.len(), parts.len()));
                let error = answer::with_answer(error, request, answer);
                return chunk.iter().for_each(|at| found[*at] = Some(Err(error.clone())));
            }
            Err(error) => return chunk.iter().for_each(|at| found[*at] = Some(Err(error.clone()))),
        };
        for (at, part) in chunk.iter().zip(parts) {
            let own = Request::get(urls[*at].clone());
            let inner = answer.within(urls[*at].clone(), part.status, &part.headers, part.body);
            if matches!(inner.status, 429 | 503) {
                again(*at, answer::refusal(&own, &inner));
            } else {
                found[*at] = Some(self.document(&own, &inner));
            }
        }
    }

    /// The absolute address of a href of the application, which lies on its own host.
    pub fn resolve(&self, href: &str) -> Result<Url> {
        resolve(&self.session.document.url, href)
    }

    /// Follows a path from the application; application, people and me come from memory.
    pub fn navigate(&self, path: &Path) -> Result<Document> {
        navigation::follow(&self.session.document, path, self)
    }

    /// The address that a path leads to, without reading what is there.
    pub fn locate(&self, path: &Path) -> Result<Url> {
        navigation::locate(&self.session.document, path, self)
    }

    /// Refuses to speak to any host but the application's.
    fn own(&self, request: Request) -> Result<Request> {
        if same_host(&request.url, &self.session.document.url) {
            return Ok(request);
        }
        let own = self.session.document.url.origin().ascii_serialization();
        Err(Error::protocol(format!(
            "the server gave the link {}, which leads away from the application's own host ({own}); it is not followed",
            request.url
        )))
    }

    fn document(&self, request: &Request, answer: &Answer) -> Result<Document> {
        if !answer.is_success() {
            return Err(self.judge(answer::refusal(request, answer)));
        }
        let text = answer::body_text(request, answer)?;
        if !text.starts_with('{') {
            return Err(answer::foreign(request, answer));
        }
        Ok(Document { text: text.to_owned(), url: answer.url.clone() })
    }

    /// Marks an error that means that the application is gone. Servers say "application not found" of lesser things,
    /// too, so the application itself is asked for.
    fn judge(&self, mut error: Error) -> Error {
        let is = |name| error.subcode() == Some(name) || error.code() == Some(name);
        const FINAL: [&str; 3] = ["TooManyApplications", "UserAgentNotAllowed", "CannotRedirect"];
        let gone = match error.http_status() {
            Some(410) if FINAL.into_iter().any(is) => false,
            Some(410) if is("InactiveApplicationExpired") => true,
            Some(404) if is("ApplicationNotFound") => *self.gone.get_or_init(|| self.application_is_gone()),
            Some(410) => *self.gone.get_or_init(|| self.application_is_gone()),
            _ => false,
        };
        error.details_mut().application_gone = gone;
        error
    }

    fn application_is_gone(&self) -> bool {
        let request = Request::get(self.session.document.url.clone());
        matches!(self.application.authority.send(self.call, &request), Ok(answer) if matches!(answer.status, 404 | 410))
    }
}

impl Reader for Access<'_> {
    fn read(&self, url: &Url) -> Result<Document> {
        self.get(url)
    }

    fn read_all(&self, urls: &[Url]) -> Vec<Result<Document>> {
        self.get_all(urls)
    }
}

fn batch_request(link: &Url, parts: Vec<Part>) -> Request {
    let boundary = Uuid::new_v4().to_string();
    let text = Secret::new(batch::write(&parts, &boundary));
    let body = Body { media_type: format!("multipart/batching;boundary={boundary}").into(), text, secret: false };
    let mut request = Request::post(link.clone(), body, Repeat::Safe).with("accept", "multipart/batching");
    request.parts = parts.len();
    request.paced = true;
    request
}

/// The parts of an answer to a batch.
fn multipart<'a>(request: &Request, answer: &'a Answer) -> Result<Vec<batch::PartAnswer<'a>>> {
    if !answer.is_success() {
        return Err(answer::refusal(request, answer));
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    if !media_type.to_ascii_lowercase().starts_with("multipart/") {
        return Err(answer::foreign(request, answer));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| answer::foreign(request, answer))?;
    batch::read(media_type, text).map_err(|error| answer::with_answer(error, request, answer))
}
