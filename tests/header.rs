//! The header: fresh, complete, in agreement with the library, and good C and C++.
#![cfg(feature = "capi")]

mod native;

use native::{SOURCE, STRICT, compiler, include, shared_library, succeeded};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use ucwa::{Config, Status};

const HEADER: &str = include_str!("../include/ucwa.h");

#[test]
fn the_committed_header_is_the_generated_one() {
    let fresh = fs::read_to_string(env!("UCWA_HEADER")).unwrap();
    assert!(fresh == HEADER, "include/ucwa.h is not what src/ffi says; run UCWA_WRITE_HEADER=1 cargo build and commit it");
}

#[test]
fn the_version_macros_are_the_packages_version() {
    let part = |name: &str| define(&format!("UCWA_VERSION{name}"));
    let (major, minor, patch) = (part("_MAJOR"), part("_MINOR"), part("_PATCH"));
    assert_eq!(part(""), format!("\"{}\"", env!("CARGO_PKG_VERSION")));
    assert_eq!(format!("{major}.{minor}.{patch}"), env!("CARGO_PKG_VERSION"));
    let number = |text: String| text.parse::<u32>().unwrap();
    assert_eq!(number(part("_NUMBER")), number(major) * 1_000_000 + number(minor) * 1_000 + number(patch));
}

#[test]
fn the_statuses_are_the_librarys() {
    for status in Status::ALL {
        assert_eq!(define(status.name().to_str().unwrap()), status.number().to_string());
    }
    let negative = defines().filter(|(_, value)| value.starts_with('-')).count();
    assert_eq!(negative, Status::ALL.len() - 1, "a status that the library does not know");
}

#[test]
fn the_manual_lists_the_configuration_keys() {
    let keys: serde_json::Value = serde_json::from_str(&Config::keys()).unwrap();
    let manual = HEADER.split_once("CONFIGURATION KEYS").unwrap().1.split_once("*/").unwrap().0;
    let words = |text: &str| text.split_whitespace().filter(|word| *word != "*").collect::<Vec<_>>().join(" ");
    let expected: Vec<String> = keys.as_array().unwrap().iter().map(manual_entry).collect();
    assert_eq!(words(manual), words(&expected.join(" ")), "the manual in cbindgen.toml should say:\n\n{}\n", expected.join("\n"));
}

fn manual_entry(key: &serde_json::Value) -> String {
    let text = |name: &str| key[name].as_str().unwrap_or_default().replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let default = if key["default"].is_null() { String::new() } else { format!("; default {}", text("default")) };
    let secret = if key["secret"] == true { "; secret" } else { "" };
    format!(" *   {} ({}{default}{secret})\n *       {}", text("key"), text("values"), text("description"))
}

#[test]
fn it_is_c99_and_cpp11() {
    for (cpp, standard, file) in [(false, "-std=c99", "header.c"), (true, "-std=c++11", "header.cpp")] {
        let source = written(file, "#include <ucwa.h>\n#include <ucwa.h>\nint main(void) { return UCWA_OK; }\n");
        check_syntax(cpp, standard, &source);
    }
}

#[test]
fn the_manuals_example_compiles() {
    let example = HEADER.split_once("A PROGRAM").unwrap().1.split_once("CONVENTIONS").unwrap().0;
    let lines: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix(" *     ")).collect();
    assert!(lines.len() > 15, "the example is not where it was");
    let source = written("example.c", &lines.join("\n"));
    check_syntax(false, "-std=c99", &source);
}

#[test]
fn the_library_exports_what_the_header_declares() {
    if !cfg!(target_os = "linux") {
        eprintln!("SKIPPED: the exported symbols are compared on Linux only");
        return;
    }
    let mut nm = Command::new("nm");
    nm.args(["-D", "--defined-only", "--format=posix"]).arg(shared_library());
    let listing = String::from_utf8(succeeded(nm).stdout).unwrap();
    let exported: BTreeSet<&str> = listing.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(exported, functions());
}

#[test]
fn every_function_is_tried_with_what_it_cannot_use() {
    let program = fs::read_to_string(Path::new(SOURCE).join("tests/c/arguments.c")).unwrap();
    let tried: BTreeSet<&str> = program.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let with_arguments = functions().into_iter().filter(|name| !HEADER.contains(&format!("{name}(void)")));
    let missing: Vec<&str> = with_arguments.filter(|name| !tried.contains(name)).collect();
    assert!(missing.is_empty(), "tests/c/arguments.c does not try {missing:?}");
}

/// The names that the header declares as functions.
fn functions() -> BTreeSet<&'static str> {
    // Behind the macro that marks them, and not where it is defined.
    let declarations = HEADER.split("\nUCWA_API").skip(1).filter_map(|text| text.split_once('('));
    let names = declarations.filter_map(|(before, _)| before.rsplit(|c: char| c.is_whitespace() || c == '*').next());
    names.collect()
}

fn defines() -> impl Iterator<Item = (&'static str, &'static str)> {
    HEADER.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '))
}

fn define(name: &str) -> String {
    let value = defines().find(|(defined, _)| *defined == name);
    value.unwrap_or_else(|| panic!("the header defines no {name}")).1.to_owned()
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn check_syntax(cpp: bool, standard: &str, source: &Path) {
    let mut command = compiler(cpp);
    command.current_dir(SOURCE).arg(standard).args(STRICT).arg("-I").arg(include()).arg("-fsyntax-only").arg(source);
    succeeded(command);
}
