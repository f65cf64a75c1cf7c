//! Reading files with certificates and keys, whatever the files turn out to be.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// The largest file read: many times a system's whole bundle of authorities.
const LARGEST: u64 = 16 << 20;

/// What a file holds, without byte order marks.
pub(crate) enum Content {
    /// PEM: text with at least one "-----BEGIN …-----".
    Pem(String),
    /// What may be one certificate in DER.
    Der(Vec<u8>),
}

/// Reads a file with certificates.
///
/// # Errors
/// The reason, to stand after the file's name: the file cannot be read, is no regular file (a device or a pipe may never
/// end), is too long, or holds neither PEM nor DER.
pub(crate) fn read(path: &Path) -> Result<Content, String> {
    let bytes = read_regular(path)?;
    if bytes.starts_with(&[0x30, 0x82]) || bytes.starts_with(&[0x30, 0x83]) {
        return Ok(Content::Der(bytes));
    }
    match text(&bytes) {
        Some(text) if text.contains("-----BEGIN ") => Ok(Content::Pem(text)),
        _ if bytes.is_empty() => Err("the file is empty".to_owned()),
        _ => Err("the file holds neither PEM (\"-----BEGIN CERTIFICATE-----\") nor a certificate in DER".to_owned()),
    }
}

fn read_regular(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("the file cannot be read ({error})");
    let file = open(path).map_err(failed)?;
    // Asked of the open file, so that the answer is about what is read.
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(if about.is_dir() { "it is a folder" } else { "it is no regular file" }.to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("the file is longer than {} MiB", LARGEST >> 20));
    }
    Ok(bytes)
}

/// Opens without waiting: to open a pipe that nobody writes to blocks otherwise.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}

/// Text in UTF-8 or, with a byte order mark, in UTF-16 as editors of Windows write it.
fn text(bytes: &[u8]) -> Option<String> {
    let units = |from: fn([u8; 2]) -> u16| bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect::<Vec<_>>();
    match bytes {
        [0xFF, 0xFE, ..] => String::from_utf16(&units(u16::from_le_bytes)).ok(),
        [0xFE, 0xFF, ..] => String::from_utf16(&units(u16::from_be_bytes)).ok(),
        // What stands around the PEM may be in any encoding.
        _ => Some(String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn file(bytes: &[u8]) -> Result<Content, String> {
        let path = std::env::temp_dir().join(format!("ucwa-file-{}", uuid::Uuid::new_v4()));
        std::fs::write(&path, bytes).unwrap();
        let content = read(&path);
        std::fs::remove_file(&path).unwrap();
        content
    }

    #[test]
    fn byte_order_marks_are_taken_off() {
        let utf8 = [b"\xEF\xBB\xBF", PEM.as_bytes()].concat();
        let little: Vec<u8> = [0xFEFF].into_iter().chain(PEM.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = [0xFEFF].into_iter().chain(PEM.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for bytes in [PEM.as_bytes(), &utf8, &little, &big] {
            assert!(matches!(file(bytes), Ok(Content::Pem(text)) if text == PEM), "{bytes:?}");
        }
        assert!(matches!(file(&[0x30, 0x82, 1, 0]), Ok(Content::Der(_))));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bytes in [&b""[..], b"hello", b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFF\xFEa", b"0"] {
            assert!(file(bytes).is_err(), "{bytes:?}");
        }
        assert!(read(Path::new("/nowhere/at/all")).is_err_and(|why| why.contains("cannot be read")));
        assert!(read(&std::env::temp_dir()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_not_read() {
        assert!(read(Path::new("/dev/zero")).is_err_and(|why| why.contains("no regular file")));
        let pipe = std::env::temp_dir().join(format!("ucwa-pipe-{}", uuid::Uuid::new_v4()));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(read(&pipe).is_err_and(|why| why.contains("no regular file")));
        std::fs::remove_file(&pipe).unwrap();
        let long = std::env::temp_dir().join(format!("ucwa-long-{}", uuid::Uuid::new_v4()));
        File::create(&long).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&long).is_err_and(|why| why.contains("longer than 16 MiB")));
        std::fs::remove_file(&long).unwrap();
    }
}
