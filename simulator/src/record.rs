//! What the simulator remembers of the requests it was sent.

use std::collections::{HashMap, VecDeque};
use std::fmt;

/// One request and how it was answered.
#[derive(Clone)]
pub struct RequestRecord {
    /// Counts from 1, in the order of arrival.
    pub sequence: u64,
    /// The connection it came on, counted from 1.
    pub connection: u64,
    /// Whether that connection was HTTPS.
    pub tls: bool,
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The `Host` header as sent.
    pub host: String,
    /// The link relation of the resource asked for, or `unknown`.
    pub route: String,
    /// The status answered; 0 where there was no answer, or none yet.
    pub status: u16,
    /// Whether it carried an `Authorization` header.
    pub token: bool,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The batch it was a part of, by its sequence.
    pub batched: Option<u64>,
}

impl RequestRecord {
    /// The first header of this name, compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The headers with credentials blanked, for showing.
    pub(crate) fn shown_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| {
            let secret = ["authorization", "proxy-authorization", "cookie"].contains(&name.as_str());
            (name.as_str(), if secret { "(hidden)" } else { value })
        })
    }
}

impl fmt::Debug for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A sign-in holds a password, so its body is not shown.
        let body = if self.route == "token" { "(hidden)".into() } else { String::from_utf8_lossy(&self.body) };
        f.debug_struct("RequestRecord")
            .field("sequence", &self.sequence)
            .field("connection", &self.connection)
            .field("tls", &self.tls)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("host", &self.host)
            .field("route", &self.route)
            .field("status", &self.status)
            .field("token", &self.token)
            .field("headers", &self.shown_headers().collect::<Vec<_>>())
            .field("body", &body)
            .field("batched", &self.batched)
            .finish()
    }
}

/// All that was asked since the start or the last clearing.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    own: Records,
    /// The parts of batches, which did not come over the wire by themselves.
    batched: Records,
    sequence: u64,
}

#[derive(Debug, Default)]
struct Records {
    kept: VecDeque<RequestRecord>,
    by_route: HashMap<String, usize>,
}

impl Journal {
    /// Adds a record and gives its number. Only so many are kept; the counts go on.
    pub(crate) fn add(&mut self, mut record: RequestRecord, kept: usize) -> u64 {
        self.sequence += 1;
        record.sequence = self.sequence;
        let records = if record.batched.is_some() { &mut self.batched } else { &mut self.own };
        *records.by_route.entry(record.route.clone()).or_default() += 1;
        records.kept.push_back(record);
        let surplus = records.kept.len().saturating_sub(kept);
        records.kept.drain(..surplus);
        self.sequence
    }

    /// Notes how a request was answered, unless it was cleared meanwhile.
    pub(crate) fn answered(&mut self, sequence: u64, status: u16) {
        for records in [&mut self.own, &mut self.batched] {
            if let Ok(at) = records.kept.binary_search_by_key(&sequence, |record| record.sequence) {
                records.kept[at].status = status;
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        (self.own, self.batched) = (Records::default(), Records::default());
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &RequestRecord> {
        self.own.kept.iter()
    }

    pub(crate) fn batched(&self) -> impl Iterator<Item = &RequestRecord> {
        self.batched.kept.iter()
    }

    pub(crate) fn count(&self, route: &str) -> usize {
        self.own.count(route)
    }

    pub(crate) fn count_batched(&self, route: &str) -> usize {
        self.batched.count(route)
    }

    pub(crate) fn total(&self) -> usize {
        self.own.by_route.values().sum()
    }

    /// Counts by route, in alphabetical order.
    pub(crate) fn counts(&self) -> Vec<(&str, usize)> {
        self.own.counts()
    }

    /// The same of the parts of batches.
    pub(crate) fn batched_counts(&self) -> Vec<(&str, usize)> {
        self.batched.counts()
    }
}

impl Records {
    fn count(&self, route: &str) -> usize {
        self.by_route.get(route).copied().unwrap_or(0)
    }

    fn counts(&self) -> Vec<(&str, usize)> {
        let mut counts: Vec<_> = self.by_route.iter().map(|(route, count)| (route.as_str(), *count)).collect();
        counts.sort_unstable();
        counts
    }
}
