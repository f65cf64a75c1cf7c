//! The UCWA resource: properties, links and embedded resources, read in one pass and handed on without loss.

pub(crate) mod answer;
pub(crate) mod batch;
mod date;
mod diagnostics;
pub(crate) mod navigation;
mod write;
mod xml;

pub(crate) use write::{Items, Writer};

use crate::error::{Error, Result, excerpt};
use crate::limits;
use crate::shown::excerpt_of_body;
use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use url::Url;

/// One resource, borrowed from the text that the server sent.
#[derive(Debug, Default)]
pub(crate) struct Resource<'a> {
    /// In the server's order, the values as they were written.
    pub properties: Vec<(Cow<'a, str>, &'a RawValue)>,
    pub links: Vec<Link<'a>>,
    /// By relation; the value is one resource or an array of them.
    pub embedded: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// One link of a resource.
#[derive(Debug)]
pub(crate) struct Link<'a> {
    pub rel: Cow<'a, str>,
    pub href: Cow<'a, str>,
}

impl Link<'_> {
    pub fn is_followable(&self) -> bool {
        // Some servers say "there is none" with an empty href, and hand small things over in data: ones.
        !self.href.is_empty() && !self.href.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    }
}

impl<'a> Resource<'a> {
    /// Reads one resource.
    pub fn parse(text: &'a str) -> Result<Resource<'a>> {
        serde_json::from_str(text).map_err(|error| match error.to_string() {
            why if why.contains(TOO_MANY_PROPERTIES) => Error::protocol(format!("{TOO_MANY_PROPERTIES}: {}", limits::PROPERTIES)),
            why => Error::protocol(format!("the answer is no UCWA resource ({}): {}", excerpt(&why), excerpt_of_body(text.as_bytes()))),
        })
    }

    /// A property that is text.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.properties.iter().find(|(key, _)| key == name).and_then(|(_, value)| text_of(value))
    }

    /// The first link of that relation that can be followed.
    pub fn link(&self, rel: &str) -> Option<&str> {
        self.links(rel).next()
    }

    /// All links of that relation that can be followed.
    pub fn links(&self, rel: &str) -> impl Iterator<Item = &str> {
        self.links.iter().filter(move |link| link.rel == rel && link.is_followable()).map(|link| link.href.as_ref())
    }

    /// All links that can be followed.
    pub fn followable_links(&self) -> impl Iterator<Item = &Link<'a>> {
        self.links.iter().filter(|link| link.is_followable())
    }

    /// Hands on the embedded resources of that relation, none, one or many: one after the other, so that they are never all
    /// there at once.
    pub fn each_embedded(&self, rel: &str, mut take: impl FnMut(Resource<'a>) -> Result<()>) -> Result<()> {
        self.each_embedded_raw(rel, &mut |raw| take(Resource::parse(raw.get())?))
    }

    /// The same as the server wrote them.
    pub fn each_embedded_raw(&self, rel: &str, take: &mut dyn FnMut(&'a RawValue) -> Result<()>) -> Result<()> {
        for (_, value) in self.embedded.iter().filter(|(key, _)| key == rel) {
            let text = value.get();
            if text.starts_with('[') {
                let mut failure = None;
                let each = Each { take: &mut *take, failure: &mut failure };
                let read = serde_json::Deserializer::from_str(text).deserialize_seq(each);
                if let Some(error) = failure {
                    return Err(error);
                }
                read.map_err(|error| Error::protocol(format!("_embedded.{rel}: {error}")))?;
            } else if text.starts_with('{') {
                take(value)?;
            }
        }
        Ok(())
    }

    /// The relations that lead on from here, for messages.
    pub fn relations(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .embedded
            .iter()
            .map(|(rel, _)| rel.as_ref())
            .chain(self.links.iter().map(|link| link.rel.as_ref()))
            .filter(|rel| *rel != "self")
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Hands on the items of an array; the first that is not taken ends it.
struct Each<'t, 'a> {
    take: &'t mut dyn FnMut(&'a RawValue) -> Result<()>,
    failure: &'t mut Option<Error>,
}

impl<'de> Visitor<'de> for Each<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while let Some(item) = seq.next_element::<&'de RawValue>()? {
            if let Err(error) = (self.take)(item) {
                *self.failure = Some(error);
                return Err(A::Error::custom("not taken"));
            }
        }
        Ok(())
    }
}

/// A JSON value that is text.
pub(crate) fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    struct Text<'a>(Cow<'a, str>);
    impl<'de> Deserialize<'de> for Text<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
            struct TextVisitor;
            impl<'de> Visitor<'de> for TextVisitor {
                type Value = Text<'de>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("text")
                }
                fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Text<'de>, E> {
                    Ok(Text(Cow::Borrowed(text)))
                }
                fn visit_str<E>(self, text: &str) -> std::result::Result<Text<'de>, E> {
                    Ok(Text(Cow::Owned(text.to_owned())))
                }
            }
            deserializer.deserialize_str(TextVisitor)
        }
    }
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

/// A href as an absolute address. One with a user in it is none of UCWA's: it would be sent as a password, and shown.
pub(crate) fn resolve(base: &Url, href: &str) -> Result<Url> {
    let url = base
        .join(href)
        .map_err(|error| Error::protocol(format!("the server gave the href \"{}\", which is none ({error})", excerpt(href))))?;
    if url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    let host = url.host_str().unwrap_or_default();
    Err(Error::protocol(format!("the server gave a href on {host} with a user in it, which is not followed")))
}

/// What addresses are compared by: servers spell the same one differently in different places, in upper or lower case,
/// percent-encoded or not.
pub(crate) fn address_key(url: &Url) -> String {
    percent_decode_str(url.as_str()).decode_utf8_lossy().to_lowercase()
}

