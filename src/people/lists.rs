//! Lists of contacts and of groups. Servers embed what is in a list, only link to it, or do the one for some and the other
//! for others; each has its place all the same, and what cannot be read is a failure in its own. A list may be long: it is
//! gone through item by item, and of those that are to be read some thousands are under way at a time.

use super::{People, ends_the_call};
use crate::application::Access;
use crate::error::{Error, Result};
use crate::limits;
use crate::logging;
use crate::resource::navigation::Document;
use crate::resource::{Resource, Writer, address_key};
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::ops::Range;
use url::Url;

/// How many items of a list are read at a time, where it only links to them.
const AT_A_TIME: usize = 2_000;
/// Of how many relations a list may be.
const MOST_RELATIONS: usize = 1_000;

/// What stands in a list and could not be read.
#[derive(Debug)]
pub(super) struct Unread {
    /// Of a contact that was met before.
    pub uri: Option<String>,
    pub href: Option<String>,
    pub error: Error,
}

/// One of a list, in its place: the resource and where it was read, or why it could not be.
pub(super) type Entry<'a> = std::result::Result<(Resource<'a>, &'a Url), Unread>;

impl Unread {
    pub fn write(&self, w: &mut Writer) {
        match (&self.uri, &self.href) {
            (Some(uri), _) => w.text("uri", uri),
            (None, Some(href)) => w.text("href", href),
            (None, None) => {}
        }
        w.error("error", &self.error);
    }
}

/// What is made of the items of a list, and taken in their order. Those that are read come in any order, so that what is made
/// of each should be small.
pub(super) struct Visit<M, T> {
    pub make: M,
    pub take: T,
}

/// A list of few, all of which was read.
pub(super) struct List {
    document: Document,
    items: Vec<(String, Content)>,
}

enum Content {
    /// A part of the list's own text.
    Within(Range<usize>),
    Apart(Document),
    Unread(Unread),
}

impl List {
    /// Those in the list, in its order, each with its relation.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Entry<'_>)> {
        self.items.iter().map(|(rel, content)| (rel.as_str(), self.entry(content)))
    }

    fn entry<'a>(&'a self, content: &'a Content) -> Entry<'a> {
        match content {
            Content::Within(range) => within(&self.document, range.clone()),
            Content::Apart(document) => apart(document),
            Content::Unread(Unread { uri, href, error }) => Err(Unread { uri: uri.clone(), href: href.clone(), error: error.clone() }),
        }
    }
}

/// An item that stands in the list itself.
fn within(list: &Document, range: Range<usize>) -> Entry<'_> {
    let text = list.text.get(range).unwrap_or_default();
    let unread = |error: Error| Unread { uri: None, href: None, error: error.on_request(|| format!("GET {}", list.url)) };
    Resource::parse(text).map(|resource| (resource, &list.url)).map_err(unread)
}

/// One that was read at its own address.
fn apart(document: &Document) -> Entry<'_> {
    let unread = |error: Error| Unread { uri: None, href: Some(document.url.to_string()), error };
    document.resource().map(|resource| (resource, &document.url)).map_err(unread)
}

/// The items of a list in their order, in few bytes each.
struct Plan {
    rels: Vec<String>,
    items: Vec<Item>,
}

#[derive(Clone, Copy)]
struct Item {
    rel: u32,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    /// From there to there in the list's text.
    Within(u32, u32),
    /// The same, of one that is as good as a link to itself.
    Bare(u32, u32),
    /// That link of the list.
    Linked(u32),
}

impl People {
    /// Goes through a list of contacts. Those that it only links to are read.
    ///
    /// # Errors
    /// The list itself is no resource, the failure of one ends the call for all, or the visit ends.
    pub(super) fn each_contact<Made>(
        &self,
        access: &Access<'_>,
        list: &Document,
        visit: Visit<impl Fn(Entry<'_>) -> Result<Made>, impl FnMut(Made) -> Result<()>>,
    ) -> Result<()> {
        let Visit { make, mut take } = visit;
        let resource = list.resource()?;
        let items = plan(access, list, &resource, &|rel| rel == "contact")?.items;
        let mut met = None;
        let mut rest = items.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(some(rest));
            rest = later;
            let mut urls = Vec::new();
            let mut of_url = Vec::new();
            let mut made: HashMap<usize, Made> = HashMap::new();
            for (at, item) in now.iter().enumerate() {
                match address(access, list, &resource, item.place) {
                    None => {}
                    Some(Ok(url)) => {
                        of_url.push(at);
                        urls.push(url);
                    }
                    Some(Err(unread)) => drop(made.insert(at, make(Err(unread))?)),
                }
            }
            let mut ended = None;
            access.get_each(&urls, &mut |number, document| {
                if ended.is_some() {
                    return;
                }
                let outcome = match document {
                    Ok(document) => make(apart(&document)),
                    Err(error) if ends_the_call(&error) => Err(error),
                    Err(error) => {
                        logging::warn!("one of a list cannot be read: {error}");
                        let url = &urls[number];
                        let met = met.get_or_insert_with(|| self.addresses_met(access));
                        make(Err(Unread { uri: met.get(&address_key(url)).cloned(), href: Some(url.to_string()), error }))
                    }
                };
                match outcome {
                    Ok(one) => drop(made.insert(of_url[number], one)),
                    Err(error) => ended = Some(error),
                }
            });
            if let Some(error) = ended {
                return Err(error);
            }
            for (at, item) in now.iter().enumerate() {
                access.step()?;
                let one = match (made.remove(&at), item.place) {
                    (Some(one), _) => one,
                    (None, Place::Within(start, end)) => make(within(list, start as usize..end as usize))?,
                    (None, _) => continue,
                };
                take(one)?;
            }
        }
        Ok(())
    }

