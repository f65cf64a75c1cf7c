//! The tokens issued.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

/// The tokens issued, each good at one host until a time.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, (String, Duration)>);

impl Tokens {
    pub(crate) fn issue(&mut self, host: &str, expires: Duration) -> String {
        let token = format!("cwt=AAEB{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.0.insert(token.clone(), (host.to_lowercase(), expires));
        token
    }

    pub(crate) fn is_good(&self, token: &str, host: &str, now: Duration) -> bool {
        self.0.get(token).is_some_and(|(issuer, expires)| issuer.eq_ignore_ascii_case(host) && now < *expires)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_bound_to_its_host_and_its_time() {
        let mut tokens = Tokens::default();
        let token = tokens.issue("Pool1.contoso.com", Duration::from_secs(10));
        assert!(tokens.is_good(&token, "pool1.CONTOSO.com", Duration::ZERO));
        assert!(!tokens.is_good(&token, "pool2.contoso.com", Duration::ZERO));
        assert!(!tokens.is_good(&token, "pool1.contoso.com", Duration::from_secs(10)));
    }
}
