//! Registering an application, and the resource with its dashboards.

use serde_json::{Map, Value, json};

use super::resource::Resource;
use super::{Context, me, method_not_allowed, people, requested_revision, tagged};
use crate::errors;
use crate::http::{Answer, Request};
use crate::routes::Kind;
use crate::state::{Registration, State, hash};

const TEXT_LIMIT: usize = 100;

/// Registers an application, or finds the one of the same inputs.
pub(crate) fn create(state: &mut State, request: &Request) -> Answer {
    if let Some(home) = &state.settings.applications_host
        && !crate::http::host_name(home).eq_ignore_ascii_case(request.host_name())
    {
        return Answer::error(403, None, "The user is not homed here.");
    }
    let registration = match registration(request) {
        Ok(registration) => registration,
        Err(refusal) => return refusal,
    };
    let (now, lifetime) = (state.clock.now(), state.settings.application_lifetime);
    let (application, created) = state.applications.register(registration, now, lifetime);
    let id = application.id.clone();
    let status = if created || requested_revision(request) < 2.0 { 201 } else { 200 };
    let context = Context { request, kind: Kind::Application, argument: "", application: &id };
    let href = context.href("");
    let cookie = format!("cwt_ucwa=AAEB{:08x}; path={href}/photos; secure; HttpOnly", hash(&[&id]));
    Answer::json(status, &resource(state, &context)).header("Location", href).header("Set-Cookie", cookie)
}

fn registration(request: &Request) -> Result<Registration, Answer> {
    let body = request.json()?;
    let optional = |name: &str| match member(&body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= TEXT_LIMIT => Ok(Some(text.clone())),
        Some(_) => Err(errors::invalid_parameter(name, "A text of at most 100 characters is needed.")),
    };
    let needed = |name: &str| {
        let text = optional(name)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| errors::invalid_parameter(name, "The parameter is required."))
    };
    Ok(Registration {
        user_agent: needed("userAgent")?,
        endpoint_id: needed("endpointId")?,
        culture: needed("culture")?,
        kind: optional("type")?.unwrap_or_else(|| "Browser".into()),
        instance_id: optional("instanceId")?,
    })
}

/// A member of an object, its name compared without regard to case, as the server does.
pub(crate) fn member<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    body.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The application itself.
pub(crate) fn answer(state: &mut State, context: &Context<'_>) -> Answer {
    match context.request.method.as_str() {
        "GET" => {
            let etag = etag(state, context);
            tagged(context.request, &etag, || Answer::json(200, &resource(state, context)))
        }
        "DELETE" => {
            state.applications.remove(context.application);
            Answer::no_content()
        }
        _ => method_not_allowed(&["GET", "DELETE"]),
    }
}

fn etag(state: &State, context: &Context<'_>) -> String {
    let available = state.applications.get(context.application).is_some_and(|application| application.made_available);
    hash(&[context.application, &available.to_string()]).to_string()
}

fn resource(state: &State, context: &Context<'_>) -> Value {
    let mut resource = Resource::at(context.href(""));
    if let Some(application) = state.applications.get(context.application) {
        let inputs = &application.registration;
        resource = resource
            .property("culture", &*inputs.culture)
            .property("userAgent", &*inputs.user_agent)
            .property("type", &*inputs.kind)
            .property("endpointId", &*inputs.endpoint_id)
            .maybe("instanceId", inputs.instance_id.as_deref())
            .property("id", &*application.id);
    }
    resource
        .link("policies", context.href("/policies"))
        .link("batch", context.href("/batch"))
        .link("events", context.href("/events?ack=1"))
        .link("reportMyNetwork", context.href("/reportMyNetwork"))
        .embed("me", me::resource(state, context))
        .embed("people", people::resource(context))
        .embed("onlineMeetings", online_meetings_resource(context))
        .embed("communication", communication_resource(state, context))
        .etag(etag(state, context))
        .rel("application")
}

pub(crate) fn communication(state: &State, context: &Context<'_>) -> Answer {
    Answer::json(200, &communication_resource(state, context))
}

fn communication_resource(state: &State, context: &Context<'_>) -> Value {
    let below = |path: &str| context.href(&format!("/communication{path}"));
    let echo = state.applications.get(context.application).map(|application| application.echo.as_str());
    let mut resource = Resource::at(below(""));
    if let Some(echo) = echo {
        resource = resource.property(echo, "please pass this in a PUT request");
    }
    resource
        .property("supportedModalities", json!([]))
        .property("supportedMessageFormats", json!(["Plain"]))
        .link("conversations", below("/conversations?filter=active"))
        .link("startMessaging", below("/messagingInvitations"))
        .link("startOnlineMeeting", below("/onlineMeetingInvitations?onlineMeetingUri=adhoc"))
        .link("joinOnlineMeeting", below("/onlineMeetingInvitations"))
        .etag(hash(&[context.application, "communication"]).to_string())
        .rel("communication")
}

pub(crate) fn online_meetings(_: &State, context: &Context<'_>) -> Answer {
    Answer::json(200, &online_meetings_resource(context))
}

fn online_meetings_resource(context: &Context<'_>) -> Value {
    let below = |path: &str| context.href(&format!("/onlineMeetings{path}"));
    Resource::at(below(""))
        .link("myOnlineMeetings", below("/myOnlineMeetings"))
        .link("onlineMeetingDefaultValues", below("/defaultValues"))
        .link("onlineMeetingEligibleValues", below("/eligibleValues"))
        .link("onlineMeetingInvitationCustomization", below("/customInvitation"))
        .link("onlineMeetingPolicies", below("/policies"))
        .link("phoneDialInInformation", below("/phoneDialInInformation"))
        .rel("onlineMeetings")
}

pub(crate) fn policies(_: &State, context: &Context<'_>) -> Answer {
    let resource = Resource::at(context.href("/policies"))
        .property("emoticons", "Enabled")
        .property("exchangeUnifiedMessaging", "Disabled")
        .property("htmlMessaging", "Enabled")
        .property("logging", "Disabled")
        .property("messageArchiving", "Disabled")
        .property("photos", "Enabled")
        .property("saveMessagingHistory", "Enabled")
        .property("telephonyMode", "None");
    Answer::json(200, &resource.rel("policies"))
}
