//! What the numbers in `X-Ms-diagnostics` mean that servers give when they refuse somebody.

/// The numbers of signing in: each with its meaning and what helps.
const MEANINGS: [(u32, &str); 6] = [
    (28000, "the account is not enabled for Skype for Business; the administrator can enable it"),
    (28001, "the server failed while it checked the credentials; the administrator finds more in the server's log"),
    (
        28020,
        "the server found no valid token or credentials in the request; if a right one was sent, a proxy may remove the Authorization \
         header, or the token is for another pool",
    ),
    (28029, "this way of signing in is not enabled on the server; use another one, or ask the administrator to enable it"),
    (28055, "the token is invalid or has expired, or the server was restarted; a fresh one is needed, and clocks that agree"),
    (
        28070,
        "the server takes the request for one from a web page of a foreign domain; a proxy on the way may add an Origin or Referer header, \
         which the administrator can remove or allow",
    ),
];

/// The meaning of a header such as `28055;source="fe01.contoso.com";reason="…"`, for people, with its number.
pub(super) fn meaning(header: &str) -> Option<(u32, &'static str)> {
    let digits = header.trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number: u32 = digits[..end].parse().ok()?;
    MEANINGS.into_iter().find(|(known, _)| *known == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_comes_first() {
        for (header, number) in [
            ("28055;source=\"fe01.contoso.com\";reason=\"The OAuth token is invalid.\"", Some(28055)),
            (" 28020", Some(28020)),
            ("28029 ;x", Some(28029)),
            ("280551;x", None),
            ("2805", None),
            ("source=28055", None),
            ("99999999999999999999;x", None),
            ("", None),
        ] {
            assert_eq!(meaning(header).map(|(number, _)| number), number, "{header}");
        }
    }
}