/// Whether two addresses are of the same host: scheme, name and port, the name without regard to case.
pub(crate) fn same_host(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && one.host_str() == other.host_str() && one.port_or_known_default() == other.port_or_known_default()
}

impl<'de: 'a, 'a> Deserialize<'de> for Resource<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(ResourceVisitor)
    }
}

const TOO_MANY_PROPERTIES: &str = "a resource in the answer has more properties or relations than the limit";

/// Refuses more properties of one resource, or relations that it embeds, than are taken.
fn check_properties<E: serde::de::Error>(count: usize) -> std::result::Result<(), E> {
    if count < limits::PROPERTIES { Ok(()) } else { Err(E::custom(TOO_MANY_PROPERTIES)) }
}

struct ResourceVisitor;

impl<'de> Visitor<'de> for ResourceVisitor {
    type Value = Resource<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UCWA resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut resource = Resource::default();
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                "_links" => resource.links = map.next_value::<Links<'de>>()?.0,
                "_embedded" => resource.embedded = map.next_value::<Embedded<'de>>()?.0,
                _ => {
                    check_properties(resource.properties.len())?;
                    resource.properties.push((key, map.next_value()?));
                }
            }
        }
        Ok(resource)
    }
}

/// A member's name, copied only where it is escaped.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> std::result::Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// `_embedded`: an object, or anything else where there is nothing.
struct Embedded<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Embedded<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct EmbeddedVisitor;
        impl<'de> Visitor<'de> for EmbeddedVisitor {
            type Value = Embedded<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("embedded resources")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    check_properties(all.len())?;
                    all.push((key, map.next_value()?));
                }
                Ok(Embedded(all))
            }
            fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
                Ok(Embedded(Vec::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Embedded(Vec::new()))
            }
        }
        deserializer.deserialize_any(EmbeddedVisitor)
    }
}

/// `_links`: an object of relations, each with one link, several, an empty array or nothing.
struct Links<'a>(Vec<Link<'a>>);

impl<'de> Deserialize<'de> for Links<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct LinksVisitor;
        impl<'de> Visitor<'de> for LinksVisitor {
            type Value = Links<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("links")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Key(rel)) = map.next_key()? {
                    map.next_value_seed(Hrefs { rel: &rel, links: &mut all })?;
                }
                Ok(Links(all))
            }
            fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
                Ok(Links(Vec::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Links(Vec::new()))
            }
        }
        deserializer.deserialize_any(LinksVisitor)
    }
}

/// The hrefs of one relation, whatever shape they come in, straight to the other links.
struct Hrefs<'t, 'a> {
    rel: &'t Cow<'a, str>,
    links: &'t mut Vec<Link<'a>>,
}

impl<'a> Hrefs<'_, 'a> {
    fn add(&mut self, href: Cow<'a, str>) {
        self.links.push(Link { rel: self.rel.clone(), href });
    }
}

impl<'de> DeserializeSeed<'de> for Hrefs<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Hrefs<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a link or several")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            if key == "href"
                && let Some(href) = text_of(value)
            {
                self.add(href);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while seq.next_element_seed(Hrefs { rel: self.rel, links: &mut *self.links })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E>(mut self, href: &'de str) -> std::result::Result<(), E> {
        self.add(Cow::Borrowed(href));
        Ok(())
    }

    fn visit_str<E>(mut self, href: &str) -> std::result::Result<(), E> {
        self.add(Cow::Owned(href.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_links_and_embedded() {
        let text = r#"{"a":1,"_links":{"self":{"href":"\/x"},"one":{"href":"/1","revision":"2"},"many":[{"href":"/2"},{"href":"/3"}],
            "none":[],"null":null,"text":"/4","bare":{}},"_embedded":{"e":{"b":"ü"},"f":[{"b":"1"},{"b":"2"}],"g":[]},"z":{"deep":[1]}}"#;
        let resource = Resource::parse(text).unwrap();
        let hrefs = |rel| resource.links(rel).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(hrefs("self"), ["/x"]);
        assert_eq!(hrefs("many"), ["/2", "/3"]);
        assert_eq!(hrefs("text"), ["/4"]);
        assert!(hrefs("none").is_empty() && hrefs("null").is_empty() && hrefs("bare").is_empty());
        let embedded = |rel| {
            let mut found = Vec::new();
            resource.each_embedded(rel, |one| {
                found.push(one.text("b").map(|text| text.into_owned()));
                Ok(())
            })?;
            Ok::<_, Error>(found)
        };
        assert_eq!(embedded("e").unwrap(), [Some("ü".to_owned())]);
        assert_eq!(embedded("f").unwrap().len(), 2);
        assert!(embedded("g").unwrap().is_empty() && embedded("h").unwrap().is_empty());
        let ended = resource.each_embedded("f", |_| Err(Error::argument("enough")));
        assert_eq!(ended.unwrap_err().message(), "enough");
        assert_eq!(resource.properties.len(), 2);
        for empty in [r#"{"_links":[],"_embedded":[]}"#, r#"{"_links":null,"_embedded":null}"#, "{}"] {
            let resource = Resource::parse(empty).unwrap();
            assert!(resource.links.is_empty() && resource.embedded.is_empty(), "{empty}");
        }
    }

    #[test]
    fn hrefs_that_lead_nowhere_are_not_followed() {
        let resource = Resource::parse(r#"{"_links":{"p":[{"href":""},{"href":"DATA:text/plain,x"},{"href":"/3"}]}}"#).unwrap();
        assert_eq!(resource.link("p"), Some("/3"));
    }
}
