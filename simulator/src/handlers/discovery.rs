//! Finding the user's home: the root, the user resource and what leads to them.

use serde_json::json;

use super::resource::segment;
use crate::errors;
use crate::http::{Answer, Request};
use crate::routes::{APPLICATIONS, DISCOVERY, Kind, XFRAME};
use crate::state::State;

/// The root, open to everybody.
pub(crate) fn root(state: &State, request: &Request) -> Answer {
    let origin = request.origin();
    // A root asked about a user passes the domain on.
    let domain = request.query("sipuri").and_then(|uri| uri.rsplit_once('@').map(|(_, domain)| domain.to_owned()));
    let query = domain.map_or(String::new(), |domain| format!("?originalDomain={}", segment(&domain)));
    let (me, user) = (format!("{origin}{DISCOVERY}{query}"), format!("{origin}{DISCOVERY}/oauth/user{query}"));
    let xframe = format!("{origin}{XFRAME}");
    discovered(&if state.settings.switches.legacy_discovery {
        json!({"AccessLocation": "External", "Root": {"Links": [
            {"href": format!("{origin}{DISCOVERY}/domain"), "token": "Domain"},
            {"href": user, "token": "User"},
            {"href": me, "token": "Self"},
            {"href": xframe, "token": "XFrame"},
        ]}})
    } else {
        json!({"_links": {"self": {"href": me}, "user": {"href": user}, "xframe": {"href": xframe}}})
    })
}

/// The user resource, which names the home pool.
pub(crate) fn user(state: &State, request: &Request) -> Answer {
    let origin = request.origin();
    let applications = format!("{}{APPLICATIONS}", home(state, request));
    let (me, xframe) = (format!("{origin}{DISCOVERY}/user"), format!("{origin}{XFRAME}"));
    discovered(&if state.settings.switches.legacy_discovery {
        json!({"AccessLocation": "External", "User": {"Links": [
            {"href": applications, "token": "Internal/Ucwa"},
            {"href": applications, "token": "External/Ucwa"},
            {"href": applications, "token": "Ucwa"},
            {"href": me, "token": "Self"},
            {"href": xframe, "token": "XFrame"},
        ]}})
    } else {
        json!({"_links": {"self": {"href": me}, "applications": {"href": applications}, "xframe": {"href": xframe}}})
    })
}

/// Scheme and host of the user's home pool.
fn home(state: &State, request: &Request) -> String {
    match &state.settings.applications_host {
        None => request.origin(),
        Some(host) if host.contains(':') => format!("https://{host}"),
        // A client that got here by the default port is to go on by it.
        Some(host) if request.host() == request.host_name() => format!("https://{host}"),
        Some(host) => format!("https://{host}:{}", state.places.https.port()),
    }
}

/// Plain HTTP from elsewhere: the root leads to HTTPS, all else is refused.
pub(crate) fn insecure(state: &State, kind: Kind, request: &Request) -> Answer {
    if kind != Kind::Root {
        return errors::iis_page(403, "Forbidden: Access is denied.", "The page you are trying to access is secured with SSL.");
    }
    let (host, port) = (request.host_name(), state.places.https.port());
    let host = if request.host() == host { host.to_owned() } else { format!("{host}:{port}") };
    discovered(&json!({"_links": {"redirect": {"href": format!("https://{host}{DISCOVERY}")}}}))
}

/// The frame that browsers go through.
pub(crate) fn xframe() -> Answer {
    Answer::html(200, "<!DOCTYPE html>\r\n<html><head><title>XFrame</title></head><body></body></html>\r\n".into())
}

/// Discovery gives its type without a character set.
fn discovered(value: &serde_json::Value) -> Answer {
    let mut answer = Answer::json(200, value);
    answer.set_header("Content-Type", "application/json");
    answer
}
