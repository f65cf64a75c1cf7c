//! The groups of the contact list and who is in them.

use serde_json::{Map, Value, json};

use super::resource::{Resource, segment};
use super::{Context, contact, people, revise, tagged};
use crate::directory::{Group, GroupKind, Person};
use crate::errors;
use crate::http::Answer;
use crate::routes;
use crate::state::{State, hash};

pub(crate) fn href(context: &Context<'_>, group: &Group) -> String {
    context.href(&format!("/people/groups/{}", segment(&group.id)))
}

pub(crate) fn resource(context: &Context<'_>, group: &Group) -> Value {
    let resource = describe(context, group);
    let resource = if is_revised(context, group) { resource.etag(etag(group)) } else { resource };
    resource.rel(group.kind.rel())
}

/// Whether the group is to be had in its second revision, which can be changed.
fn is_revised(context: &Context<'_>, group: &Group) -> bool {
    context.revised && group.kind == GroupKind::Own
}

/// Stays the same while the group's own data does.
pub(crate) fn etag(group: &Group) -> String {
    hash(&[&group.id, &group.name]).to_string()
}

fn describe(context: &Context<'_>, group: &Group) -> Resource {
    let own = href(context, group);
    let by_group = |path: &str| context.href(&format!("/people/{path}?groupId={}", segment(&group.id)));
    let mut resource =
        Resource::at(own.clone()).maybe("uri", group.uri.as_deref()).property("id", &*group.id).property("name", &*group.name);
    if is_revised(context, group) {
        resource = revise::ask_back(resource, context, &own);
    }
    if group.contacts_linked {
        resource = resource.link("groupContacts", by_group("contacts"));
    }
    if group.kind == GroupKind::Distribution {
        resource = resource.link("expandDistributionGroup", format!("{own}/expand"));
        resource = if group.listed {
            resource.link("removeFromContactList", context.href("/people/groups/removeFromContactList"))
        } else {
            resource.link("addToContactList", context.href("/people/groups/addToContactList"))
        };
    }
    if group.listed {
        resource = resource.link("subscribeToGroupPresence", by_group("presenceSubscriptions"));
    }
    resource
}

/// All groups of the contact list.
pub(crate) fn groups(state: &State, context: &Context<'_>) -> Answer {
    let resource = Resource::at(context.href("/people/groups"));
    let listed = state.directory().groups().iter().filter(|group| group.listed);
    let resource = if context.links_only() {
        let mut resource = resource;
        for (rel, value) in by_rel(listed, |group| json!({"href": href(context, group)})) {
            // A relation of which there is none is not linked.
            if value.as_array().is_none_or(|links| !links.is_empty()) {
                resource = resource.links(&rel, value);
            }
        }
        resource
    } else {
        by_rel(listed, |group| self::resource(context, group))
            .into_iter()
            .fold(resource, |resource, (rel, value)| resource.embed(&rel, value))
    };
    Answer::json(200, &resource.rel("myGroups"))
}

/// One value for the kinds there is one of, a list for the others.
fn by_rel<'a>(groups: impl Iterator<Item = &'a Group>, value: impl Fn(&Group) -> Value) -> Map<String, Value> {
    let mut rels = Map::new();
    let mut lists: [(GroupKind, Vec<Value>); 2] = [(GroupKind::Own, Vec::new()), (GroupKind::Distribution, Vec::new())];
    for group in groups {
        match lists.iter_mut().find(|(kind, _)| *kind == group.kind) {
            Some((_, list)) => list.push(value(group)),
            None => drop(rels.insert(group.kind.rel().into(), value(group))),
        }
    }
    rels.extend(lists.map(|(kind, list)| (kind.rel().to_owned(), Value::Array(list))));
    rels
}

/// One group.
pub(crate) fn group(state: &State, context: &Context<'_>) -> Answer {
    match routes::group(state, context.argument) {
        Some(group) if is_revised(context, group) => tagged(context.request, &etag(group), || Answer::json(200, &resource(context, group))),
        Some(group) => Answer::json(200, &resource(context, group)),
        None => errors::resource_not_found(),
    }
}

/// The people of one group.
pub(crate) fn contacts(state: &State, context: &Context<'_>) -> Answer {
    let id = context.request.query("groupId").unwrap_or_default();
    let Some(group) = routes::group(state, &id) else {
        return errors::resource_not_found();
    };
    let members: Vec<&Person> = state.directory().members(group).collect();
    // It names itself by another id than the one it was asked by.
    let own = context.href(&format!("/people/contacts?groupId={}", routes::hashed_group_id(&group.id)));
    Answer::json(200, &people::list(Resource::at(own), context, &members).rel("groupContacts"))
}

/// A distribution group with its members.
pub(crate) fn expand(state: &State, context: &Context<'_>) -> Answer {
    match routes::group(state, context.argument).filter(|group| group.kind == GroupKind::Distribution) {
        Some(group) => {
            let members: Vec<Value> = state.directory().members(group).map(|person| contact::resource(context, person)).collect();
            Answer::json(200, &describe(context, group).embed("contact", members).rel("distributionGroup"))
        }
        None => errors::resource_not_found(),
    }
}