    /// Reads all of a list of few, such as the groups.
    ///
    /// # Errors
    /// The list itself is no resource, the failure of one ends the call for all, or there are too many.
    pub(super) fn read_list(&self, access: &Access<'_>, document: Document, is_of: &dyn Fn(&str) -> bool) -> Result<List> {
        let resource = document.resource()?;
        let Plan { rels, items } = plan(access, &document, &resource, is_of)?;
        if items.len() > limits::GROUPS {
            return Err(Error::protocol(format!(
                "the list at {} has more than {} groups, which is the limit",
                document.url,
                limits::GROUPS
            )));
        }
        let addresses: Vec<_> = items.iter().map(|item| address(access, &document, &resource, item.place)).collect();
        let urls: Vec<Url> = addresses.iter().flatten().filter_map(|address| address.as_ref().ok().cloned()).collect();
        let mut answers = access.get_all(&urls).into_iter();
        let mut met = None;
        let mut read = Vec::with_capacity(items.len());
        for (item, address) in items.into_iter().zip(addresses) {
            let content = match (address, item.place) {
                (None, Place::Within(start, end) | Place::Bare(start, end)) => Content::Within(start as usize..end as usize),
                (None, Place::Linked(_)) => continue,
                (Some(Err(unread)), _) => Content::Unread(unread),
                (Some(Ok(url)), _) => match answers.next().unwrap_or_else(|| Err(access.call.timed_out())) {
                    Ok(document) => Content::Apart(document),
                    Err(error) if ends_the_call(&error) => return Err(error),
                    Err(error) => {
                        logging::warn!("one of a list cannot be read: {error}");
                        let met = met.get_or_insert_with(|| self.addresses_met(access));
                        Content::Unread(Unread { uri: met.get(&address_key(&url)).cloned(), href: Some(url.to_string()), error })
                    }
                },
            };
            read.push((rels[item.rel as usize].clone(), content));
        }
        drop(resource);
        Ok(List { document, items: read })
    }

    /// The contacts that were met, by the keys of their addresses.
    fn addresses_met(&self, access: &Access<'_>) -> HashMap<String, String> {
        let mut met = HashMap::new();
        self.book(access).each_contact(|known| {
            if let Some(Ok(url)) = known.url(access, "self") {
                met.insert(address_key(&url), known.uri.to_string());
            }
        });
        met
    }
}

/// How many of these items are gone through together: those up to the one with which enough are to be read.
fn some(items: &[Item]) -> usize {
    let mut unread = 0;
    let enough = items.iter().position(|item| {
        unread += usize::from(!matches!(item.place, Place::Within(..)));
        unread >= AT_A_TIME
    });
    enough.map_or(items.len(), |last| last + 1)
}

/// Where an item is to be read that does not stand in the list.
fn address(access: &Access<'_>, list: &Document, resource: &Resource<'_>, place: Place) -> Option<std::result::Result<Url, Unread>> {
    let href = match place {
        Place::Within(..) => return None,
        Place::Bare(start, end) => {
            let text = list.text.get(start as usize..end as usize)?;
            Resource::parse(text).ok()?.link("self")?.to_owned()
        }
        Place::Linked(number) => resource.links.get(number as usize)?.href.to_string(),
    };
    Some(access.resolve(&href).map_err(|error| Unread { uri: None, href: Some(href), error }))
}

/// The hrefs of contacts that a list does not embed, one after another.
pub(super) fn linked_only(access: &Access<'_>, list: &Document, take: &mut dyn FnMut(Url) -> Result<()>) -> Result<()> {
    let resource = list.resource()?;
    for item in plan(access, list, &resource, &|rel| rel == "contact")?.items {
        access.step()?;
        if let Some(Ok(url)) = address(access, list, &resource, item.place) {
            take(url)?;
        }
    }
    Ok(())
}

/// The contacts that a list embeds, one after another.
pub(super) fn each_embedded(access: &Access<'_>, list: &Document, take: &mut dyn FnMut(&Resource<'_>)) -> Result<()> {
    let resource = list.resource()?;
    if is_itself(&resource, &|rel| rel == "contact") {
        take(&resource);
        return Ok(());
    }
    resource.each_embedded_raw("contact", &mut |raw| {
        access.step()?;
        if let Ok(contact) = Resource::parse(raw.get()) {
            take(&contact);
        }
        Ok(())
    })
}

