//! What a client sends along: members of the body, or parameters of the query. The server takes either.

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
