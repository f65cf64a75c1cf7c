//! The core: from one resource to another along link relations, with selectors and query parameters.
//!
//! `people/myGroups/group[name=Sales]/groupContacts/contact[0]/contactPresence` is a chain of relations. Each is looked
//! for among the embedded resources first, the links second; links are followed as the server gave them.

use super::{Resource, resolve, text_of};
use crate::error::{Error, Result, Status, excerpt, excerpt_of_argument};
use crate::shown::excerpts;
use crate::sip_uri::SipUri;
use crate::transport::{Answer, Room};
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use url::Url;
use url::form_urlencoded;

/// A resource as the server wrote it, and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub text: String,
    pub url: Url,
    /// What a large body takes of the application's room, until the document is gone.
    room: Option<Arc<Room>>,
}

impl Document {
    pub fn new(text: String, url: Url) -> Document {
        Document { text, url, room: None }
    }

    /// The text of an answer, or of a part of it.
    pub fn of(answer: &Answer, text: &str, url: Url) -> Document {
        Document { text: text.to_owned(), url, room: answer.room.clone() }
    }

    /// A resource that is embedded in this one.
    pub fn part(&self, text: &str) -> Document {
        Document { text: text.to_owned(), url: self.url.clone(), room: self.room.clone() }
    }

    /// The resource that stands there.
    pub fn resource(&self) -> Result<Resource<'_>> {
        Resource::parse(&self.text).map_err(|error| error.on_request(|| format!("GET {}", self.url)))
    }
}

/// How navigation reads what links lead to.
pub(crate) trait Reader {
    fn read(&self, url: &Url) -> Result<Document>;
    /// Several at once, in any order.
    fn read_each(&self, urls: &[Url], take: &mut dyn FnMut(Result<Document>));
    /// To be called at each step of local work: whether it may go on.
    fn step(&self) -> Result<()>;
}

/// A parsed path.
#[derive(Debug, PartialEq)]
pub(crate) struct Path {
    segments: Vec<Segment>,
    query: Vec<(String, String)>,
}

#[derive(Debug, PartialEq)]
struct Segment {
    /// As the caller wrote it, for messages.
    text: String,
    rel: String,
    selector: Selector,
}

#[derive(Debug, PartialEq)]
enum Selector {
    None,
    Index(usize),
    Equals(String, String),
}

