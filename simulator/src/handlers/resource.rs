//! Building a resource in the order front ends write one: properties, links, embedded resources, relation, tag.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'@').remove(b'+');

/// A resource being built.
#[derive(Debug, Default)]
pub(crate) struct Resource {
    properties: Map<String, Value>,
    links: Map<String, Value>,
    embedded: Map<String, Value>,
    etag: Option<String>,
}

impl Resource {
    /// A resource at this address.
    pub(crate) fn at(href: impl Into<String>) -> Resource {
        Resource::default().link("self", href)
    }

    pub(crate) fn property(mut self, name: &str, value: impl Into<Value>) -> Resource {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// A property that is missing where there is no value.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Resource {
        match value {
            Some(value) => self.property(name, value),
            None => self,
        }
    }

    pub(crate) fn link(mut self, rel: &str, href: impl Into<String>) -> Resource {
        self.links.insert(rel.into(), json!({ "href": href.into() }));
        self
    }

    /// A link of the second revision.
    pub(crate) fn link_2(mut self, rel: &str, href: impl Into<String>) -> Resource {
        self.links.insert(rel.into(), json!({ "href": href.into(), "revision": "2" }));
        self
    }

    /// Several links of one relation, or whatever else stands in its place.
    pub(crate) fn links(mut self, rel: &str, value: Value) -> Resource {
        self.links.insert(rel.into(), value);
        self
    }

    pub(crate) fn embed(mut self, rel: &str, value: impl Into<Value>) -> Resource {
        self.embedded.insert(rel.into(), value.into());
        self
    }

    pub(crate) fn etag(mut self, etag: impl Into<String>) -> Resource {
        self.etag = Some(etag.into());
        self
    }

    /// The finished resource.
    pub(crate) fn rel(self, rel: &str) -> Value {
        let mut resource = self.properties;
        resource.insert("_links".into(), Value::Object(self.links));
        if !self.embedded.is_empty() {
            resource.insert("_embedded".into(), Value::Object(self.embedded));
        }
        resource.insert("rel".into(), rel.into());
        if let Some(etag) = self.etag {
            resource.insert("etag".into(), etag.into());
        }
        Value::Object(resource)
    }
}

/// A text as a segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A date as resources give it.
pub(crate) fn date(unix_ms: i64) -> String {
    format!("/Date({unix_ms})/")
}
