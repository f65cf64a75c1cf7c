//! Handing a resource on: the library's own members, then the server's properties as they came, dates made readable.

use super::{Resource, date, text_of};
use crate::error::{Error, Result};
use crate::limits;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;

/// Writes JSON objects and arrays in one pass, straight into the text that the caller gets.
#[derive(Default)]
pub(crate) struct Writer {
    out: String,
}

/// An array of objects that is written one by one. There may be a million of them.
pub(crate) struct Items<'w> {
    writer: &'w mut Writer,
}

impl Items<'_> {
    /// One more object.
    ///
    /// # Errors
    /// The text is longer than results may be.
    pub fn add(&mut self, fill: impl FnOnce(&mut Writer)) -> Result<()> {
        self.writer.comma();
        self.writer.nested('{', '}', fill);
        if self.writer.out.len() > limits::RESULT { Err(Error::protocol(limits::result_too_long())) } else { Ok(()) }
    }

    /// How much longer the text may become.
    pub fn room(&self) -> usize {
        limits::RESULT.saturating_sub(self.writer.out.len())
    }

    /// The same of JSON that was written before.
    pub fn add_json(&mut self, json: &str) -> Result<()> {
        if json.len() > self.room() {
            return Err(Error::protocol(limits::result_too_long()));
        }
        self.writer.comma();
        self.writer.push(json);
        Ok(())
    }
}

impl Writer {
    pub fn object(fill: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::default();
        writer.nested('{', '}', fill);
        writer.out
    }

    /// The same where writing may fail.
    pub fn try_object(fill: impl FnOnce(&mut Writer) -> Result<()>) -> Result<String> {
        let mut done = Ok(());
        let text = Writer::object(|w| done = fill(w));
        done.map(|()| text)
    }

    /// Adds to the text, which grows by less than its own size once it is long.
    fn push(&mut self, text: &str) {
        const LARGEST_STEP: usize = 4 << 20;
        if self.out.capacity() - self.out.len() < text.len() && self.out.capacity() > LARGEST_STEP {
            self.out.reserve_exact(text.len().max(LARGEST_STEP));
        }
        self.out.push_str(text);
    }

    fn nested(&mut self, open: char, close: char, fill: impl FnOnce(&mut Writer)) {
        self.out.push(open);
        fill(self);
        self.out.push(close);
    }

    fn comma(&mut self) {
        if !self.out.ends_with(['{', '[']) && !self.out.is_empty() {
            self.out.push(',');
        }
    }

    fn quoted(&mut self, text: &str) {
        // Text always has a JSON form.
        self.push(&serde_json::to_string(text).unwrap_or_default());
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.quoted(name);
        self.out.push(':');
    }

    /// A member that is text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.quoted(text);
    }

    /// A date, and the same as a number beside it.
    pub fn date(&mut self, name: &str, unix_ms: i64) {
        if let Some(text) = date::rfc3339(unix_ms) {
            self.text(name, &text);
            self.raw(&format!("{name}UnixMs"), &unix_ms.to_string());
        }
    }

    /// A member whose value is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.push(json);
    }

    /// The members of an object that was written before.
    pub fn members_of(&mut self, object: &str) {
        let inner = object.strip_prefix('{').and_then(|object| object.strip_suffix('}')).unwrap_or_default();
        if !inner.is_empty() {
            self.comma();
            self.push(inner);
        }
    }

    /// A member that is an array of texts.
    pub fn texts<T: AsRef<str>>(&mut self, name: &str, texts: impl IntoIterator<Item = T>) {
        self.name(name);
        self.nested('[', ']', |w| {
            for text in texts {
                w.comma();
                w.quoted(text.as_ref());
            }
        });
    }

    pub fn error(&mut self, name: &str, error: &Error) {
        self.raw(name, &error.to_json());
    }

    /// A member that is an array of many objects.
    pub fn try_array(&mut self, name: &str, fill: impl FnOnce(&mut Items<'_>) -> Result<()>) -> Result<()> {
        self.name(name);
        let mut done = Ok(());
        self.nested('[', ']', |w| done = fill(&mut Items { writer: w }));
        done
    }

    /// A member that is an object.
    pub fn object_member(&mut self, name: &str, fill: impl FnOnce(&mut Writer)) {
        self.name(name);
        self.nested('{', '}', fill);
    }

    /// The properties of a resource, but for those named; `rel` is dropped, since the place says it.
    pub fn properties(&mut self, resource: &Resource<'_>, but: &[&str]) {
        for (name, value) in &resource.properties {
            if !but.contains(&name.as_ref()) && name != "rel" && name != "href" {
                self.property(name, value);
            }
        }
    }

    /// The properties of a resource, and its own address as `href`; `base` is where it was read.
    pub fn resource(&mut self, resource: &Resource<'_>, base: &Url) {
        self.properties(resource, &[]);
        if let Some(own) = resource.link("self").and_then(|href| base.join(href).ok()) {
            self.text("href", own.as_str());
        }
    }

    fn property(&mut self, name: &str, value: &RawValue) {
        let json = value.get();
        if !json.contains("Date(") {
            return self.raw(name, json);
        }
        if !json.starts_with('"') {
            // Dates within objects and arrays are rare enough for a slower way; one that takes much more memory than the text.
            const LONGEST: usize = 64 << 10;
            if json.len() > LONGEST {
                return self.raw(name, json);
            }
            return match serde_json::from_str::<Value>(json) {
                Ok(mut value) => {
                    mend_dates(&mut value);
                    self.raw(name, &value.to_string());
                }
                Err(_) => self.raw(name, json),
            };
        }
        match text_of(value).as_deref().and_then(readable) {
            Some((ms, _)) => self.date(name, ms),
            None => self.raw(name, json),
        }
    }
}

fn readable(text: &str) -> Option<(i64, String)> {
    let ms = date::unix_ms(text)?;
    Some((ms, date::rfc3339(ms)?))
}

fn mend_dates(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mend_dates),
        Value::Object(members) => {
            let mut mended = Map::new();
            for (name, mut member) in std::mem::take(members) {
                match member.as_str().and_then(readable) {
                    Some((ms, text)) => {
                        let unix_name = format!("{name}UnixMs");
                        mended.insert(name, text.into());
                        mended.insert(unix_name, ms.into());
                    }
                    None => {
                        mend_dates(&mut member);
                        mended.insert(name, member);
                    }
                }
            }
            *members = mended;
        }
        Value::String(text) => {
            if let Some((_, mended)) = readable(text) {
                *text = mended;
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_passed_on_but_dates_are_readable() {
        let text = r#"{"rel":"x","a":"1","lastActive":"\/Date(1358827096000)\/","odd":"/Date(x)/","n":{"d":["/Date(0)/"],"e":"/Date(1)/"},"new":[1,null]}"#;
        let resource = Resource::parse(text).unwrap();
        let json = Writer::object(|w| {
            w.text("uri", "sip:\"\u{1}");
            w.properties(&resource, &["a"]);
        });
        assert_eq!(
            json,
            r#"{"uri":"sip:\"\u0001","lastActive":"2013-01-22T03:58:16.000Z","lastActiveUnixMs":1358827096000,"odd":"/Date(x)/","n":{"d":["1970-01-01T00:00:00.000Z"],"e":"1970-01-01T00:00:00.001Z","eUnixMs":1},"new":[1,null]}"#
        );
    }
}
