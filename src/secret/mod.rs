//! Secrets: texts that are never shown, are wiped where they were kept, and are found where others repeat them.

mod find;
mod known;
mod shapes;

pub(crate) use find::Found;
pub(crate) use known::{Entered, Kind, Known, find, longest, of_this_thread};

use bytes::Bytes;
use once_cell::sync::OnceCell;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A password, a token or a key. Its debug print hides it. Clones share one text, which is wiped when the last of them is
/// dropped.
#[derive(Clone)]
pub struct Secret(Arc<Inside>);

struct Inside {
    text: Zeroizing<String>,
    /// What the `Authorization` header holds; made once for each token.
    bearer: OnceCell<Bytes>,
}

impl Secret {
    /// Takes the text over, without leaving a copy behind.
    pub fn new(text: String) -> Secret {
        Secret(Arc::new(Inside { text: Zeroizing::new(text), bearer: OnceCell::new() }))
    }

    /// The text itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0.text
    }

    /// `Bearer` and the token. All requests share these bytes; they are wiped after the last one.
    pub(crate) fn bearer(&self) -> Bytes {
        const SCHEME: &[u8] = b"Bearer ";
        let make = || {
            // All at once: a buffer that grows leaves copies behind.
            let mut value = Zeroizing::new(Vec::with_capacity(SCHEME.len() + self.reveal().len()));
            value.extend_from_slice(SCHEME);
            value.extend_from_slice(self.reveal().as_bytes());
            Bytes::from_owner(value)
        };
        self.0.bearer.get_or_init(make).clone()
    }

    /// The text as bytes that can be sent. They share its memory, and keep it from being wiped until they are sent.
    pub(crate) fn bytes(&self) -> Bytes {
        Bytes::from_owner(self.clone())
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.reveal().as_bytes()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.reveal() == other.reveal()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_copied_for_a_request() {
        let token = Secret::new("abc".into());
        assert_eq!(&token.bearer()[..], b"Bearer abc");
        assert_eq!(token.bearer().as_ptr(), token.clone().bearer().as_ptr());
        assert_eq!(token.bytes().as_ptr(), token.reveal().as_ptr());
        assert_eq!(format!("{token:?}"), "[hidden]");
    }
}
