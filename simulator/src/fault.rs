//! Faults to order: which request they hit, and what happens to it.

use serde::{Deserialize, Deserializer, Serialize};

/// A fault, and the requests it is meant for. What is not given matches everything.
///
/// ```
/// use ucwa_simulator::Fault;
/// let busy = Fault::on("contactPresence").status(503).header("Retry-After", "1").times(2);
/// let lost = Fault::on("batch").skip(3).reset();
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The method, compared without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The link relation of the resource, as in [`RequestRecord::route`](crate::RequestRecord::route).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// A part of the target, path and query as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The host asked, without its port and without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// So many matching requests pass first.
    #[serde(default)]
    pub skip: u32,
    /// How often it happens; `None` for ever.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// What happens.
    #[serde(flatten)]
    pub kind: FaultKind,
}

#[allow(clippy::unnecessary_wraps, reason = "serde wants the member's own type")]
fn once() -> Option<u32> {
    Some(1)
}

/// What happens to a request that a fault hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum FaultKind {
    /// An error of the server's own; without a body the usual one of that status.
    Status {
        /// The status.
        status: u16,
        /// Further headers.
        #[serde(default, deserialize_with = "headers")]
        headers: Vec<(String, String)>,
        /// The body, if not the usual one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// This answer, verbatim.
    Respond {
        /// The status.
        status: u16,
        /// All headers; JSON is the type where none is given.
        #[serde(default, deserialize_with = "headers")]
        headers: Vec<(String, String)>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// The answer comes late. Other faults for the same request still happen.
    Delay {
        /// How late.
        ms: u64,
    },
    /// The connection is closed without an answer.
    Drop,
    /// The connection is reset without an answer.
    Reset,
    /// The usual answer; later the kept-alive connection is reset.
    AnswerThenReset {
        /// How much later.
        #[serde(default)]
        delay_ms: u64,
    },
    /// The usual answer, then the connection is closed unannounced.
    CloseAfter,
    /// What was asked for is done, and the connection is closed without an answer.
    LoseAnswer,
    /// The usual answer is cut off after so many bytes of its body, and the connection closed.
    Truncate {
        /// How many bytes are sent.
        bytes: usize,
    },
    /// The usual body under another type.
    WrongType {
        /// The type.
        content_type: String,
    },
    /// The HTML page of a proxy in between.
    HtmlPage {
        /// Its status.
        status: u16,
    },
    /// No answer until the client goes away.
    Hang,
}

impl Fault {
    /// A fault for this link relation: status 500 once, until told otherwise.
    pub fn on(route: &str) -> Fault {
        Fault { route: Some(route.into()), ..Fault::any() }
    }

    /// A fault for any request: status 500 once, until told otherwise.
    pub fn any() -> Fault {
        let kind = FaultKind::Status { status: 500, headers: Vec::new(), body: None };
        Fault { method: None, route: None, path: None, host: None, skip: 0, times: Some(1), kind }
    }

    fn with(mut self, kind: FaultKind) -> Fault {
        self.kind = kind;
        self
    }

    /// Answers with this status and its usual body.
    #[must_use]
    pub fn status(self, status: u16) -> Fault {
        self.with(FaultKind::Status { status, headers: Vec::new(), body: None })
    }

    /// Answers exactly this; JSON, unless a `Content-Type` is added.
    #[must_use]
    pub fn respond(self, status: u16, body: impl Into<String>) -> Fault {
        self.with(FaultKind::Respond { status, headers: Vec::new(), body: body.into() })
    }

    /// Answers late.
    #[must_use]
    pub fn delay(self, ms: u64) -> Fault {
        self.with(FaultKind::Delay { ms })
    }

    /// Closes the connection without an answer.
    #[must_use]
    pub fn drop(self) -> Fault {
        self.with(FaultKind::Drop)
    }

    /// Resets the connection without an answer.
    #[must_use]
    pub fn reset(self) -> Fault {
        self.with(FaultKind::Reset)
    }

    /// Answers, and resets the connection so much later.
    #[must_use]
    pub fn answer_then_reset(self, delay_ms: u64) -> Fault {
        self.with(FaultKind::AnswerThenReset { delay_ms })
    }

    /// Answers, and closes the connection unannounced.
    #[must_use]
    pub fn close_after(self) -> Fault {
        self.with(FaultKind::CloseAfter)
    }

    /// Does what was asked for, and closes the connection without an answer.
    #[must_use]
    pub fn lose_answer(self) -> Fault {
        self.with(FaultKind::LoseAnswer)
    }

    /// Cuts the answer's body off after so many bytes.
    #[must_use]
    pub fn truncate(self, bytes: usize) -> Fault {
        self.with(FaultKind::Truncate { bytes })
    }

    /// Answers the right body under this type.
    #[must_use]
    pub fn wrong_type(self, content_type: impl Into<String>) -> Fault {
        self.with(FaultKind::WrongType { content_type: content_type.into() })
    }

    /// Answers like a proxy, with a page of HTML.
    #[must_use]
    pub fn html_page(self, status: u16) -> Fault {
        self.with(FaultKind::HtmlPage { status })
    }

    /// Never answers.
    #[must_use]
    pub fn hang(self) -> Fault {
        self.with(FaultKind::Hang)
    }

    /// Happens so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Fault {
        self.times = Some(times);
        self
    }

    /// Happens until the faults are cleared.
    #[must_use]
    pub fn forever(mut self) -> Fault {
        self.times = None;
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Fault {
        self.skip = skip;
        self
    }

    /// Only for this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Fault {
        self.method = Some(method.into());
        self
    }

    /// Only where the target contains this.
    #[must_use]
    pub fn path(mut self, part: &str) -> Fault {
        self.path = Some(part.into());
        self
    }

    /// Only at this host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Fault {
        self.host = Some(host.into());
        self
    }

    /// A further header of a [`status`](Fault::status) or [`respond`](Fault::respond) fault; the others have none.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Fault {
        if let FaultKind::Status { headers, .. } | FaultKind::Respond { headers, .. } = &mut self.kind {
            headers.push((name.into(), value.into()));
        }
        self
    }

    /// The body of a [`status`](Fault::status) or [`respond`](Fault::respond) fault; the others have none.
    #[must_use]
    pub fn body(mut self, text: impl Into<String>) -> Fault {
        match &mut self.kind {
            FaultKind::Status { body, .. } => *body = Some(text.into()),
            FaultKind::Respond { body, .. } => *body = text.into(),
            _ => {}
        }
        self
    }

    fn matches(&self, asked: &Asked<'_>) -> bool {
        let is = |wanted: &Option<String>, there: &str| wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(there));
        is(&self.method, asked.method)
            && is(&self.route, asked.route)
            && is(&self.host, asked.host)
            && (!asked.batched || self.kind.fits_a_part())
            && self.path.as_ref().is_none_or(|part| asked.target.contains(part.as_str()))
    }
}

