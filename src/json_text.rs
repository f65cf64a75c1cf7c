//! JSON as servers write it, made such that every reader takes it.

use memchr::{memchr2, memchr2_iter, memmem};

/// The deepest nesting of an answer that is taken. Results put an answer into at most five more levels, and common readers
/// take 127, the library's own among them.
pub(crate) const DEEPEST: usize = 120;

/// The length of `\ud83d`.
const ESCAPE: usize = 6;

/// The same JSON with U+FFFD in place of each lone surrogate, where there is one: servers that cut texts by UTF-16 units
/// write half an emoji as `\ud83d`, which most readers refuse.
pub(crate) fn mended(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut after_pair = 0;
    for start in memmem::find_iter(json, b"\\u") {
        if start < after_pair || !matches!(json.get(start + 2), Some(b'd' | b'D')) || is_escaped(json, start) {
            continue;
        }
        match (unit(json, start), unit(json, start + ESCAPE)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => after_pair = start + 2 * ESCAPE,
            (Some(0xD800..=0xDFFF), _) => {
                let text = mended.get_or_insert_with(|| json.to_vec());
                text[start + 2..start + ESCAPE].copy_from_slice(b"fffd");
            }
            _ => {}
        }
    }
    mended
}

/// The UTF-16 unit that the escape at that place stands for.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + ESCAPE)?.strip_prefix(b"\\u")?;
    // from_str_radix takes a sign, too.
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether the backslash at that place is itself escaped, by the last of an odd number of backslashes before it.
fn is_escaped(json: &[u8], at: usize) -> bool {
    json[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Whether arrays and objects are nested deeper than [`DEEPEST`].
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    // Most answers have fewer brackets than that, wherever they stand.
    if memchr2_iter(b'[', b'{', json).take(DEEPEST + 1).count() <= DEEPEST {
        return false;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(json, at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// The place after a string, of which that one is the first within.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr2(b'"', b'\\', json.get(at..).unwrap_or_default()) {
        at += found;
        if json[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mend(json: &str) -> String {
        mended(json.as_bytes()).map_or_else(|| json.to_owned(), |json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn half_an_emoji_becomes_the_replacement_character() {
        for (written, mended) in [
            (r#""Kurz weg \ud83d""#, r#""Kurz weg \ufffd""#),
            (r#""\uD83D""#, r#""\ufffd""#),
            (r#""\ude00 low""#, r#""\ufffd low""#),
            (r#""\ud83dA""#, r#""\ufffdA""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\ude00\ude00""#, r#""\ud83d\ude00\ufffd""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#),
            (r#"{"\udbff":"\udc00"}"#, r#"{"\ufffd":"\ufffd"}"#),
        ] {
            assert_eq!(mend(written), mended, "{written}");
            assert!(serde_json::from_str::<serde_json::Value>(mended).is_ok(), "{mended}");
        }
    }

    #[test]
    fn all_else_is_left_alone() {
        for json in [
            r#""\ud83d\ude00""#,
            r#""\uD83D\uDE00""#,
            r#""\\ud83d""#,
            r#""\\\\ud83d""#,
            r#""\ud7ff\ue000\u00fc""#,
            r#""\ud""#,
            r#""\udxyz""#,
            "",
        ] {
            assert_eq!(mended(json.as_bytes()), None, "{json}");
        }
        assert_eq!(mended(b"\"\\ud83"), None);
    }

    #[test]
    fn depth() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(DEEPEST).as_bytes()));
        assert!(is_too_deep(nested(DEEPEST + 1).as_bytes()));
        assert!(is_too_deep(nested(100_000).as_bytes()));
        let side_by_side = format!("[{}]", vec![r#"{"a":["[[[\"]]",1]}"#; 1_000].join(","));
        assert!(!is_too_deep(side_by_side.as_bytes()));
        let in_text = format!("[\"{}\\\"{}\"]", "[".repeat(1_000), "{".repeat(1_000));
        assert!(!is_too_deep(in_text.as_bytes()));
        assert!(!is_too_deep(format!("\"{}", "[".repeat(1_000)).as_bytes()), "a text without an end");
        assert!(!is_too_deep(format!("{}\"\\", "[".repeat(100)).as_bytes()));
    }
}
