//! Counts array items and links while a JSON text arrives, before anything is made of it.

use super::ITEMS;
use memchr::memchr2;

/// The count of one text. It takes invalid JSON as well; whoever reads the text finds that out.
#[derive(Default)]
pub(crate) struct ItemCounter {
    items: usize,
    levels: Vec<Level>,
    /// Within a string.
    in_string: bool,
    escaped: bool,
    /// Whether the innermost array has a comma or its start just before this place.
    at_item: bool,
    name: Name,
}

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Array,
    Object,
    /// The object of a resource's links.
    Links,
}

/// How much of `_links` the last string was so far.
#[derive(Clone, Copy, Default, PartialEq)]
enum Name {
    #[default]
    Other,
    Begins(usize),
    Links,
}

const LINKS: &[u8] = b"_links";

impl ItemCounter {
    /// No text of this length, or a shorter one, has too many.
    const HARMLESS: usize = 2 * ITEMS;

    /// Whether a caller's text has at most so many array items.
    pub fn accepts_up_to(items: usize, text: &[u8]) -> bool {
        let mut counter = ItemCounter { items: ITEMS - items.min(ITEMS), ..ItemCounter::default() };
        counter.add(text)
    }

    /// Whether a whole text is within the limit.
    pub fn accepts(text: &[u8]) -> bool {
        !ItemCounter::is_needed(text.len()) || ItemCounter::default().add(text)
    }

    /// Whether a text of this length has to be counted.
    pub fn is_needed(length: usize) -> bool {
        length > ItemCounter::HARMLESS
    }

    /// Counts the next piece. Whether the text is within the limit so far.
    pub fn add(&mut self, piece: &[u8]) -> bool {
        let mut at = 0;
        while at < piece.len() {
            if self.in_string {
                at = self.pass_string(piece, at);
                continue;
            }
            self.take(piece[at]);
            at += 1;
            if self.items > ITEMS {
                return false;
            }
        }
        true
    }

    fn take(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' => {
                self.at_item = true;
                self.name = Name::Other;
            }
            b':' => {
                if self.levels.last() == Some(&Level::Links) {
                    self.items += 1;
                }
            }
            b']' | b'}' => {
                self.levels.pop();
                self.at_item = false;
            }
            b'"' => {
                self.begin_value();
                self.in_string = true;
                self.name = Name::Begins(0);
            }
            b'[' => {
                // Several links of one relation: each counts, and their array does not.
                if self.levels.last() == Some(&Level::Links) {
                    self.items = self.items.saturating_sub(1);
                }
                self.begin_value();
                self.levels.push(Level::Array);
                self.at_item = true;
            }
            b'{' => {
                self.begin_value();
                self.levels.push(if self.name == Name::Links { Level::Links } else { Level::Object });
                self.name = Name::Other;
            }
            _ => self.begin_value(),
        }
    }

    fn begin_value(&mut self) {
        if self.at_item && self.levels.last() == Some(&Level::Array) {
            self.items += 1;
        }
        self.at_item = false;
    }

    /// Passes over a string or what is there of it, and returns where the text goes on.
    fn pass_string(&mut self, piece: &[u8], from: usize) -> usize {
        let mut at = from;
        if self.escaped {
            self.escaped = false;
            at += 1;
        }
        let end = memchr2(b'"', b'\\', &piece[at..]).map_or(piece.len(), |length| at + length);
        if let Name::Begins(known) = self.name {
            let more = &piece[at..end];
            let fits = LINKS[known..].starts_with(more);
            self.name = if fits { Name::Begins(known + more.len()) } else { Name::Other };
        }
        match piece.get(end) {
            None => return end,
            Some(b'\\') => {
                self.escaped = true;
                // An escaped name may be any name.
                self.name = Name::Links;
            }
            Some(_) => {
                self.in_string = false;
                if self.name == Name::Begins(LINKS.len()) {
                    self.name = Name::Links;
                } else if self.name != Name::Links {
                    self.name = Name::Other;
                }
            }
        }
        end + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        let mut whole = ItemCounter::default();
        assert!(whole.add(text.as_bytes()));
        let mut pieces = ItemCounter::default();
        text.as_bytes().chunks(1).for_each(|piece| assert!(pieces.add(piece)));
        assert_eq!(whole.items, pieces.items, "{text}");
        whole.items
    }

    #[test]
    fn items_and_links() {
        for (text, items) in [
            ("", 0),
            ("{}", 0),
            ("[]", 0),
            ("[ [ ], {}, \"a,[\", 1 , null]", 5),
            (r#"{"a":[1,2],"b":{"c":"[,\",["},"d":"x"}"#, 2),
            (r#"{"_links":{"self":{"href":"/a"},"next":{"href":"/b"},"none":[],"many":[{"href":"/c"},{"href":"/d"}]}}"#, 4),
            (r#"{"_links":[],"_embedded":{"contact":[{"_links":{"self":{"href":"/"}}},{"uri":"a"}]}}"#, 3),
            (r#"{"\u005flinks":{"self":{"href":"/a"}},"a\n":1}"#, 1),
            (r#"["_links",{"self":1},"\u005flinks",{"self":1}]"#, 4),
            (r#"{"links":{"self":1},"_link":{"self":1},"_linksx":{"self":1}}"#, 0),
        ] {
            assert_eq!(count(text), items, "{text}");
        }
    }

    #[test]
    fn the_limit_is_taken_and_one_more_is_not() {
        let list = |items: usize| format!("[0{}]", ",0".repeat(items - 1));
        assert!(ItemCounter::accepts(list(ITEMS).as_bytes()));
        assert!(!ItemCounter::accepts(list(ITEMS + 1).as_bytes()));
        assert!(ItemCounter::accepts_up_to(3, b"[1,2,3]") && !ItemCounter::accepts_up_to(2, b"[1,2,3]"));
    }
}