/// Whether what is taken for a list of contacts is one contact.
fn is_itself(resource: &Resource<'_>, is_of: &dyn Fn(&str) -> bool) -> bool {
    is_of("contact")
        && resource.text("uri").is_some_and(|uri| !uri.is_empty())
        && !resource.embedded.iter().any(|(rel, _)| is_of(rel))
        && !resource.links.iter().any(|link| is_of(&link.rel))
}

/// Those in a list, each with its relation: in the order of the links where these name them, else the embedded ones first.
fn plan(access: &Access<'_>, list: &Document, resource: &Resource<'_>, is_of: &dyn Fn(&str) -> bool) -> Result<Plan> {
    let mut plan = Plan { rels: Vec::new(), items: Vec::new() };
    // A body has 32 MiB at most.
    let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    if is_itself(resource, is_of) {
        plan.rels.push("contact".to_owned());
        plan.items.push(Item { rel: 0, place: Place::Within(0, number(list.text.len())) });
        return Ok(plan);
    }
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    // Addresses are compared by their hashes: that two of a million have the same one happens once in thirty million lists.
    let hashes = RandomState::new();
    let hash = |url: &Url| hashes.hash_one(address_key(url));
    let has_links = resource.links.iter().any(|link| is_of(&link.rel));
    let mut embedded: Vec<Option<Item>> = Vec::new();
    let mut by_address: HashMap<u64, u32> = HashMap::new();
    for (rel, _) in resource.embedded.iter().filter(|(rel, _)| is_of(rel)) {
        if numbers.contains_key(rel.as_ref()) {
            continue;
        }
        let of = plan.rel(&mut numbers, rel)?;
        resource.each_embedded_raw(rel, &mut |raw| {
            access.step()?;
            let text = raw.get();
            // It is borrowed from the list's text, so that its place there says all.
            let start = text.as_ptr() as usize - list.text.as_ptr() as usize;
            let (start, end) = (number(start), number(start + text.len()));
            // Without properties it is as good as a link.
            let is_bare = is_bare(text);
            let item = if is_bare || has_links { Resource::parse(text).ok() } else { None };
            let own = item.and_then(|item| item.link("self").and_then(|href| access.resolve(href).ok()));
            if let (Some(own), true) = (&own, has_links) {
                by_address.entry(hash(own)).or_insert(number(embedded.len()));
            }
            let place = if is_bare && own.is_some() { Place::Bare(start, end) } else { Place::Within(start, end) };
            embedded.push(Some(Item { rel: of, place }));
            Ok(())
        })?;
    }
    let mut linked = Vec::new();
    if has_links {
        let mut of_link: HashMap<&str, u32> = HashMap::new();
        let mut met = HashSet::new();
        let mut places: Vec<(u32, Item)> = Vec::new();
        for (at, link) in resource.links.iter().enumerate().filter(|(_, link)| is_of(&link.rel) && link.is_followable()) {
            access.step()?;
            let of = plan.rel(&mut numbers, &link.rel)?;
            let next = number(of_link.len());
            // Links of one relation stand together.
            let order = *of_link.entry(link.rel.as_ref()).or_insert(next);
            let place = Place::Linked(number(at));
            let Ok(url) = access.resolve(&link.href) else {
                places.push((order, Item { rel: of, place }));
                continue;
            };
            let key = hash(&url);
            match by_address.get(&key).map(|at| embedded[*at as usize].take()) {
                Some(item) => places.extend(item.map(|item| (order, item))),
                None if met.insert(key) => places.push((order, Item { rel: of, place })),
                None => {}
            }
        }
        if of_link.len() > 1 {
            places.sort_by_key(|(order, _)| *order);
        }
        linked = places;
    }
    plan.items = embedded.into_iter().flatten().chain(linked.into_iter().map(|(_, item)| item)).collect();
    Ok(plan)
}

impl Plan {
    /// The number of a relation.
    fn rel<'a>(&mut self, numbers: &mut HashMap<&'a str, u32>, rel: &'a str) -> Result<u32> {
        if let Some(number) = numbers.get(rel) {
            return Ok(*number);
        }
        if self.rels.len() >= MOST_RELATIONS {
            return Err(Error::protocol(format!("a list in the answer has more than {MOST_RELATIONS} relations, which is the limit")));
        }
        let number = u32::try_from(self.rels.len()).unwrap_or(u32::MAX);
        self.rels.push(rel.to_owned());
        numbers.insert(rel, number);
        Ok(number)
    }
}

/// Whether a resource has no properties, but for its relation.
fn is_bare(text: &str) -> bool {
    const BARE: [&str; 3] = ["rel", "_links", "_embedded"];
    // Most often the first name settles it.
    let first = text.trim_start_matches(['{', ' ', '\t', '\r', '\n', '"']);
    if !BARE.iter().any(|name| first.starts_with(name)) && !first.starts_with(['}', '\\']) {
        return false;
    }
    Resource::parse(text).is_ok_and(|item| item.properties.iter().all(|(name, _)| name == "rel"))
}
