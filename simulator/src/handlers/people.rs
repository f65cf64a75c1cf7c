//! The hub of people, the contact list, and searching.

use serde_json::{Value, json};

use super::resource::Resource;
use super::{Context, contact, groups};
use crate::directory::{GroupKind, Person};
use crate::errors;
use crate::http::Answer;
use crate::state::State;

const QUERY_LIMIT: usize = 256;

pub(crate) fn people(_: &State, context: &Context<'_>) -> Answer {
    Answer::json(200, &resource(context))
}

pub(crate) fn resource(context: &Context<'_>) -> Value {
    let below = |path: &str| context.href(&format!("/people{path}"));
    let resource = Resource::at(below(""))
        .link("presenceSubscriptions", below("/presenceSubscriptions"))
        .link("subscribedContacts", below("/subscribedContacts"))
        .link("presenceSubscriptionMemberships", below("/presenceSubscriptionMemberships"));
    let revised = |resource: Resource, rel: &str, href: String| {
        if context.revised { resource.link_2(rel, href) } else { resource.link(rel, href) }
    };
    let resource = revised(resource, "myGroups", below("/groups"));
    let resource = revised(resource, "myGroupMemberships", below("/groupMemberships"))
        .link("myContacts", below("/contacts"))
        .link("myPrivacyRelationships", below("/privacyRelationships"))
        .link("myContactsAndGroupsSubscription", below("/contactsAndGroupsSubscription"));
    revised(resource, "search", below("/search")).rel("people")
}

/// The contact list.
pub(crate) fn contacts(state: &State, context: &Context<'_>) -> Answer {
    let contacts = state.directory().contacts();
    let resource = Resource::at(context.href("/people/contacts"));
    Answer::json(200, &list(resource, context, &contacts).rel("myContacts"))
}

/// The contacts embedded, or linked where the client asked for that.
pub(crate) fn list(resource: Resource, context: &Context<'_>, contacts: &[&Person]) -> Resource {
    if context.links_only() {
        let links = contacts.iter().map(|person| json!({"href": contact::href(context, person)})).collect();
        resource.links("contact", Value::Array(links))
    } else {
        let embedded = contacts.iter().map(|person| contact::resource(context, person)).collect();
        resource.embed("contact", Value::Array(embedded))
    }
}

pub(crate) fn search(state: &State, context: &Context<'_>) -> Answer {
    let request = context.request;
    let query = request.query("query").or_else(|| request.query("mail").filter(|_| context.revised));
    let query = match query {
        Some(query) if query.chars().count() > QUERY_LIMIT => {
            return errors::invalid_parameter("query", "At most 256 characters are allowed.");
        }
        Some(query) if !query.trim().is_empty() => query.trim().to_lowercase(),
        _ => return errors::invalid_parameter("query", "The parameter is required."),
    };
    let limit = match request.query("limit").map(|limit| limit.parse::<usize>()) {
        None => state.settings.switches.search_default_limit,
        Some(Ok(limit @ 1..=100)) => limit,
        Some(_) => return errors::invalid_parameter("limit", "A number from 1 to 100 is needed."),
    };
    let mut people = state.directory().people().filter(|person| person.is_found_by(&query));
    let found: Vec<Value> = people.by_ref().take(limit).map(|person| contact::resource(context, person)).collect();
    let mut more = people.next().is_some();
    let mut distribution = state.directory().groups().iter().filter(|group| {
        let has = |text: &str| text.to_lowercase().contains(&query);
        group.kind == GroupKind::Distribution && (has(&group.name) || group.uri.as_deref().is_some_and(has))
    });
    let found_groups: Vec<Value> = distribution.by_ref().take(limit - found.len()).map(|group| groups::resource(context, group)).collect();
    more |= distribution.next().is_some();
    let mut resource = Resource::at(context.href("/people/search")).property("moreResultsAvailable", more);
    // Nothing found, nothing embedded: not even an empty list.
    if !found.is_empty() {
        resource = resource.embed("contact", found);
    }
    if !found_groups.is_empty() {
        resource = resource.embed("distributionGroup", found_groups);
    }
    Answer::json(200, &resource.rel("search"))
}
