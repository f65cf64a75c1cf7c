//! Many requests in one.

use uuid::Uuid;

use super::Context;
use crate::errors;
use crate::http::{Answer, Request};
use crate::multipart;
use crate::routes::{Kind, Route};
use crate::state::State;

const TYPE: &str = "multipart/batching";

/// The requests of a batch, or what is answered instead of running them.
pub(crate) fn read(state: &State, request: &Request) -> Result<Vec<Request>, Answer> {
    if !state.settings.switches.batch_link {
        return Err(errors::resource_not_found());
    }
    if request.method != "POST" {
        return Err(super::method_not_allowed(&["POST"]));
    }
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(TYPE)) {
        return Err(Answer::error(415, Some("UnsupportedMediaType"), "The content type has to be multipart/batching."));
    }
    let boundary = multipart::parameter(content_type, TYPE, "boundary").unwrap_or_default();
    let parts = multipart::parse(&request.body, &boundary).map_err(|reason| Answer::error(400, None, reason))?;
    let parts = parts.into_iter().map(|part| Request {
        method: part.method,
        target: part.target,
        headers: part.headers,
        body: part.body,
        secure: request.secure,
        connection: request.connection,
    });
    Ok(parts.collect())
}

/// The answer to what is no batch.
pub(crate) fn refusal(state: &State, context: &Context<'_>) -> Answer {
    read(state, context.request).err().unwrap_or_else(|| errors::usual(400))
}

/// The answer to one part. Signing in was the batch's business.
pub(crate) fn part(state: &mut State, route: &Route, request: &Request) -> Answer {
    for needed in ["host", "accept"] {
        if request.header(needed).is_none() {
            return Answer::error(400, None, &format!("A request in a batch needs the header {needed}."));
        }
    }
    match route.kind {
        Kind::Batch | Kind::Events | Kind::Photo | Kind::ContactPhoto => {
            Answer::error(400, None, &format!("{} cannot be requested in a batch.", route.kind.name()))
        }
        Kind::Applications => super::signed_in(state, route, request),
        _ if route.application.is_some() => super::signed_in(state, route, request),
        _ => errors::resource_not_found(),
    }
}

/// The answer to a batch whose parts are answered so, in their order.
pub(crate) fn answer<A: FnOnce(&mut State) -> Answer>(state: &mut State, parts: impl Iterator<Item = A>) -> Answer {
    let answers: Vec<Answer> = parts.map(|part| part(state)).collect();
    let switches = &state.settings.switches;
    let prefix = match (switches.batch_stray_line, switches.batch_bom) {
        (false, false) => "",
        (false, true) => "\u{feff}",
        (true, false) => "?\r\n",
        (true, true) => "?\r\n\u{feff}",
    };
    let boundary = Uuid::new_v4().to_string();
    let body = multipart::write(&answers, &boundary, prefix);
    Answer { body, chunked: true, ..Answer::new(200) }.header("Content-Type", format!("{TYPE}; boundary=\"{boundary}\""))
}
