//! The links of a discovery answer, in either of the shapes that servers use.

use crate::resource::Resource;
use serde::Deserialize;

/// Where a discovery answer leads.
#[derive(Default)]
pub(super) struct Leads {
    pub applications: Option<String>,
    pub user: Option<String>,
    pub redirect: Option<String>,
}

/// The older shape: lists of named links instead of `_links`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    access_location: Option<String>,
    root: Option<LinkList>,
    user: Option<LinkList>,
}

#[derive(Deserialize)]
struct LinkList {
    #[serde(rename = "Links", alias = "Link", default)]
    links: Vec<NamedLink>,
}

#[derive(Deserialize)]
struct NamedLink {
    token: String,
    href: String,
}

impl Leads {
    /// The links in the text of an answer; `None` where it is not one of discovery.
    pub fn read(text: &str) -> Option<Leads> {
        Leads::any(text).filter(|leads| leads.applications.is_some() || leads.user.is_some() || leads.redirect.is_some())
    }

    fn any(text: &str) -> Option<Leads> {
        let resource = Resource::parse(text).ok()?;
        let link = |rel| resource.link(rel).map(str::to_owned);
        let leads = Leads { applications: link("applications"), user: link("user"), redirect: link("redirect") };
        if !resource.links.is_empty() {
            return Some(leads);
        }
        let listed: Listed = serde_json::from_str(text).ok()?;
        let inside = listed.access_location.is_some_and(|place| place.eq_ignore_ascii_case("internal"));
        let links: Vec<NamedLink> = [listed.user, listed.root].into_iter().flatten().flat_map(|list| list.links).collect();
        let named = |name: &str| links.iter().find(|link| link.token.eq_ignore_ascii_case(name)).map(|link| link.href.clone());
        let placed = if inside { "Internal/Ucwa" } else { "External/Ucwa" };
        Some(Leads { applications: named(placed).or_else(|| named("Ucwa")), user: named("User"), redirect: named("Redirect") })
    }
}
