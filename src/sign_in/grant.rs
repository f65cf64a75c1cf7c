//! The token service: a password for a bearer token.

use super::challenge::Challenge;
use crate::config::{Config, Judgement};
use crate::error::{Error, Name, Result, Status, excerpt};
use crate::recovery::Effect;
use crate::resource::answer;
use crate::secret::Secret;
use crate::shown::{Shown, excerpts};
use crate::transport::{Answer, Body, Call, Request, Transport};
use serde::Deserialize;
use std::time::Duration;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroize;

/// Where the server does not say how long a token holds.
const USUAL_LIFETIME: u64 = 8 * 60 * 60;

/// The most that is kept of the error's name, in characters.
const LONGEST_NAME: usize = 256;
/// The most that is kept of the address of a web page, in characters.
const LONGEST_URL: usize = 2048;

/// A token, and how long it holds.
pub(super) struct Grant {
    pub token: Secret,
    pub lifetime: Duration,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
}

/// OAuth's error answer, with the members that the server adds.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refused {
    error: Option<String>,
    error_description: Option<String>,
    ms_rtc_passiveauthuri: Option<String>,
}

/// Asks for a token with the configured password. What was refused before is not sent.
pub(super) fn password(transport: &Transport, call: &Call, config: &Config, challenge: &Challenge, service: &Url) -> Result<Grant> {
    let verdict = config.password_verdict();
    let (Some(username), Some(password)) = (config.username(), config.secret("password")) else {
        return Err(Error::config("the password grant needs username (or sign_in_address) and password"));
    };
    let judged = verdict.get();
    if let Judgement::Refused(error) = judged {
        return Err(error);
    }
    if !challenge.offers("password") {
        let text = format!(
            "the server {} gives no token for a password; it offers: {}",
            service.host_str().unwrap_or_default(),
            excerpts(&challenge.grants)
        );
        return Err(Error::new(Status::AuthenticationFailed, text));
    }
    // Until these credentials were accepted once, they are tried by one thread at a time, in all applications that share them.
    let gate = match judged {
        Judgement::Accepted => None,
        _ => Some(transport.run(call, async { Ok(verdict.gate.lock().await) })?),
    };
    let effect = match verdict.get() {
        Judgement::Refused(error) => return Err(error),
        // Lost on the way, a wrong password may have been counted: sending it again could lock the account.
        Judgement::Unknown => Effect::Transient,
        Judgement::Accepted => Effect::Idempotent,
    };
    // All at once, since a text that grows leaves copies behind: no character takes more than three times its bytes.
    let room = 64 + 3 * (username.len() + password.reveal().len());
    let form = Serializer::new(String::with_capacity(room))
        .append_pair("grant_type", "password")
        .append_pair("username", &username)
        .append_pair("password", password.reveal())
        .finish();
    let body = Body { media_type: "application/x-www-form-urlencoded;charset=UTF-8".into(), text: Secret::new(form), secret: true };
    let request = Request::post(service.clone(), body, effect);
    let answer = transport.send(call, &request, None).map_err(|error| error.while_doing("asking for a token"))?;
    let outcome = read(&request, &answer);
    match &outcome {
        Ok(_) => verdict.set(Judgement::Accepted),
        Err(Outcome::Refused(error)) => verdict.set(Judgement::Refused(error.clone())),
        Err(Outcome::Failed(_)) => {}
    }
    drop(gate);
    outcome.map_err(|(Outcome::Refused(error) | Outcome::Failed(error))| error)
}

enum Outcome {
    /// The credentials are not good: they are not sent again.
    Refused(Error),
    /// The service failed; the credentials may be good.
    Failed(Error),
}

fn read(request: &Request, answer: &Answer) -> std::result::Result<Grant, Outcome> {
    if answer.is_success() {
        let mut granted: Granted = serde_json::from_slice(answer.body_after_mark()).map_err(|_| {
            if answer::is_page(answer) {
                return Outcome::Failed(answer::foreign(request, answer).while_doing("asking for a token"));
            }
            // The body is not shown: it may hold a token.
            Outcome::Failed(answer::with_answer(Error::protocol("the token service's answer holds no access_token"), request, answer))
        })?;
        if granted.access_token.is_empty() || !granted.access_token.bytes().all(|b| b.is_ascii_graphic()) {
            granted.access_token.zeroize();
            return Err(Outcome::Failed(answer::with_answer(
                Error::protocol("the token service's access_token cannot be sent in a header"),
                request,
                answer,
            )));
        }
        let seconds = match granted.expires_in {
            Some(serde_json::Value::Number(number)) => number.as_u64(),
            Some(serde_json::Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        return Ok(Grant { token: Secret::new(granted.access_token), lifetime: Duration::from_secs(seconds.unwrap_or(USUAL_LIFETIME)) });
    }
    let refused: Option<Refused> = serde_json::from_slice(answer.body_after_mark()).ok();
    let said = refused.as_ref().and_then(|r| r.error.clone());
    let judged = matches!((answer.status, &said), (401, _) | (400 | 403, Some(_)))
        || answer.status == 403 && answer.header("x-ms-diagnostics").is_some();
    if !judged || said.as_deref() == Some("server_error") {
        return Err(Outcome::Failed(answer::refusal(request, answer).while_doing("asking for a token")));
    }
    let Refused { error, error_description, ms_rtc_passiveauthuri } = refused.unwrap_or_default();
    let name = error.as_deref().unwrap_or("no reason given");
    let advice = match name {
        "invalid_grant" => "; check username and password, and that the account is neither locked nor disabled for Skype for Business",
        "unsupported_grant_type" => "; password sign-in is not enabled on this server",
        _ => "",
    };
    let described = error_description.map(|text| format!(" ({})", excerpt(&text))).unwrap_or_default();
    let mut failure =
        Error::new(Status::AuthenticationFailed, format!("the server refused to give a token: {}{described}{advice}", excerpt(name)));
    if let Some(url) = ms_rtc_passiveauthuri {
        failure = Error::new(Status::SignInElsewhere, format!("the server wants the user to sign in on a web page: {}", excerpt(&url)));
        failure.details_mut().sign_in_url = Some(Shown::quote(&url, LONGEST_URL));
    }
    failure.details_mut().code = error.as_deref().map(|name| Name::new(name, Shown::quote(name, LONGEST_NAME)));
    Err(Outcome::Refused(answer::with_answer(failure, request, answer)))
}