/// What a fault is matched against.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    pub(crate) target: &'a str,
    pub(crate) host: &'a str,
    /// Whether it is a part of a batch, which has no connection of its own.
    pub(crate) batched: bool,
}

impl FaultKind {
    /// Whether it can happen to a part of a batch.
    fn fits_a_part(&self) -> bool {
        self.replaces_the_answer_of_a_part()
            || matches!(self, FaultKind::Delay { .. } | FaultKind::Truncate { .. } | FaultKind::WrongType { .. })
    }

    fn replaces_the_answer_of_a_part(&self) -> bool {
        matches!(self, FaultKind::Status { .. } | FaultKind::Respond { .. } | FaultKind::HtmlPage { .. })
    }

    /// Whether the resource is not asked.
    pub(crate) fn replaces_the_answer(&self) -> bool {
        self.replaces_the_answer_of_a_part() || matches!(self, FaultKind::Drop | FaultKind::Reset | FaultKind::Hang)
    }
}

/// What happens to one request: perhaps a delay, perhaps one other fault.
#[derive(Debug, Default)]
pub(crate) struct Mishap {
    pub(crate) delay_ms: u64,
    pub(crate) kind: Option<FaultKind>,
}

/// The faults ordered, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn order(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn list(&self) -> &[Fault] {
        &self.0
    }

    /// Uses up what hits this request.
    pub(crate) fn take(&mut self, asked: &Asked<'_>) -> Mishap {
        let mut mishap = Mishap::default();
        for fault in self.0.iter_mut().filter(|fault| fault.times != Some(0) && fault.matches(asked)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times = fault.times.map(|times| times - 1);
            if let FaultKind::Delay { ms } = fault.kind {
                mishap.delay_ms = mishap.delay_ms.saturating_add(ms);
            } else {
                mishap.kind = Some(fault.kind.clone());
                break;
            }
        }
        self.0.retain(|fault| fault.times != Some(0));
        mishap
    }
}

/// Headers as pairs, or as an object where no name comes twice.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Headers {
        Pairs(Vec<(String, String)>),
        Object(std::collections::BTreeMap<String, String>),
    }
    Ok(match Headers::deserialize(deserializer)? {
        Headers::Pairs(pairs) => pairs,
        Headers::Object(object) => object.into_iter().collect(),
    })
}
