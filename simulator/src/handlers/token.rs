//! The challenge, the token service, and whether a token is good.

use std::collections::HashMap;

use serde_json::json;

use crate::errors;
use crate::http::{Answer, Request};
use crate::routes::TOKEN_SERVICE;
use crate::settings::grant;
use crate::state::State;

/// The front end that answers, as it names itself.
pub(crate) const SERVER: &str = "sfbfe01.contoso.local";

/// Whether the request carries a good token, or else what it is told.
pub(crate) fn check(state: &State, request: &Request) -> Result<(), Answer> {
    let token = request.header("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    match token {
        Some(token) if state.tokens.is_good(token, request.host_name(), state.clock.now()) => Ok(()),
        Some(_) if state.settings.switches.forbid_expired => {
            let mut answer = errors::iis_page(403, "Forbidden: Access is denied.", "You do not have permission to view this resource.");
            answer.headers.extend(diagnostics(28055, "The OAuth token is invalid."));
            Err(challenge(state, request, answer))
        }
        Some(_) => {
            let mut answer = errors::unauthorized_page();
            answer.headers.extend(diagnostics(28055, "The OAuth token is invalid."));
            Err(challenge(state, request, answer))
        }
        None => Err(challenge(state, request, errors::unauthorized_page())),
    }
}

/// The same with the ways to get a token.
pub(crate) fn challenge(state: &State, request: &Request, answer: Answer) -> Answer {
    let domain = state.directory().me.address().rsplit_once('@').map_or("contoso.com", |(_, domain)| domain);
    let answer = answer.header(
        "WWW-Authenticate",
        format!(
            "Bearer trusted_issuers=\"00000002-0000-0ff1-ce00-000000000000@{domain}\", client_id=\"00000004-0000-0ff1-ce00-000000000000\""
        ),
    );
    if state.settings.switches.bearer_challenge_only {
        return answer;
    }
    let quote = if state.settings.switches.unquoted_challenge { "" } else { "\"" };
    let href = format!("{}{TOKEN_SERVICE}", request.origin());
    let grants = state.settings.grants.join(",");
    answer.header("WWW-Authenticate", format!("MsRtcOAuth href={quote}{href}{quote},grant_type=\"{grants}\""))
}

fn diagnostics(number: u32, reason: &str) -> [(String, String); 1] {
    [("X-Ms-diagnostics".into(), format!("{number};source=\"{SERVER}\";reason=\"{reason}\""))]
}

/// The token service.
pub(crate) fn answer(state: &mut State, request: &Request) -> Answer {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let wanted = field("grant_type");
    let offered = state.settings.grants.iter().any(|offered| offered.eq_ignore_ascii_case(wanted));
    match wanted {
        "" => refuse("invalid_request", "The parameter grant_type is missing.", 28019),
        _ if !offered => refuse("unsupported_grant_type", "Authentication type not allowed.", 28029),
        grant::PASSWORD if !form.contains_key("username") || !form.contains_key("password") => {
            refuse("invalid_request", "A parameter is missing.", 28019)
        }
        grant::PASSWORD if is_user(state, field("username")) && field("password") == state.settings.password => grant(state, request),
        grant::PASSWORD => refuse("invalid_grant", "The credentials provided could not be verified.", 28020),
        // Nobody is logged on to the simulator's domain.
        grant::WINDOWS => errors::unauthorized_page().header("WWW-Authenticate", "Negotiate").header("WWW-Authenticate", "NTLM"),
        grant::PASSIVE => {
            let mut body = json!({"error": "invalid_grant"});
            body["ms_rtc_passiveauthuri"] = json!(state.settings.passive_url);
            refusal(&body, "No valid security token.", 28020)
        }
        grant::ANONYMOUS => refuse("invalid_grant", "There is no such conference.", 28020),
        _ => refuse("unsupported_grant_type", "Authentication type not allowed.", 28029),
    }
}

fn grant(state: &mut State, request: &Request) -> Answer {
    let lifetime = state.settings.token_lifetime;
    let expires = state.clock.now().saturating_add(lifetime);
    let token = state.tokens.issue(request.host_name(), expires);
    let body = json!({
        "access_token": token,
        "expires_in": lifetime.as_secs().saturating_sub(1),
        "ms_rtc_identityscope": "local",
        "token_type": "Bearer",
    });
    not_stored(Answer::json(200, &body))
}

fn refuse(error: &str, description: &str, number: u32) -> Answer {
    refusal(&json!({"error": error, "error_description": description}), description, number)
}

fn refusal(body: &serde_json::Value, reason: &str, number: u32) -> Answer {
    let mut answer = not_stored(Answer::json(400, body));
    answer.headers.extend(diagnostics(number, reason));
    answer
}

/// The token service's failures, for faults that name no body.
pub(crate) fn usual_failure(status: u16) -> Answer {
    let error = match status {
        400..=403 => "invalid_grant",
        404..=499 => "invalid_request",
        _ => "server_error",
    };
    not_stored(Answer::json(status, &json!({"error": error})))
}

fn not_stored(mut answer: Answer) -> Answer {
    answer.set_header("Cache-Control", "no-store");
    answer.set_header("Content-Type", "application/json;charset=UTF-8");
    answer
}

/// The user's names: `sip:lenea@contoso.com`, `lenea@contoso.com`, `CONTOSO\lenea`.
fn is_user(state: &State, name: &str) -> bool {
    let address = state.directory().me.address();
    let mailbox = address.split_once('@').map_or(address, |(mailbox, _)| mailbox);
    let name = name.trim();
    let without_scheme = match name.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("sip:") => &name[4..],
        _ => name,
    };
    match name.split_once('\\') {
        Some((_, account)) => account.eq_ignore_ascii_case(mailbox),
        None => without_scheme.eq_ignore_ascii_case(address),
    }
}
