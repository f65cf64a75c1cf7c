//! The groups of the contact list.

use super::{key, sip_uri};

/// A group of the contact list, or a distribution group that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What the server knows it by; [`Directory::add_group`](super::Directory::add_group) gives one where it is empty.
    pub id: String,
    /// What kind of group it is.
    pub kind: GroupKind,
    /// Its name; several groups may have the same.
    pub name: String,
    /// Addresses of its members, in their order.
    pub members: Vec<String>,
    /// The address of a distribution group.
    pub uri: Option<String>,
    /// Whether it is on the contact list; a distribution group that is not is only found by searching.
    pub listed: bool,
    /// Whether its members are linked. A distribution group without them can only be expanded.
    pub contacts_linked: bool,
}

/// The kinds of group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// The people pinned to the top.
    Pinned,
    /// The people in no other group.
    Default,
    /// A group made by the user.
    Own,
    /// A distribution group of the company.
    Distribution,
    /// The user's delegates.
    Delegates,
    /// The people whose delegate the user is.
    Delegators,
    /// The user's organisation.
    Organization,
}

impl GroupKind {
    /// The link relation of such a group.
    pub fn rel(self) -> &'static str {
        match self {
            GroupKind::Pinned => "pinnedGroup",
            GroupKind::Default => "defaultGroup",
            GroupKind::Own => "group",
            GroupKind::Distribution => "distributionGroup",
            GroupKind::Delegates => "delegatesGroup",
            GroupKind::Delegators => "delegatorsGroup",
            GroupKind::Organization => "myOrganizationGroup",
        }
    }

    /// Whether the user decides who is in it.
    pub(crate) fn has_memberships(self) -> bool {
        matches!(self, GroupKind::Pinned | GroupKind::Default | GroupKind::Own | GroupKind::Delegates)
    }
}

impl Group {
    /// An empty group of this kind and name, on the contact list.
    pub fn new(kind: GroupKind, name: &str) -> Group {
        Group { id: String::new(), kind, name: name.into(), members: Vec::new(), uri: None, listed: true, contacts_linked: true }
    }

    /// An empty group made by the user.
    pub fn own(name: &str) -> Group {
        Group::new(GroupKind::Own, name)
    }

    /// A distribution group of this address, which can only be expanded.
    pub fn distribution(name: &str, uri: &str) -> Group {
        Group { uri: Some(sip_uri(uri)), contacts_linked: false, ..Group::new(GroupKind::Distribution, name) }
    }

    /// The same with these further members.
    #[must_use]
    pub fn with_members<'a>(mut self, uris: impl IntoIterator<Item = &'a str>) -> Group {
        self.members.extend(uris.into_iter().map(sip_uri));
        self
    }

    /// The same under this id.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Group {
        self.id = id.into();
        self
    }

    /// The same, found by searching only.
    #[must_use]
    pub fn unlisted(mut self) -> Group {
        self.listed = false;
        self
    }

    /// Whether its members are contacts by being in it.
    pub(crate) fn makes_contacts(&self) -> bool {
        self.listed && self.kind.has_memberships()
    }

    pub(crate) fn remove_member(&mut self, uri: &str) {
        let key = key(uri);
        self.members.retain(|member| self::key(member) != key);
    }

    /// Whether this address is a member, compared without regard to case.
    pub fn has_member(&self, uri: &str) -> bool {
        let key = key(uri);
        self.members.iter().any(|member| self::key(member) == key)
    }
}
