//! Which hosts passwords and tokens may be sent to. The rule is a pure function; every secret passes through it.

use super::challenge::Challenge;
use crate::error::{Error, Result, Status};
use url::Url;

/// What the configuration and discovery say about the hosts that belong to the user's deployment.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustPolicy {
    /// The domain of the sign-in address.
    pub sign_in_domain: Option<String>,
    /// Entries of `trusted_domains`: a host, or `*.` and a domain.
    pub trusted_domains: Vec<String>,
    /// The hosts that the user's own discovery went through.
    pub chain: Vec<String>,
}

/// Why a host may receive a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is the origin that sent the challenge.
    Challenger,
    /// Discovery went through this host.
    Chain,
    /// It lies in the domain of the sign-in address.
    SignInDomain,
    /// `trusted_domains` names it.
    TrustedDomain,
}

impl TrustPolicy {
    /// Why a password may be sent to `service`, when `challenger` names it as its token service. `None`: it may not.
    pub fn reason_for(&self, service: &Url, challenger: &Url) -> Option<Reason> {
        let host = service.host_str()?;
        if service.origin() == challenger.origin() {
            return Some(Reason::Challenger);
        }
        if self.chain.iter().any(|known| same_name(known, host)) {
            return Some(Reason::Chain);
        }
        self.reason_by_name(host)
    }

    /// The rule for passwords.
    ///
    /// # Errors
    /// [`Status::AuthenticationFailed`] with the host that was refused, the reason, and what to do.
    pub fn check_token_service(&self, service: &Url, challenger: &Url) -> Result<Reason> {
        self.reason_for(service, challenger).ok_or_else(|| {
            let domain = self.sign_in_domain.as_deref().map(|domain| format!(" ({domain})")).unwrap_or_default();
            let host = service.host_str().unwrap_or_default();
            let mut error = Error::new(
                Status::AuthenticationFailed,
                format!(
                    "{} names {host} as the place where tokens are given, and nothing was sent there: {host} is not the host that asked, not \
                     one that discovery went through, and lies neither in the sign-in domain{domain} nor in trusted_domains",
                    challenger.origin().ascii_serialization()
                ),
            )
            .advise(format!("if {host} belongs to your deployment, add it to trusted_domains"));
            error.details_mut().elsewhere = true;
            error
        })
    }

    /// The rule for tokens: an origin gets one only if its own challenge is a UCWA server's.
    ///
    /// # Errors
    /// [`Status::Protocol`]: something else answered.
    pub fn check_challenge(challenge: &Challenge) -> Result<()> {
        if challenge.is_ucwa() {
            return Ok(());
        }
        let mut error = Error::protocol(format!(
            "the server answered 401 {}, which is not how UCWA asks for a sign-in, and got neither token nor password",
            challenge.named()
        ))
        .advise("another web site or a proxy may have answered");
        error.details_mut().elsewhere = true;
        Err(error)
    }

    /// Whether a host lies in the sign-in domain or in `trusted_domains`.
    pub fn trusts_name_of(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.reason_by_name(host).is_some())
    }

    fn reason_by_name(&self, host: &str) -> Option<Reason> {
        if self.sign_in_domain.as_deref().is_some_and(|domain| lies_within(host, domain)) {
            return Some(Reason::SignInDomain);
        }
        let named = |entry: &String| match entry.strip_prefix("*.") {
            Some(domain) => lies_within(host, domain),
            None => same_name(host, entry),
        };
        self.trusted_domains.iter().any(named).then_some(Reason::TrustedDomain)
    }
}

/// Whether two host names are the same, whatever their case and with or without the dot that ends a full name.
fn same_name(one: &str, other: &str) -> bool {
    bare(one).eq_ignore_ascii_case(bare(other))
}

/// Whether a host is the domain itself or lies below it.
fn lies_within(host: &str, domain: &str) -> bool {
    let (host, domain) = (bare(host).as_bytes(), bare(domain).as_bytes());
    if domain.is_empty() {
        return false;
    }
    let Some(start) = host.len().checked_sub(domain.len()) else { return false };
    host[start..].eq_ignore_ascii_case(domain) && (start == 0 || start > 1 && host[start - 1] == b'.')
}

fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> TrustPolicy {
        TrustPolicy {
            sign_in_domain: Some("contoso.com".into()),
            trusted_domains: vec!["*.hoster.example".into(), "sts.fabrikam.com".into()],
            chain: vec!["pool.partner.example".into()],
        }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn where_a_password_may_go() {
        let challenger = url("https://web.elsewhere.example:8443/photo");
        let table = [
            ("https://web.elsewhere.example:8443/WebTicket/oauthtoken", Some(Reason::Challenger)),
            ("https://WEB.elsewhere.example:8443/other", Some(Reason::Challenger)),
            // Another port or scheme of the same host is another origin.
            ("https://web.elsewhere.example/WebTicket/oauthtoken", None),
            ("http://web.elsewhere.example:8443/WebTicket/oauthtoken", None),
            ("https://pool.partner.example/x", Some(Reason::Chain)),
            ("https://POOL.partner.example:4443/x", Some(Reason::Chain)),
            ("https://other.partner.example/x", None),
            ("https://contoso.com/x", Some(Reason::SignInDomain)),
            ("https://a.b.Contoso.COM./x", Some(Reason::SignInDomain)),
            ("https://evilcontoso.com/x", None),
            ("https://contoso.com.evil.example/x", None),
            ("https://contoso.co/x", None),
            ("https://com/x", None),
            ("https://x.hoster.example/x", Some(Reason::TrustedDomain)),
            ("https://hoster.example/x", Some(Reason::TrustedDomain)),
            ("https://xhoster.example/x", None),
            ("https://sts.fabrikam.com/x", Some(Reason::TrustedDomain)),
            ("https://a.sts.fabrikam.com/x", None),
            ("https://fabrikam.com/x", None),
            ("https://evil.example/collect", None),
            ("https://127.0.0.1/collect", None),
            ("https://[::1]/collect", None),
            ("data:text/plain,contoso.com", None),
        ];
        for (service, expected) in table {
            let service = url(service);
            assert_eq!(policy().reason_for(&service, &challenger), expected, "{service}");
            let checked = policy().check_token_service(&service, &challenger);
            assert_eq!(checked.as_ref().ok(), expected.as_ref(), "{service}");
            if let Err(error) = checked {
                for part in [service.host_str().unwrap_or_default(), "contoso.com", "trusted_domains"] {
                    assert!(error.message().contains(part), "{part}: {error}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_known_of_a_bare_policy() {
        let nothing = TrustPolicy::default();
        let asked = url("https://a.example/");
        assert_eq!(nothing.reason_for(&asked, &asked), Some(Reason::Challenger));
        assert_eq!(nothing.reason_for(&url("https://b.example/"), &asked), None);
        for empty in ["", "."] {
            let odd = TrustPolicy { sign_in_domain: Some(empty.into()), trusted_domains: vec!["*.".into()], chain: vec![] };
            assert_eq!(odd.reason_for(&url("https://b.example/"), &asked), None, "{empty:?}");
        }
    }

    /// Every host of a small world of labels, against every policy of it: the rule allows exactly what its definition says.
    #[test]
    fn the_rule_is_its_definition() {
        let labels = ["a", "b", "ab", "com"];
        let mut hosts: Vec<String> = labels.iter().map(ToString::to_string).collect();
        for _ in 0..2 {
            let longer: Vec<String> = hosts.iter().flat_map(|host| labels.iter().map(move |label| format!("{label}.{host}"))).collect();
            hosts.extend(longer);
            hosts.sort();
            hosts.dedup();
        }
        let below = |host: &str, domain: &str| {
            let (host, domain): (Vec<&str>, Vec<&str>) = (host.split('.').collect(), domain.split('.').collect());
            host.ends_with(&domain)
        };
        let challenger = url("https://x.b.com/");
        for domain in hosts.iter().filter(|host| host.len() < 7) {
            for host in &hosts {
                let service = url(&format!("https://{host}/t"));
                let by_domain = TrustPolicy { sign_in_domain: Some(domain.clone()), ..TrustPolicy::default() };
                assert_eq!(by_domain.reason_for(&service, &challenger).is_some(), below(host, domain), "{host} in {domain}");
                let by_entry = TrustPolicy { trusted_domains: vec![format!("*.{domain}")], ..TrustPolicy::default() };
                assert_eq!(by_entry.reason_for(&service, &challenger).is_some(), below(host, domain), "{host} in *.{domain}");
                let by_host = TrustPolicy { trusted_domains: vec![domain.clone()], ..TrustPolicy::default() };
                assert_eq!(by_host.reason_for(&service, &challenger).is_some(), host == domain, "{host} as {domain}");
                let by_chain = TrustPolicy { chain: vec![domain.clone()], ..TrustPolicy::default() };
                assert_eq!(by_chain.reason_for(&service, &challenger).is_some(), host == domain, "{host} after {domain}");
                // More trust never takes any away.
                let all = TrustPolicy {
                    sign_in_domain: Some(domain.clone()),
                    trusted_domains: vec!["*.b.a".into()],
                    chain: vec!["ab.com".into()],
                };
                let expected = below(host, domain) || below(host, "b.a") || host == "ab.com";
                assert_eq!(all.reason_for(&service, &challenger).is_some(), expected, "{host}, {domain}");
            }
        }
    }
}
