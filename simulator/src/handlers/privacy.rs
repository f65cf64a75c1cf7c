//! How close the user is to somebody. The second revision can change that.

use serde_json::{Value, json};

use super::resource::Resource;
use super::{Context, contact, either, method_not_allowed, revise, tagged};
use crate::directory::Person;
use crate::errors;
use crate::http::Answer;
use crate::state::{State, hash};

const LEVELS: [&str; 6] = ["Blocked", "Colleagues", "External", "FriendsAndFamily", "Unknown", "Workgroup"];

pub(crate) fn answer(state: &mut State, context: &Context<'_>) -> Answer {
    let revised = context.revised;
    match context.request.method.as_str() {
        "GET" => read(state, context),
        "PUT" if revised => either(change(state, context)),
        _ if revised => method_not_allowed(&["GET", "PUT"]),
        _ => method_not_allowed(&["GET"]),
    }
}

fn href(context: &Context<'_>, person: &Person) -> String {
    format!("{}/privacyRelationship", contact::href(context, person))
}

fn etag(person: &Person) -> String {
    hash(&[person.uri(), &person.privacy, "privacy"]).to_string()
}

fn read(state: &State, context: &Context<'_>) -> Answer {
    let Some(person) = state.directory().person(context.argument) else {
        return errors::resource_not_found();
    };
    let href = href(context, person);
    let resource = Resource::at(&*href).property("relationshipLevel", &*person.privacy);
    if !context.revised {
        return Answer::json(200, &resource.rel("contactPrivacyRelationship"));
    }
    let etag = etag(person);
    tagged(context.request, &etag, || {
        let resource = revise::ask_back(resource, context, &href)
            .link("resetContactPrivacyRelationship", format!("{href}/reset"))
            .etag(&*etag)
            .rel("contactPrivacyRelationship");
        Answer::json(200, &resource)
    })
}

fn change(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let person = state.directory().person(context.argument).ok_or_else(errors::resource_not_found)?;
    let input = revise::changes(context, &href(context, person), &etag(person))?;
    if let Some(level) = input.choice("relationshipLevel", &LEVELS)? {
        set(state, context.argument, level);
    }
    Ok(Answer::new(200))
}

/// Back to what is usual.
pub(crate) fn reset(state: &mut State, context: &Context<'_>) -> Result<Answer, Answer> {
    let person = state.directory().person(context.argument).ok_or_else(errors::resource_not_found)?;
    let level = if person.source_network.as_deref() == Some("SameEnterprise") { "Colleagues" } else { "External" };
    set(state, context.argument, level);
    Ok(Answer::no_content())
}

fn set(state: &mut State, address: &str, level: &str) {
    state.change(|directory| {
        if let Some(person) = directory.person_mut(address) {
            person.privacy = level.into();
        }
    });
}

/// The contacts by level.
pub(crate) fn all(state: &State, context: &Context<'_>) -> Answer {
    let levels: Vec<Value> = LEVELS.iter().filter_map(|level| with_level(state, context, level)).collect();
    let resource = Resource::at(context.href("/people/privacyRelationships")).embed("myPrivacyRelationship", levels);
    Answer::json(200, &resource.rel("myPrivacyRelationships"))
}

/// The contacts of one level.
pub(crate) fn one(state: &State, context: &Context<'_>) -> Answer {
    with_level(state, context, context.argument).map_or_else(errors::resource_not_found, |level| Answer::json(200, &level))
}

fn with_level(state: &State, context: &Context<'_>, level: &str) -> Option<Value> {
    let contacts = state.directory().contacts();
    let contacts = contacts.into_iter().filter(|person| person.privacy == level);
    let links: Vec<Value> = contacts.map(|person| json!({"href": contact::href(context, person)})).collect();
    let resource = Resource::at(context.href(&format!("/people/privacyRelationships/{level}"))).property("relationshipLevel", level);
    (!links.is_empty()).then(|| resource.links("contact", Value::Array(links)).rel("myPrivacyRelationship"))
}
