//! Registering an application, and the resource with its dashboards.

use serde_json::{Value, json};

use super::input::Input;
use super::resource::Resource;
use super::{Context, either, is_revised, me, method_not_allowed, people, revise, tagged};
use crate::http::{Answer, Request};
use crate::routes::Kind;
use crate::state::{Registration, State, hash};

const TEXT_LIMIT: usize = 100;

/// Where applications are registered.
pub(crate) fn applications(state: &mut State, request: &Request) -> Answer {
    match request.method.as_str() {
        "POST" => either(create(state, request)),
        "OPTIONS" => Answer::new(200).header("Allow", "POST, OPTIONS"),
        _ => method_not_allowed(&["POST", "OPTIONS"]),
    }
}

/// Registers an application, or finds the one of the same inputs.
fn create(state: &mut State, request: &Request) -> Result<Answer, Answer> {
    if let Some(home) = &state.settings.applications_host
        && !crate::http::host_name(home).eq_ignore_ascii_case(request.host_name())
    {
        return Err(Answer::error(403, None, "The user is not homed here."));
    }
    let input = Input::of(request)?;
    let registration = Registration {
        user_agent: input.needed("userAgent", TEXT_LIMIT)?,
        endpoint_id: input.needed("endpointId", TEXT_LIMIT)?,
        culture: input.needed("culture", TEXT_LIMIT)?,
        kind: input.text("type", TEXT_LIMIT)?.unwrap_or_else(|| "Browser".into()),
        instance_id: input.text("instanceId", TEXT_LIMIT)?,
    };
    let (application, created) = state.register(registration);
    let (id, echo) = (application.id.clone(), application.echo);
    let revised = is_revised(state, request);
    let status = if created || !revised { 201 } else { 200 };
    let context = Context { request, kind: Kind::Application, argument: "", application: &id, echo, revised };
    let href = context.href("");
    let cookie = format!("cwt_ucwa=AAEB{:08x}; path={href}/photos; secure; HttpOnly", hash(&[&id]));
    Ok(Answer::json(status, &resource(state, &context)).header("Location", href).header("Set-Cookie", cookie))
}

/// The application itself.
pub(crate) fn answer(state: &mut State, context: &Context<'_>) -> Answer {
    match context.request.method.as_str() {
        "GET" => {
            let etag = etag(state, context);
            tagged(context.request, &etag, || Answer::json(200, &resource(state, context)))
        }
        "DELETE" => {
            state.end_applications(|applications| applications.remove(context.application));
            Answer::no_content()
        }
        _ => method_not_allowed(&["GET", "DELETE"]),
    }
}

fn etag(state: &State, context: &Context<'_>) -> String {
    let (available, batch) = (me::is_available(state, context).is_ok(), state.settings.switches.batch_link);
    hash(&[context.application, &available.to_string(), &batch.to_string()]).to_string()
}

fn resource(state: &State, context: &Context<'_>) -> Value {
    let mut resource = Resource::at(context.href(""));
    if let Some(application) = state.application(context.application) {
        let inputs = &application.registration;
        resource = resource
            .property("culture", &*inputs.culture)
            .property("userAgent", &*inputs.user_agent)
            .property("type", &*inputs.kind)
            .property("endpointId", &*inputs.endpoint_id)
            .maybe("instanceId", inputs.instance_id.as_deref())
            .property("id", &*application.id);
    }
    resource = resource.link("policies", context.href("/policies"));
    if state.settings.switches.batch_link {
        resource = resource.link("batch", context.href("/batch"));
    }
    resource
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
    let available = state.application(context.application).and_then(|application| application.available.as_ref());
    let modalities = available.map_or(&[][..], |available| &available.modalities);
    revise::ask_back(Resource::at(below("")), context, &below(""))
        .property("supportedModalities", modalities)
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

pub(crate) fn policies(state: &State, context: &Context<'_>) -> Answer {
    let photos = if state.settings.switches.photos { "Enabled" } else { "Disabled" };
    let resource = Resource::at(context.href("/policies"))
        .property("emoticons", "Enabled")
        .property("exchangeUnifiedMessaging", "Disabled")
        .property("htmlMessaging", "Enabled")
        .property("logging", "Disabled")
        .property("messageArchiving", "Disabled")
        .property("photos", photos)
        .property("saveMessagingHistory", "Enabled")
        .property("telephonyMode", "None");
    Answer::json(200, &resource.rel("policies"))
}
