//! The server's dates: `/Date(milliseconds)/`, in which an offset is information only.

use jiff::Timestamp;

/// The milliseconds since 1970 of such a date; `None` where the text is none.
pub(super) fn unix_ms(text: &str) -> Option<i64> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let digits = match inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')) {
        Some((at, _)) if inner.len() == at + 5 && inner[at + 1..].bytes().all(|b| b.is_ascii_digit()) => &inner[..at],
        Some(_) => return None,
        None => inner,
    };
    let number = digits.strip_prefix('-').unwrap_or(digits);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// RFC 3339 in UTC with milliseconds; `None` beyond the years that it can write.
pub(super) fn rfc3339(unix_ms: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(unix_ms).ok()?;
    let text = format!("{time:.3}");
    text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_with_and_without_offset() {
        let read = |text| unix_ms(text).and_then(rfc3339);
        assert_eq!(read("/Date(1358827096000)/").as_deref(), Some("2013-01-22T03:58:16.000Z"));
        assert_eq!(read("/Date(1358827096007+0200)/").as_deref(), Some("2013-01-22T03:58:16.007Z"));
        assert_eq!(read("/Date(-1)/").as_deref(), Some("1969-12-31T23:59:59.999Z"));
        assert_eq!(read("/Date(-1-0800)/").as_deref(), Some("1969-12-31T23:59:59.999Z"));
        for none in
            ["/Date()/", "/Date(x)/", "/Date(1", "Date(1)", "/Date(1+2)/", "/Date(1+02x0)/", "/Date(99999999999999999999)/", "/Date(--1)/"]
        {
            assert_eq!(unix_ms(none), None, "{none}");
        }
        assert_eq!(unix_ms("/Date(9000000000000000)/").and_then(rfc3339), None);
    }
}
