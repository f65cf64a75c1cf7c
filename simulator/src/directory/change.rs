//! What changes: the directory as it was when somebody began to change it, and what is different afterwards.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Directory, Group, Person, key};

/// Something that changed, in the words of the events that tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its link relation: `contactPresence`, `group`, `contact`, `note`, …
    pub rel: &'static str,
    /// The address of the person, or the id of the group.
    pub subject: String,
    /// The id of the group that a contact came to or left. Without it the contact came to the contact list or left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// It is there now.
    Added,
    /// It is another.
    Updated,
    /// It is gone.
    Deleted,
}

impl Change {
    pub(crate) fn new(kind: ChangeKind, rel: &'static str, subject: &str) -> Change {
        Change { kind, rel, subject: subject.to_owned(), group: None }
    }

    pub(crate) fn updated(rel: &'static str, subject: &str) -> Change {
        Change::new(ChangeKind::Updated, rel, subject)
    }
}

/// The former state of what may have been changed; `None` is what did not exist.
#[derive(Clone, Debug)]
pub(super) struct Before {
    me: Person,
    people: BTreeMap<String, Option<Person>>,
    groups: BTreeMap<String, Option<Group>>,
}

impl Directory {
    /// From now on the former state of everything touched is kept.
    pub(crate) fn watch(&mut self) {
        self.before = Some(Box::new(Before { me: self.me.clone(), people: BTreeMap::new(), groups: BTreeMap::new() }));
    }

    /// What has changed since the watching began, which ends.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        let Some(before) = self.before.take() else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        changes_of_me(&before.me, &self.me, &mut changes);
        for (key, before) in &before.people {
            if let (Some(before), Some(now)) = (before, self.people.get(key)) {
                changes_of_contact(before, now, &mut changes);
            }
        }
        let mut moved = BTreeMap::new();
        for (id, before) in &before.groups {
            changes_of_group(before.as_ref(), self.group(id), &mut changes, &mut moved);
        }
        for uri in moved.into_values() {
            let was = before.had_contact(self, &uri);
            let is = self.groups.iter().any(|group| group.makes_contacts() && group.has_member(&uri));
            match (was, is) {
                (false, true) => changes.push(Change::new(ChangeKind::Added, "contact", &uri)),
                (true, false) => changes.push(Change::new(ChangeKind::Deleted, "contact", &uri)),
                _ => {}
            }
        }
        changes
    }

    pub(super) fn remember_person(&mut self, key: &str) {
        if let Some(before) = &mut self.before
            && !before.people.contains_key(key)
        {
            before.people.insert(key.to_owned(), self.people.get(key).cloned());
        }
    }

    pub(super) fn remember_group(&mut self, id: &str) {
        if let Some(before) = &mut self.before
            && !before.groups.contains_key(id)
        {
            before.groups.insert(id.to_owned(), self.groups.iter().find(|group| group.id == id).cloned());
        }
    }
}

impl Before {
    /// Whether somebody was on the contact list: by a group that was touched, or by one that is as it was.
    fn had_contact(&self, now: &Directory, uri: &str) -> bool {
        let makes = |group: &Group| group.makes_contacts() && group.has_member(uri);
        self.groups.values().flatten().any(makes) || now.groups.iter().filter(|group| !self.groups.contains_key(&group.id)).any(makes)
    }
}

fn changes_of_me(before: &Person, now: &Person, changes: &mut Vec<Change>) {
    let uri = now.uri();
    for (rel, changed) in [
        ("presence", before.presence != now.presence),
        ("note", before.note != now.note),
        ("location", before.location != now.location),
        ("me", !before.has_same_data(now)),
    ] {
        if changed {
            changes.push(Change::updated(rel, uri));
        }
    }
    // Others see the user as a contact.
    changes_of_contact(before, now, changes);
}

fn changes_of_contact(before: &Person, now: &Person, changes: &mut Vec<Change>) {
    for (rel, changed) in [
        ("contactPresence", before.presence != now.presence),
        ("contactNote", before.note != now.note),
        ("contactLocation", before.location != now.location),
        ("contactSupportedModalities", before.modalities != now.modalities),
        ("contactPrivacyRelationship", before.privacy != now.privacy),
        ("contact", !before.has_same_data(now)),
    ] {
        if changed {
            changes.push(Change::updated(rel, now.uri()));
        }
    }
}

/// Addresses by what they are compared by.
type Addresses = BTreeMap<String, String>;

