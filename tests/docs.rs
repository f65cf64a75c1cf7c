//! What stands in the pages: the C of the README and of the guide compiles as it is, and its programs do what is said of
//! them; the JSON is JSON, with the members that events have; links lead somewhere.
#![cfg(all(feature = "capi", unix))]

mod native;

use native::run::{finish, start};
use native::{SOURCE, STRICT, compiler, found_in, include, shared_library, succeeded};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command};
use ucwa_simulator::Simulator;

/// What the programs sign in with.
const PASSWORD: &str = "Pa$$w0rd";

/// What the parts of programs may use.
const HEADERS: &str = "#include <pthread.h>\n#include <signal.h>\n#include <stdio.h>\n#include <ucwa.h>\n";

/// The programs look for a server in the network of a company; here is where they find one.
const LABORATORY: &str = r#"#include <stdlib.h>
#include <ucwa.h>
static ucwa_config *laboratory(void)
{
    ucwa_config *config = ucwa_config_new();
    ucwa_config_set(config, "discovery_url", getenv("UCWA_TEST_URL"));
    ucwa_config_set(config, "ca_file", getenv("UCWA_TEST_CA"));
    return config;
}
"#;

#[test]
fn every_part_compiles() {
    for (page, least) in [("README.md", 2), ("docs/c.md", 10)] {
        let blocks = blocks(page, "c");
        let (programs, parts): (Vec<_>, Vec<_>) = blocks.iter().partition(|block| is_program(block));
        assert!(!programs.is_empty() && parts.len() >= least, "{page}: the examples are not where they were");
        let (functions, statements): (Vec<&String>, Vec<&String>) = parts.into_iter().partition(|part| part.starts_with("static "));
        let mut text = HEADERS.to_owned();
        functions.into_iter().for_each(|function| text.push_str(function));
        for (number, part) in statements.into_iter().enumerate() {
            let function = format!("void part_{number}(ucwa_config *config, ucwa_application *application)");
            text.push_str(&format!("{function};\n{function}\n{{\n(void)config, (void)application;\n{part}}}\n"));
        }
        let name = page.replace(['/', '.'], "-");
        check(&name, &text, &["-Wno-unused-variable"]);
        for (number, program) in programs.into_iter().enumerate() {
            check(&format!("{name}-{number}"), program, &[]);
        }
    }
}

#[test]
fn the_first_programs_print_a_presence() {
    for page in ["README.md", "docs/c.md"] {
        let simulator = simulator();
        let first = blocks(page, "c").into_iter().find(|block| is_program(block)).unwrap();
        let mut child = start(Command::new(built(&format!("first-{}", page.replace(['/', '.'], "-")), &first)), Some(&simulator));
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let presence: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!((&presence["name"], &presence["availability"]), (&json!("Sara Davis"), &json!("Offline")));
        finish(page, child);
        assert_eq!(simulator.count("application"), 1, "it signs out");
    }
}

#[test]
fn the_poll_loop_prints_what_changes_until_its_input_ends() {
    let simulator = simulator();
    simulator.set_clock_speed(100.0);
    let program = blocks("docs/c.md", "c").into_iter().find(|block| is_program(block) && block.contains("poll(")).unwrap();
    let mut child = start(Command::new(built("poll", &program)), Some(&simulator));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut names: Vec<String> = (0..4).map(|_| next_presence(&mut lines)["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["Alex Darrow", "Dana Birkby", "Manish Chopra", "Sara Davis"]);
    simulator.set_presence("sip:SaraD@contoso.com", json!({"availability": "Busy"}));
    let sara = next_presence(&mut lines);
    assert_eq!((&sara["name"], &sara["availability"]), (&json!("Sara Davis"), &json!("Busy")));
    drop(child.stdin.take());
    finish("poll", child);
}

#[test]
fn the_json_is_json_and_events_have_their_members() {
    let members = |event: &Value| event.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut goldens = Vec::new();
    for file in fs::read_dir(Path::new(SOURCE).join("tests/golden")).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("event_")) {
            goldens.push(serde_json::from_str::<Value>(&fs::read_to_string(file).unwrap()).unwrap());
        }
    }
    let mut events = 0;
    for block in blocks("docs/json.md", "json") {
        let lines: Vec<&str> = if serde_json::from_str::<Value>(&block).is_ok() { vec![&block] } else { block.lines().collect() };
        for line in lines {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let alike = |golden: &&Value| (&golden["event"], &golden["state"]) == (&value["event"], &value["state"]);
            if let Some(golden) = goldens.iter().find(alike) {
                let optional = ["resource"];
                let mut expected = members(golden);
                expected.retain(|name| value.get(name).is_some() || !optional.contains(&name.as_str()));
                assert_eq!(members(&value), expected, "{line}");
                events += 1;
            }
        }
    }
    assert_eq!(events, 10, "the examples are not where they were");
}

#[test]
fn links_lead_somewhere() {
    let pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].into_iter().map(PathBuf::from);
    let guides = fs::read_dir(Path::new(SOURCE).join("docs")).unwrap().map(|entry| Path::new("docs").join(entry.unwrap().file_name()));
    let mut links = 0;
    for page in pages.chain(guides).filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(Path::new(SOURCE).join(&page)).unwrap();
        // Every other part between fences is code.
        let prose: String = text.split("```").step_by(2).collect();
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let there = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let there = Path::new(SOURCE).join(there);
            assert!(there.exists(), "{}: {link}", page.display());
            let known = heading.is_empty() || fs::read_to_string(&there).unwrap().lines().any(|line| anchor(line) == heading);
            assert!(known, "{}: {link}: there is no such heading", page.display());
            links += 1;
        }
    }
    assert!(links > 50, "the pages were read");
}

/// What leads to a heading: its words in small letters, without what is neither letter nor figure.
fn anchor(line: &str) -> String {
    let text = if line.starts_with('#') { line.trim_start_matches('#').trim() } else { "" };
    let kept = text.to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn simulator() -> Simulator {
    Simulator::builder().password(PASSWORD).start().unwrap()
}

fn next_presence(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = lines.next().expect("it goes on").unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["event"], "presence", "{line}");
    event["presence"].clone()
}

/// What a page holds in a language, block by block.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(SOURCE).join(page)).unwrap();
    text.split(&format!("```{language}\n")).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn is_program(block: &str) -> bool {
    block.contains("int main(")
}

fn check(name: &str, text: &str, flags: &[&str]) {
    let mut command = strict();
    command.args(flags).arg("-fsyntax-only").arg(written(name, text));
    succeeded(command);
}

/// A program of a page, which finds the simulator instead of a company's server.
fn built(name: &str, program: &str) -> PathBuf {
    assert!(program.contains(PASSWORD) && program.contains("ucwa_config_new()"));
    let source = written(name, &format!("{LABORATORY}{}", program.replace("ucwa_config_new()", "laboratory()")));
    let program = source.with_extension("");
    let folder = shared_library().parent().unwrap();
    let mut command = strict();
    command.arg(source).arg("-o").arg(&program).arg("-L").arg(folder).arg("-lucwa").args(found_in(folder));
    succeeded(command);
    program
}

fn strict() -> Command {
    let mut command = compiler(false);
    command.args(["-std=c99", "-D_POSIX_C_SOURCE=200809L"]).args(STRICT).arg("-I").arg(include());
    command
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("docs-{name}.c"));
    fs::write(&path, text).unwrap();
    path
}