impl Path {
    /// Reads `segment *("/" segment) ["?" query]`; the empty path has no segments.
    pub fn parse(path: &str) -> Result<Path> {
        let (chain, query) = path.split_once('?').map_or((path, None), |(chain, query)| (chain, Some(query)));
        let segments = if chain.is_empty() { Vec::new() } else { chain.split('/').map(Segment::parse).collect::<Result<_>>()? };
        let query = query.map(|query| form_urlencoded::parse(query.as_bytes()).into_owned().collect()).unwrap_or_default();
        Ok(Path { segments, query })
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Segment> {
        let wrong = |why: &str| {
            Error::argument(format!(
                "the path's segment \"{}\" {why}; a segment is rel, rel[name=value] or rel[index]",
                excerpt_of_argument(text)
            ))
        };
        let decoded = |part: &str| {
            percent_decode_str(part)
                .decode_utf8()
                .map(|text| text.into_owned())
                .map_err(|_| wrong("holds percent-encoded bytes that are no UTF-8"))
        };
        let (rel, selector) = match text.split_once('[') {
            None => (text, Selector::None),
            Some((rel, rest)) => {
                let inside = rest.strip_suffix(']').ok_or_else(|| wrong("has a [ without a ] at its end"))?;
                if inside.contains(['[', ']']) {
                    return Err(wrong("has more than one selector (write [ as %5B and ] as %5D in a value)"));
                }
                let selector = match inside.split_once('=') {
                    Some(("", _)) => return Err(wrong("has a selector without a name")),
                    Some((name, value)) => Selector::Equals(decoded(name)?, decoded(value)?),
                    None => {
                        let number = inside.bytes().all(|b| b.is_ascii_digit()).then(|| inside.parse().ok()).flatten();
                        Selector::Index(number.ok_or_else(|| wrong("has a selector that is neither name=value nor a number"))?)
                    }
                };
                (rel, selector)
            }
        };
        if rel.is_empty() {
            return Err(wrong("names no link relation"));
        }
        if rel.contains(']') {
            return Err(wrong("has a ] without a ["));
        }
        Ok(Segment { text: text.to_owned(), rel: decoded(rel)?, selector })
    }
}

/// Follows a path from a resource that was read before.
pub(crate) fn follow(start: &Document, path: &Path, reader: &dyn Reader) -> Result<Document> {
    let Some(last) = path.segments.last() else {
        return if path.query.is_empty() { Ok(start.clone()) } else { reader.read(&with_query(start.url.clone(), &path.query)) };
    };
    match walk(start, &path.segments, reader, false)? {
        Step::Here(document) if path.query.is_empty() => Ok(document),
        end => reader.read(&with_query(end.address(last)?, &path.query)),
    }
}

/// The address that a path leads to, without reading what is there.
pub(crate) fn locate(start: &Document, path: &Path, reader: &dyn Reader) -> Result<Url> {
    let Some(last) = path.segments.last() else { return Ok(with_query(start.url.clone(), &path.query)) };
    Ok(with_query(walk(start, &path.segments, reader, false)?.address(last)?, &path.query))
}

/// Goes along the segments. Links appear as the user does more: where a start that was read before leads nowhere, it is
/// read anew, once.
fn walk(start: &Document, segments: &[Segment], reader: &dyn Reader, is_fresh: bool) -> Result<Step> {
    let mut here = Step::Here(start.clone());
    let mut is_fresh = is_fresh;
    for segment in segments {
        let document = match here {
            Step::Here(document) => document,
            Step::There(url) => {
                is_fresh = true;
                reader.read(&url)?
            }
        };
        here = match step(&document, segment, reader) {
            Err(error) if !is_fresh && error.status() == Status::NotFound && error.http_status().is_none() => {
                return walk(&reader.read(&start.url)?, segments, reader, true);
            }
            next => next?,
        };
    }
    Ok(here)
}

/// Where one segment leads.
enum Step {
    /// To a resource that is at hand: embedded, or read to select it.
    Here(Document),
    /// Along a link.
    There(Url),
}

impl Step {
    fn address(&self, segment: &Segment) -> Result<Url> {
        match self {
            Step::There(url) => Ok(url.clone()),
            Step::Here(document) => {
                let none = || Error::argument(format!("\"{}\" has no address of its own", segment.text));
                resolve(&document.url, document.resource()?.link("self").ok_or_else(none)?)
            }
        }
    }
}

/// One segment: the embedded resource, else what the link leads to.
fn step(here: &Document, segment: &Segment, reader: &dyn Reader) -> Result<Step> {
    let resource = here.resource()?;
    let mut embedded = 0;
    let mut fitting = Several::default();
    resource.each_embedded_raw(&segment.rel, &mut |raw| {
        reader.step()?;
        if segment.selector.fits(embedded, &Resource::parse(raw.get())?) {
            fitting.add(raw.get());
        }
        embedded += 1;
        Ok(())
    })?;
    match (fitting.count, fitting.first.as_slice()) {
        (0, _) => {}
        (1, [one]) => return Ok(Step::Here(here.part(one))),
        _ => return Err(ambiguous(segment, fitting.labels(|text| Resource::parse(text).map(|r| label(&r)).unwrap_or_default()))),
    }
    let linked = resource.links(&segment.rel).count();
    let none_fits = || missing(segment, &resource, if linked == 0 { embedded } else { linked });
    let mut links = resource.links(&segment.rel);
    match &segment.selector {
        Selector::None if linked > 1 => {
            let mut several = Several::default();
            links.for_each(|href| several.add(href));
            let address = |href: &&str| resolve(&here.url, href).map_or_else(|_| excerpt(href), |url| url.to_string());
            Err(ambiguous(segment, several.labels(address)))
        }
        Selector::None => links.next().map_or_else(|| Err(none_fits()), |href| resolve(&here.url, href).map(Step::There)),
        Selector::Index(index) => links.nth(*index).map_or_else(|| Err(none_fits()), |href| resolve(&here.url, href).map(Step::There)),
        Selector::Equals(..) if linked == 0 => Err(none_fits()),
        Selector::Equals(name, value) => {
            let found = select_by_reading(segment, name, value, &|| resource.links(&segment.rel), &here.url, reader)?;
            found.map(Step::Here).ok_or_else(none_fits)
        }
    }
}

/// The first of several that fit, and how many there are.
struct Several<T> {
    first: Vec<T>,
    count: usize,
}

impl<T> Default for Several<T> {
    fn default() -> Several<T> {
        Several { first: Vec::new(), count: 0 }
    }
}

impl<T> Several<T> {
    const SHOWN: usize = 10;

    fn add(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < Several::<T>::SHOWN {
            self.first.push(one);
        }
    }