/// A group that is not on the contact list is as good as none.
fn changes_of_group(before: Option<&Group>, now: Option<&Group>, changes: &mut Vec<Change>, moved: &mut Addresses) {
    let members = |group: Option<&Group>| -> Addresses {
        group.map(|group| group.members.iter().map(|uri| (key(uri), uri.clone())).collect()).unwrap_or_default()
    };
    let (before, now) = (before.filter(|group| group.listed), now.filter(|group| group.listed));
    let (mut was, mut is) = (members(before), members(now));
    let stayed: Vec<String> = was.keys().filter(|key| is.contains_key(*key)).cloned().collect();
    for key in stayed {
        was.remove(&key);
        is.remove(&key);
    }
    match (before, now) {
        (None, Some(group)) => changes.push(Change::new(ChangeKind::Added, group.kind.rel(), &group.id)),
        (Some(group), None) => changes.push(Change::new(ChangeKind::Deleted, group.kind.rel(), &group.id)),
        (Some(before), Some(now)) => {
            if (&before.name, &before.uri) != (&now.name, &now.uri) {
                changes.push(Change::updated(now.kind.rel(), &now.id));
            }
            let moved = |kind, uri: &String| Change { group: Some(now.id.clone()), ..Change::new(kind, "contact", uri) };
            changes.extend(is.values().map(|uri| moved(ChangeKind::Added, uri)));
            changes.extend(was.values().map(|uri| moved(ChangeKind::Deleted, uri)));
        }
        (None, None) => {}
    }
    moved.extend(was);
    moved.extend(is);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{GroupKind, Note, Presence};

    fn changes(directory: &mut Directory, change: impl FnOnce(&mut Directory)) -> Vec<String> {
        directory.watch();
        change(directory);
        let changes = directory.changes();
        changes
            .iter()
            .map(|change| {
                let group = change.group.as_deref().map_or(String::new(), |group| format!(" in {group}"));
                format!("{:?} {} {}{group}", change.kind, change.rel, change.subject)
            })
            .collect()
    }

    fn directory() -> Directory {
        let mut directory = Directory::new(Person::new("sip:me@contoso.com", "Me"));
        directory.add_person(Person::new("sip:Ada@contoso.com", "Ada"));
        directory.add_group(Group::own("Friends").with_id("1").with_members(["sip:Ada@contoso.com"]));
        directory.add_group(Group::distribution("All", "all@contoso.com").with_id("2").unlisted());
        directory
    }

    #[test]
    fn people_change() {
        let mut directory = directory();
        assert!(changes(&mut directory, |_| ()).is_empty());
        let ada = changes(&mut directory, |directory| {
            let ada = directory.person_mut("ada@contoso.com").unwrap();
            ada.presence = Presence::available("Busy");
            ada.title = Some("Countess".into());
            directory.me.note = Some(Note::personal("back soon"));
        });
        let expected = [
            "Updated note sip:me@contoso.com",
            "Updated contactNote sip:me@contoso.com",
            "Updated contactPresence sip:Ada@contoso.com",
            "Updated contact sip:Ada@contoso.com",
        ];
        assert_eq!(ada, expected);
        let same = changes(&mut directory, |directory| directory.person_mut("ada@contoso.com").unwrap().presence.activity = None);
        assert!(same.is_empty(), "touched is not changed: {same:?}");
    }

    #[test]
    fn groups_and_the_contact_list_change() {
        let mut directory = directory();
        let added = changes(&mut directory, |directory| {
            directory.add_group(Group::own("Others").with_id("3").with_members(["ada@contoso.com", "bob@contoso.com"]));
            directory.group_mut("2").unwrap().listed = true;
        });
        assert_eq!(added, ["Added distributionGroup 2", "Added group 3", "Added contact sip:bob@contoso.com"]);
        let renamed = changes(&mut directory, |directory| {
            let group = directory.group_mut("3").unwrap();
            group.name = "Colleagues".into();
            group.remove_member("ada@contoso.com");
        });
        assert_eq!(renamed, ["Updated group 3", "Deleted contact sip:ada@contoso.com in 3"]);
        let gone = changes(&mut directory, |directory| {
            directory.remove_person("ada@contoso.com");
            directory.remove_group("3");
        });
        assert_eq!(
            gone,
            [
                "Deleted contact sip:Ada@contoso.com in 1",
                "Deleted group 3",
                "Deleted contact sip:Ada@contoso.com",
                "Deleted contact sip:bob@contoso.com"
            ]
        );
        let special = changes(&mut directory, |directory| {
            directory.add_group(Group::new(GroupKind::Organization, "Us").with_id("4").with_members(["ada@contoso.com"]));
        });
        assert_eq!(special, ["Added myOrganizationGroup 4"]);
    }
}
