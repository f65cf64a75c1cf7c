//! What an answer of a server, and an argument of a caller, may cost. The manual states these numbers.

mod items;

pub(crate) use items::ItemCounter;

/// The longest body of an answer, decompressed: well above a contact list of tens of thousands.
pub(crate) const BODY: usize = 32 << 20;

/// The longest body of a refusal. The rest is not read.
pub(crate) const REFUSAL: usize = 64 << 10;

/// The most bytes of headers of an answer.
pub(crate) const HEADERS: usize = 64 << 10;

/// The most array items and links of an answer, together.
pub(crate) const ITEMS: usize = 1_000_000;

/// The most properties of one resource, and the most relations that it embeds.
pub(crate) const PROPERTIES: usize = 100_000;

/// The most headers of one part of a batch's answer.
pub(crate) const PART_HEADERS: usize = 200;

/// The most bytes that an error quotes of what the server wrote.
pub(crate) const ERROR_TEXT: usize = 4 << 10;

/// The longest JSON text that a call returns.
pub(crate) const RESULT: usize = 48 << 20;

/// The longest state of a contact that is watched.
pub(crate) const VALUE: usize = 64 << 10;

/// The most groups of a contact list.
pub(crate) const GROUPS: usize = 10_000;

/// The most contacts that one call takes.
pub(crate) const CONTACTS: usize = 100_000;

/// Bodies longer than this are large. They count towards [`LARGE_BODIES`] until they are freed.
pub(crate) const LARGE: usize = 512 << 10;

/// The most bytes of large bodies that an application holds at once; further answers wait. Together with what is made
/// of them this keeps an application below 256 MB.
pub(crate) const LARGE_BODIES: usize = BODY;

/// How many bodies of an application may grow up to [`LARGE`] at once.
pub(crate) const GROWING_BODIES: usize = 16;

/// Whether a caller's JSON may be read: it has no more array items than contacts are taken, or not many more.
pub(crate) fn is_plausible_argument(json: &str) -> bool {
    const BESIDE: usize = 1_000;
    ItemCounter::accepts_up_to(CONTACTS + BESIDE, json.as_bytes())
}

/// What is said of a caller's list of contacts that is too long.
pub(crate) fn too_many_contacts() -> String {
    format!("there are more than {CONTACTS} of them, which is the limit")
}

/// What is said of a result that is too long.
pub(crate) fn result_too_long() -> String {
    format!("the result would be longer than {} MiB, which is the limit", RESULT >> 20)
}

/// What is said of an answer that has too many array items and links.
pub(crate) fn too_many_items() -> String {
    format!("the answer has more than {ITEMS} array items and links, which is the limit")
}
