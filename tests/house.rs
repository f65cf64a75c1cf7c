//! The house itself: who may call whom, and what stands where.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the library, lowest first. A room may use those before it, and no other.
const ROOMS: &[&str] = &[
    "secret",
    "shown",
    "logging",
    "recovery",
    "limits",
    "error",
    "clock",
    "sip_uri",
    "json_text",
    "threads",
    "own_descriptor",
    "health",
    "certificate_file",
    "config",
    "transport",
    "resource",
    "sign_in",
    "application",
    "people",
    "me",
    "live",
    "client",
    "ffi",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

fn room_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn arrows_only_point_down() {
    let mut arrows = 0;
    for (path, text) in sources(&root().join("src")) {
        let room = room_of(&path);
        if room == "lib" {
            continue;
        }
        let level = ROOMS.iter().position(|known| *known == room).unwrap_or_else(|| panic!("{room} is a new room: give it a level"));
        for (at, _) in text.match_indices("crate::") {
            let name: String = text[at + "crate::".len()..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if name == room || name.is_empty() {
                continue;
            }
            let used = ROOMS.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{}: crate::{name}", path.display()));
            assert!(used < level, "{} uses {name}, which stands above or beside it", path.display());
            arrows += 1;
        }
    }
    assert!(arrows > 30, "the sources were read");
}

#[test]
fn what_stands_in_one_room_alone() {
    for (path, text) in sources(&root().join("src")) {
        let room = room_of(&path);
        let code = |word: &str| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
        if room != "ffi" && room != "lib" {
            assert!(!code("unsafe"), "{}: unsafe stands in src/ffi alone", path.display());
        }
        if room != "transport" {
            assert!(!code("reqwest::") && !code("hyper::"), "{}: reqwest is named in src/transport alone", path.display());
        }
        for macro_of_log in ["error!", "warn!", "info!", "debug!", "trace!"] {
            let bypass = format!("log::{macro_of_log}");
            assert!(room == "logging" || !code(&bypass), "{}: lines of the log go through crate::logging", path.display());
        }
        for word in ["println!", "eprintln!", "print!(", "std::process::exit"] {
            assert!(!code(word), "{}: the library never prints ({word})", path.display());
        }
    }
}

#[test]
fn the_two_readings_of_the_protocol_share_nothing() {
    for (path, text) in sources(&root().join("simulator/src")) {
        assert!(!text.contains("ucwa::"), "{}", path.display());
    }
    let manifest = fs::read_to_string(root().join("simulator/Cargo.toml")).unwrap();
    assert!(!manifest.contains("libucwa"), "the simulator does not depend on the library");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (before, _) = manifest.split_once("[dev-dependencies]").unwrap();
    assert!(!before.contains("ucwa-simulator ="), "the library does not depend on the simulator");
}

#[test]
fn the_changelog_knows_this_version() {
    let changes = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(changes.contains(&format!("[{}]", env!("CARGO_PKG_VERSION"))) || changes.contains("[Unreleased]"));
}