    fn labels(&self, label: impl Fn(&T) -> String) -> Several<String> {
        Several { first: self.first.iter().map(label).collect(), count: self.count }
    }
}

/// Which of several linked resources has that property: they have to be read to know.
fn select_by_reading<'l, L: Iterator<Item = &'l str>>(
    segment: &Segment,
    name: &str,
    value: &str,
    links: &dyn Fn() -> L,
    base: &Url,
    reader: &dyn Reader,
) -> Result<Option<Document>> {
    const AT_A_TIME: usize = 1_000;
    // An address that holds the value is likely the one, and read first; only the property decides.
    let value_in_path = SipUri::key_of(value);
    let is_likely = |url: &Url| percent_decode_str(url.as_str()).decode_utf8_lossy().to_lowercase().contains(&value_in_path);
    for likely in [true, false] {
        let mut fitting = Several::default();
        let mut found = None;
        let mut failure = None;
        let mut read = |urls: &[Url]| {
            reader.read_each(urls, &mut |document| match document
                .and_then(|document| Ok((equals(&document.resource()?, name, value), document)))
            {
                Ok((true, document)) => {
                    fitting.add(document.url.to_string());
                    found.get_or_insert(document);
                }
                Ok((false, _)) => {}
                Err(error) => failure = Some(error),
            });
        };
        let mut urls = Vec::new();
        for href in links() {
            reader.step()?;
            let url = resolve(base, href)?;
            if is_likely(&url) == likely {
                urls.push(url);
            }
            if urls.len() == AT_A_TIME {
                read(&std::mem::take(&mut urls));
            }
        }
        read(&urls);
        match (fitting.count, failure) {
            (0, None) => {}
            (0, Some(error)) => return Err(error),
            (1, _) => return Ok(found),
            _ => return Err(ambiguous(segment, fitting)),
        }
    }
    Ok(None)
}

impl Selector {
    fn fits(&self, index: usize, resource: &Resource<'_>) -> bool {
        match self {
            Selector::None => true,
            Selector::Index(wanted) => *wanted == index,
            Selector::Equals(name, value) => equals(resource, name, value),
        }
    }
}

fn equals(resource: &Resource<'_>, name: &str, value: &str) -> bool {
    let Some((_, found)) = resource.properties.iter().find(|(key, _)| key == name) else { return false };
    match text_of(found) {
        Some(text) if name == "uri" => SipUri::key_of(&text) == SipUri::key_of(value),
        Some(text) => text == value,
        None => found.get() == value,
    }
}

/// The query parameters of a link and the caller's, which win where both name one.
pub(crate) fn with_query(mut url: Url, query: &[(String, String)]) -> Url {
    if query.is_empty() {
        return url;
    }
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(name, _)| !query.iter().any(|(given, _)| given == name)).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(query);
    url
}

fn label(resource: &Resource<'_>) -> String {
    ["uri", "name", "id"]
        .into_iter()
        .find_map(|name| resource.text(name).map(|text| format!("{name}={text}")))
        .unwrap_or_else(|| resource.link("self").unwrap_or("unnamed").to_owned())
}

fn ambiguous(segment: &Segment, found: Several<String>) -> Error {
    let more = if found.count > found.first.len() { format!(" and {} more", found.count - found.first.len()) } else { String::new() };
    let text = format!(
        "the path's segment \"{}\" fits {} resources ({}{more}); choose one with {}[name=value] or {}[index]",
        segment.text,
        found.count,
        excerpts(&found.first),
        segment.rel,
        segment.rel
    );
    Error::new(Status::Conflict, text)
}

fn missing(segment: &Segment, resource: &Resource<'_>, of_that_rel: usize) -> Error {
    let there = if of_that_rel > 0 {
        format!("none of the {of_that_rel} \"{}\" there fits", segment.rel)
    } else {
        format!("there is: {}", excerpts(&resource.relations()))
    };
    Error::new(Status::NotFound, format!("the path's segment \"{}\" leads nowhere; {there}", segment.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let path = Path::parse("people/myGroups/group[name=A%2FB %5B1%5D]/contact[2]?a=1&b=x%20y").unwrap();
        assert_eq!(path.segments.len(), 4);
        assert_eq!(path.segments[2].selector, Selector::Equals("name".into(), "A/B [1]".into()));
        assert_eq!(path.segments[3].selector, Selector::Index(2));
        assert_eq!(path.query, [("a".into(), "1".into()), ("b".into(), "x y".into())]);
        assert!(Path::parse("").unwrap().segments.is_empty());
        for bad in ["/", "a//b", "a/", "a[", "a]", "a[]", "a[x]", "a[=1]", "a[1]b", "a[1][2]", "[1]", "a[+1]", "a[-1]", "a[n=%ff]"] {
            let error = Path::parse(bad).expect_err(bad);
            assert_eq!(error.status(), Status::InvalidArgument, "{bad}");
        }
    }

    #[test]
    fn queries_are_merged() {
        let url = Url::parse("https://h/p?groupId=a%3d&limit=1").unwrap();
        let merged = with_query(url, &[("limit".into(), "5".into()), ("query".into(), "a&b".into())]);
        assert_eq!(merged.as_str(), "https://h/p?groupId=a%3D&limit=5&query=a%26b");
    }
}
