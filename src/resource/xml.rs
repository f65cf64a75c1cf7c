//! The error bodies that UCWA writes as XML: where the server, or what stands before it, does not look at `Accept`.

use crate::transport::Answer;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Enough for an error; a page is longer.
const MOST_EVENTS: usize = 1_000;

/// Whether an answer says that it is XML.
pub(super) fn is_xml(answer: &Answer) -> bool {
    let media_type = answer.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.ends_with("/xml") || media_type.ends_with("+xml") && media_type != "application/xhtml+xml"
}

/// The texts of the elements of these names, without regard to namespaces and case; the first one of each counts. What is not
/// well-formed is read as far as it goes.
pub(super) fn texts<const N: usize>(body: &[u8], names: [&str; N]) -> [Option<String>; N] {
    let mut found = [const { None }; N];
    let mut reader = Reader::from_reader(body);
    let mut inside: Option<usize> = None;
    let mut text = String::new();
    for _ in 0..MOST_EVENTS {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                let local = element.local_name();
                inside = names.iter().position(|name| name.as_bytes().eq_ignore_ascii_case(local.as_ref()));
                text.clear();
            }
            Ok(Event::Text(part)) if inside.is_some() => text.push_str(&part.decode().unwrap_or_default()),
            Ok(Event::CData(part)) if inside.is_some() => text.push_str(&part.decode().unwrap_or_default()),
            Ok(Event::GeneralRef(reference)) if inside.is_some() => text.extend(referred(&reference)),
            Ok(Event::End(_)) => {
                if let Some(at) = inside.take().filter(|_| !text.trim().is_empty()) {
                    found[at].get_or_insert_with(|| text.trim().to_owned());
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    found
}

/// The character of a reference; UCWA defines no entities of its own.
fn referred(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character),
        _ => quick_xml::escape::resolve_predefined_entity(&reference.decode().ok()?)?.chars().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_error() {
        let body =
            br#"<?xml version="1.0" encoding="utf-8"?><reason xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><code>NotFound</code>
            <subcode>ApplicationNotFound</subcode><message>a &lt;b&gt; &amp; c&#33;</message></reason>"#;
        let [code, subcode, message] = texts(body, ["code", "subcode", "message"]);
        assert_eq!(code.as_deref(), Some("NotFound"));
        assert_eq!(subcode.as_deref(), Some("ApplicationNotFound"));
        assert_eq!(message.as_deref(), Some("a <b> & c!"));
        assert_eq!(texts(b"<a><code>x", ["code"]), [None]);
        assert_eq!(texts(b"no xml", ["code"]), [None]);
        assert_eq!(texts(b"<e:error xmlns:e='x'><e:Code>Gone</e:Code><e:Code>2</e:Code>", ["code"])[0].as_deref(), Some("Gone"));
    }
}
