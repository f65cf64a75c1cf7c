//! The UCWA resource: properties, links and embedded resources, read in one pass and handed on without loss.

pub(crate) mod answer;
pub(crate) mod batch;
mod date;
mod diagnostics;
pub(crate) mod navigation;
mod write;
mod xml;

pub(crate) use write::Writer;

use crate::error::{Error, Result, excerpt};
use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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

impl<'a> Resource<'a> {
    /// Reads one resource.
    pub fn parse(text: &'a str) -> Result<Resource<'a>> {
        serde_json::from_str(text).map_err(|error| Error::protocol(format!("the answer is no UCWA resource ({error}): {}", excerpt(text))))
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
        // Some servers say "there is none" with an empty href, and hand small things over in data: ones.
        let followable = |href: &str| !href.is_empty() && !href.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        self.links.iter().filter(move |link| link.rel == rel && followable(&link.href)).map(|link| link.href.as_ref())
    }

    /// The embedded resources of that relation: none, one or many.
    pub fn embedded(&self, rel: &str) -> Result<Vec<Resource<'a>>> {
        self.embedded_raw(rel)?.into_iter().map(|raw| Resource::parse(raw.get())).collect()
    }

    /// The same as the server wrote them.
    pub fn embedded_raw(&self, rel: &str) -> Result<Vec<&'a RawValue>> {
        let mut found = Vec::new();
        for (_, value) in self.embedded.iter().filter(|(key, _)| key == rel) {
            let text = value.get();
            if text.starts_with('[') {
                let several: Vec<&'a RawValue> =
                    serde_json::from_str(text).map_err(|error| Error::protocol(format!("_embedded.{rel}: {error}")))?;
                found.extend(several);
            } else if text.starts_with('{') {
                found.push(*value);
            }
        }
        Ok(found)
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
                _ => resource.properties.push((key, map.next_value()?)),
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
                    for href in map.next_value::<Hrefs<'de>>()?.0 {
                        all.push(Link { rel: rel.clone(), href });
                    }
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

/// The hrefs of one relation, whatever shape they come in.
struct Hrefs<'a>(Vec<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Hrefs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct HrefsVisitor;
        impl<'de> Visitor<'de> for HrefsVisitor {
            type Value = Hrefs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a link or several")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut hrefs = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    let value: &'de RawValue = map.next_value()?;
                    if key == "href" {
                        hrefs.extend(text_of(value));
                    }
                }
                Ok(Hrefs(hrefs))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
                let mut hrefs = Vec::new();
                while let Some(one) = seq.next_element::<Hrefs<'de>>()? {
                    hrefs.extend(one.0);
                }
                Ok(Hrefs(hrefs))
            }
            fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
                Ok(Hrefs(Vec::new()))
            }
            fn visit_borrowed_str<E>(self, href: &'de str) -> std::result::Result<Self::Value, E> {
                Ok(Hrefs(vec![Cow::Borrowed(href)]))
            }
            fn visit_str<E>(self, href: &str) -> std::result::Result<Self::Value, E> {
                Ok(Hrefs(vec![Cow::Owned(href.to_owned())]))
            }
        }
        deserializer.deserialize_any(HrefsVisitor)
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
        assert_eq!(resource.embedded("e").unwrap()[0].text("b").as_deref(), Some("ü"));
        assert_eq!(resource.embedded("f").unwrap().len(), 2);
        assert!(resource.embedded("g").unwrap().is_empty() && resource.embedded("h").unwrap().is_empty());
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
