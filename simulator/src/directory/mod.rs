//! The people of the simulated company, their presence, and the user's contact list.

mod change;
mod contoso;
mod group;
mod person;

use std::collections::{BTreeMap, HashSet};

pub use change::{Change, ChangeKind};
pub use group::{Group, GroupKind};
pub use person::{Note, Person, Presence};

/// The people there are, the user among them, and the groups of the user's contact list.
///
/// ```
/// use ucwa_simulator::{Directory, Group, Person};
/// let mut directory = Directory::new(Person::new("sip:me@contoso.com", "Me"));
/// directory.add_person(Person::new("sip:ada@contoso.com", "Ada"));
/// directory.add_group(Group::own("friends").with_members(["sip:ada@contoso.com"]));
/// assert!(directory.person("SIP:Ada@Contoso.com").is_some());
/// ```
#[derive(Clone, Debug)]
pub struct Directory {
    /// The signed-in user.
    pub me: Person,
    people: BTreeMap<String, Person>,
    groups: Vec<Group>,
    next_group: u32,
    before: Option<Box<change::Before>>,
}

impl Default for Directory {
    /// The company Contoso, whose Lene Aaling is the user.
    fn default() -> Directory {
        contoso::directory()
    }
}

impl Directory {
    /// A company of one, with empty pinned and default groups.
    pub fn new(me: Person) -> Directory {
        let mut directory = Directory { me, people: BTreeMap::new(), groups: Vec::new(), next_group: 1, before: None };
        directory.add_group(Group::new(GroupKind::Pinned, "Pinned Contacts"));
        directory.add_group(Group::new(GroupKind::Default, "Other Contacts"));
        directory
    }

    /// Adds so many invented people, always the same ones, and spreads them over the default group and the user's own.
    pub fn generate(&mut self, count: usize) {
        contoso::generate(self, count);
    }

    /// Adds the groups that few users have: their delegates, those whose delegate they are, and their organisation.
    pub fn add_special_groups(&mut self) {
        contoso::add_special_groups(self);
    }

    /// The person of this address, compared without regard to case, with or without `sip:`.
    pub fn person(&self, uri: &str) -> Option<&Person> {
        let key = key(uri);
        if key == self::key(self.me.uri()) { Some(&self.me) } else { self.people.get(&key) }
    }

    /// The same, to change.
    pub fn person_mut(&mut self, uri: &str) -> Option<&mut Person> {
        let key = key(uri);
        if key == self::key(self.me.uri()) {
            return Some(&mut self.me);
        }
        self.remember_person(&key);
        self.people.get_mut(&key)
    }

    /// The user, then everybody else by address.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        std::iter::once(&self.me).chain(self.people.values())
    }

    /// Adds a person, or replaces the one of the same address. On no list yet, so found by searching only.
    pub fn add_person(&mut self, person: Person) {
        match self.person_mut(person.uri()) {
            Some(known) => *known = person,
            // Asking for it has noted that nobody was there.
            None => drop(self.people.insert(key(person.uri()), person)),
        }
    }

    /// Adds a person to the default group as well, or to the group of this name.
    pub fn add_contact(&mut self, person: Person, group: Option<&str>) {
        let uri = person.uri().to_owned();
        self.add_person(person);
        let fits = |candidate: &&Group| match group {
            Some(name) => candidate.name == name,
            None => candidate.kind == GroupKind::Default,
        };
        let id = self.groups.iter().find(fits).filter(|group| !group.has_member(&uri)).map(|group| group.id.clone());
        if let Some(group) = id.and_then(|id| self.group_mut(&id)) {
            group.members.push(uri);
        }
    }

    /// Removes a person, but not the user, from the company and from every group.
    pub fn remove_person(&mut self, uri: &str) -> Option<Person> {
        self.remember_person(&key(uri));
        let person = self.people.remove(&key(uri))?;
        for id in self.ids_of_groups_with(person.uri()) {
            if let Some(group) = self.group_mut(&id) {
                group.remove_member(person.uri());
            }
        }
        Some(person)
    }

    /// All groups, in the order they were added.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group of this id.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The same, to change.
    pub fn group_mut(&mut self, id: &str) -> Option<&mut Group> {
        self.remember_group(id);
        self.groups.iter_mut().find(|group| group.id == id)
    }

    /// The first group of this name.
    pub fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The same, to change.
    pub fn group_named_mut(&mut self, name: &str) -> Option<&mut Group> {
        let id = self.group_named(name)?.id.clone();
        self.group_mut(&id)
    }

    /// Adds a group and tells its id, made up where it has none.
    pub fn add_group(&mut self, mut group: Group) -> String {
        if group.id.is_empty() {
            // Real ids are opaque and end in a sign that addresses have to encode.
            group.id = format!("{:08x}{:04x}=", crate::state::hash(&[&group.name, group.kind.rel()]), self.next_group);
            self.next_group += 1;
        }
        let id = group.id.clone();
        self.remember_group(&id);
        self.groups.push(group);
        id
    }

    /// Removes the group of this id.
    pub fn remove_group(&mut self, id: &str) -> Option<Group> {
        self.remember_group(id);
        let at = self.groups.iter().position(|group| group.id == id)?;
        Some(self.groups.remove(at))
    }

    /// The ids of the groups that have this address as a member.
    pub(crate) fn ids_of_groups_with(&self, uri: &str) -> Vec<String> {
        self.groups.iter().filter(|group| group.has_member(uri)).map(|group| group.id.clone()).collect()
    }

    /// The members of a group that exist, in its order.
    pub fn members<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Person> {
        group.members.iter().filter_map(|uri| self.person(uri))
    }

    /// The contact list: the members of the user's groups, each once. Those of distribution groups, of the organisation, and those whose
    /// delegate the user is are no contacts by that.
    pub fn contacts(&self) -> Vec<&Person> {
        let mut seen = HashSet::new();
        let lists = self.groups.iter().filter(|group| group.makes_contacts());
        lists.flat_map(|group| self.members(group)).filter(|person| seen.insert(person.uri())).collect()
    }
}

/// The address with `sip:` in front, unless it has a scheme.
pub(crate) fn sip_uri(address: &str) -> String {
    if address.contains(':') { address.into() } else { format!("sip:{address}") }
}

/// What people are kept by: addresses differ neither in case nor in a missing `sip:`.
pub(crate) fn key(uri: &str) -> String {
    sip_uri(uri).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_company_is_consistent() {
        let directory = Directory::default();
        assert!(directory.people().count() >= 24);
        for group in directory.groups() {
            assert_eq!(directory.members(group).count(), group.members.len(), "{}", group.name);
        }
        let contacts = directory.contacts();
        assert!(contacts.len() + 4 <= directory.people().count(), "some are found by searching only");
        let ids: HashSet<_> = directory.groups().iter().map(|group| &group.id).collect();
        assert_eq!(ids.len(), directory.groups().len());
    }

    #[test]
    fn people_are_generated_alike_every_time() {
        let generate = || {
            let mut directory = Directory::default();
            directory.generate(5_000);
            directory.people().map(|person| format!("{person:?}")).collect::<Vec<_>>()
        };
        let first = generate();
        assert_eq!(first.len(), Directory::default().people().count() + 5_000);
        assert_eq!(first, generate());
    }

    #[test]
    fn someone_in_two_groups_is_one_contact() {
        let mut directory = Directory::new(Person::new("sip:me@contoso.com", "Me"));
        directory.add_contact(Person::new("ada@contoso.com", "Ada"), None);
        directory.add_group(Group::own("friends").with_members(["sip:ADA@contoso.com"]));
        assert_eq!(directory.contacts().len(), 1);
    }
}
