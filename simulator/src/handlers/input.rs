//! What a client sends along: members of the body, or parameters of the query. The server takes either.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::errors;
use crate::http::{Answer, Request};

/// Everything sent along. Names are compared without regard to case, as the server does.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    body: Map<String, Value>,
    request: &'a Request,
}

impl Input<'_> {
    pub(crate) fn of(request: &Request) -> Result<Input<'_>, Answer> {
        Ok(Input { body: request.json()?, request })
    }

    /// A value that is not null.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        let member = self.body.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        member.filter(|value| !value.is_null()).or_else(|| self.request.query(name).map(Value::String))
    }

    /// A text of at most so many characters.
    pub(crate) fn text(&self, name: &str, limit: usize) -> Result<Option<String>, Answer> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= limit => Ok(Some(text)),
            Some(_) => Err(errors::invalid_parameter(name, &format!("A text of at most {limit} characters is needed."))),
        }
    }

    /// The same, which has to be there.
    pub(crate) fn needed(&self, name: &str, limit: usize) -> Result<String, Answer> {
        let text = self.text(name, limit)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| errors::invalid_parameter(name, "The parameter is required."))
    }

    /// A list of texts, which has to be there.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Answer> {
        let values = match self.value(name) {
            Some(Value::Array(values)) => values,
            other => other.into_iter().collect(),
        };
        let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        texts.filter(|texts| !texts.is_empty()).ok_or_else(|| errors::invalid_parameter(name, "A list of texts is needed."))
    }

    /// A number of minutes, which has to be there.
    pub(crate) fn minutes(&self, name: &str, range: &RangeInclusive<u64>) -> Result<Duration, Answer> {
        let minutes = self.value(name).and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()));
        let minutes = minutes.filter(|minutes| range.contains(minutes)).map(|minutes| Duration::from_secs(60 * minutes));
        let wanted = || format!("A number of minutes from {} to {} is needed.", range.start(), range.end());
        minutes.ok_or_else(|| errors::invalid_parameter(name, &wanted()))
    }

    /// One of these words.
    pub(crate) fn choice(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Answer> {
        self.value(name).map(|value| choose(name, &value, words)).transpose()
    }

    /// A list of these words, empty where there is none.
    pub(crate) fn choices(&self, name: &str, words: &[&'static str]) -> Result<Vec<&'static str>, Answer> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.iter().map(|value| choose(name, value, words)).collect(),
            Some(value) => Ok(vec![choose(name, &value, words)?]),
        }
    }
}

fn choose(name: &str, value: &Value, words: &[&'static str]) -> Result<&'static str, Answer> {
    let word = value.as_str().and_then(|text| words.iter().find(|word| word.eq_ignore_ascii_case(text)));
    word.copied().ok_or_else(|| errors::invalid_parameter(name, &format!("One of these is needed: {}.", words.join(", "))))
}
