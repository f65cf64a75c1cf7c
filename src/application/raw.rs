//! Any method on any resource, for what the library has no function for.

use super::{Access, Version};
use crate::error::{Error, Result};
use crate::resource::Writer;
use crate::resource::navigation::Path;
use crate::transport::{Answer, Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;

const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// A request as the caller wrote it.
pub(crate) struct Raw {
    method: Method,
    target: Target,
    body: Option<String>,
}

enum Target {
    /// It starts with `/` or a scheme.
    Href(String),
    Path(Path),
}

impl Raw {
    pub fn parse(method: &str, href: &str, body_json: Option<&str>) -> Result<Raw> {
        let wanted = METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(method));
        let wanted = wanted.ok_or_else(|| {
            Error::argument(format!("\"{}\" is no method; there is {}", crate::error::excerpt_of_argument(method), METHODS.join(", ")))
        })?;
        let method = wanted.parse().map_err(|_| Error::argument("the method is none"))?;
        if let Some(body) = body_json {
            let _: &RawValue = serde_json::from_str(body).map_err(|error| Error::argument(format!("the body is no JSON ({error})")))?;
        }
        let target = if href.starts_with('/') || Url::parse(href).is_ok() {
            Target::Href(href.to_owned())
        } else {
            Target::Path(Path::parse(href)?)
        };
        Ok(Raw { method, target, body: body_json.map(str::to_owned) })
    }

    /// Sends it. The answer is `{"status","etag","location","contentType","body"}`.
    pub fn send(&self, access: &Access<'_>) -> Result<String> {
        let url = match &self.target {
            Target::Href(href) => access.resolve(href).map_err(|error| Error::argument(error.message()))?,
            Target::Path(path) => access.locate(path)?,
        };
        if !access.is_own(&url) {
            let own = &access.session.document.url;
            let text = format!(
                "the href {url} leads away from the application's own host ({}), which alone is spoken to",
                own.origin().ascii_serialization()
            );
            return Err(Error::argument(text));
        }
        let answer = match self.attempt(access, &url, Version::Usual) {
            // What cannot be done to the usual version may be possible with the next.
            Err(refused) if refused.http_status() == Some(405) => self.attempt(access, &url, Version::Changeable).map_err(|_| refused)?,
            answer => answer?,
        };
        Ok(describe(&answer))
    }

    fn attempt(&self, access: &Access<'_>, url: &Url, version: Version) -> Result<Answer> {
        match (&self.method, self.body.as_deref().map(serde_json::from_str::<Map<String, Value>>)) {
            // A resource that can be put wants parts of itself back.
            (method, Some(Ok(changed))) if *method == Method::PUT => access.put(url, version, &changed),
            (method, _) => access.send(version.of(Request::of(method.clone(), url.clone(), self.body.clone()))),
        }
    }
}

fn describe(answer: &Answer) -> String {
    let body = std::str::from_utf8(&answer.body);
    Writer::object(|w| {
        w.raw("status", &answer.status.to_string());
        for (name, header) in [("etag", "etag"), ("location", "location"), ("contentType", "content-type")] {
            if let Some(value) = answer.header(header) {
                w.text(name, value);
            }
        }
        match body {
            Ok("") => w.raw("body", "null"),
            Ok(text) => match serde_json::from_str::<&RawValue>(text.trim_start_matches('\u{feff}')) {
                // What is nested too deep for readers is handed on as a text: the request was done all the same.
                Ok(json) if answer.may_be_json() && !answer.is_too_deep => w.raw("body", json.get()),
                _ => w.text("body", text),
            },
            Err(_) => w.object_member("body", |w| w.text("base64", &STANDARD.encode(&answer.body))),
        }
    })
}
