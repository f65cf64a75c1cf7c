//! The C++ header: complete, and good C++ for the system's compiler, in the long form for every one; and the C++ programs of
//! `tests/cpp` and `examples/cpp`, run against the library that users get, with sanitizers.
#![cfg(all(feature = "capi", unix))]

mod native;

use native::cpp::{dialects, headers, later_dialect, ways};
use native::run::{finish, start, wait_until};
use native::{SOURCE, succeeded, write};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use ucwa_simulator::{Fault, Group, Person, Simulator};

const C_HEADER: &str = include_str!("../include/ucwa.h");

#[test]
fn every_function_of_c_is_there_and_no_other() {
    let text: String = header_files().iter().map(|file| code(&fs::read_to_string(file).unwrap())).collect();
    let calls = text.match_indices("ucwa_").filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    let words = calls.map(|(at, _)| text[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
    let types = ["ucwa_config", "ucwa_application", "ucwa_json", "ucwa_status"];
    let used: BTreeSet<&str> = words.filter(|word| !types.contains(word)).collect();
    let declared: BTreeSet<&str> = functions();
    assert_eq!(used, declared);
}

#[test]
fn every_status_level_and_key_is_there() {
    let text: String = header_files().iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for name in C_HEADER.lines().filter_map(|line| line.strip_prefix("#define UCWA_")?.split_once(' ')).map(|(name, _)| name) {
        if !name.starts_with("VERSION") && !name.starts_with("API") {
            assert!(text.contains(&format!("= UCWA_{name}")), "UCWA_{name}");
        }
    }
    let keys: serde_json::Value = serde_json::from_str(&ucwa::Config::keys()).unwrap();
    for key in keys.as_array().unwrap() {
        assert!(text.contains(&format!("set({},", key["key"])), "{}", key["key"]);
    }
}

#[test]
fn each_file_of_the_header_stands_alone() {
    for way in dialects() {
        for file in header_files() {
            // What a compiler says of a main file alone is of no interest.
            let name = file.file_stem().unwrap().to_str().unwrap();
            let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("alone-{}-{name}.cpp", way.name));
            let line = format!("#include \"{}\"\n", file.display());
            write(&source, &format!("{line}{line}int main() {{}}\n"));
            way.check(&source);
        }
    }
    let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("alone-later.cpp");
    write(&source, &format!("#include \"{}\"\nint main() {{}}\n", headers().join("ucwa.hpp").display()));
    later_dialect().check(&source);
}

#[test]
fn the_headers_example_compiles() {
    let text = fs::read_to_string(headers().join("ucwa.hpp")).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("///     ")).collect();
    check_example("header", &lines.join("\n"));
}

#[test]
fn the_guides_examples_compile() {
    let text = fs::read_to_string(Path::new(SOURCE).join("docs/cpp.md")).unwrap();
    let mut examples = text.split("```cpp\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    check_example("guide", examples.next().unwrap());
    // The rest are parts of programs.
    let parts: Vec<String> = examples.map(|part| format!("    {{\n{part}    }}\n")).collect();
    assert_eq!(parts.len(), 7, "the examples are not where they were");
    let before = "#include <iostream>\n#include <thread>\n#include <ucwa.hpp>\n\
                  using namespace std::chrono_literals;\n\
                  struct { std::optional<std::string> token_for(const std::string &) { return std::nullopt; } } vault;\n\
                  void parts(ucwa::application &application, ucwa::config &config);\n\
                  void parts(ucwa::application &application, ucwa::config &config)\n{\n";
    check_example("guide-parts", &format!("{before}{}}}\n", parts.concat()));
}

/// The programs that newcomers begin with, word by word, save for where the server is.
#[test]
fn the_first_programs_list_a_group() {
    let laboratory = "config.discovery_url(std::getenv(\"UCWA_TEST_URL\")).ca_file(std::getenv(\"UCWA_TEST_CA\")).";
    for page in ["README.md", "docs/cpp.md"] {
        let text = fs::read_to_string(Path::new(SOURCE).join(page)).unwrap();
        let program = text.split("```cpp\n").nth(1).unwrap().split("```").next().unwrap();
        assert!(program.contains("int main()") && program.matches("config.sign_in_address").count() == 1, "{page}: {program}");
        let name = format!("first-{}", page.replace(['/', '.'], "-"));
        check_example(&name, program);
        let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cpp-{name}.cpp"));
        let found = program.replace("config.sign_in_address", &format!("{laboratory}sign_in_address"));
        write(&source, &format!("#include <cstdlib>\n{found}"));
        for way in ways() {
            let simulator = Simulator::builder().password("Pa$$w0rd").start().unwrap();
            let mut child = start(Command::new(way.compile(&name, std::slice::from_ref(&source))), Some(&simulator));
            let mut lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
            finish(page, child);
            lines.sort();
            assert_eq!(lines, ["Alex Darrow: Online", "Dana Birkby: Away", "Manish Chopra: Busy", "Sara Davis: Offline"], "{page}");
            assert_eq!(simulator.count("application"), 1, "it signs out");
        }
    }
}

fn check_example(name: &str, text: &str) {
    assert!(text.lines().count() > 10, "the example is not where it was");
    let source = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cpp-example-{name}.cpp"));
    write(&source, &format!("{text}\n"));
    dialects().iter().for_each(|way| way.check(&source));
}

#[test]
fn each_program_is_good_cpp_20() {
    // As C++17 they are compiled to be run.
    for way in dialects().iter().filter(|way| way.flags.contains(&"-std=c++20")) {
        for folder in ["tests/cpp", "examples/cpp"] {
            for entry in fs::read_dir(Path::new(SOURCE).join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "cpp") {
                    way.check(&path);
                }
            }
        }
    }
}

#[test]
fn errors() {
    runs("errors", &["errors.cpp"], || None);
}

#[test]
fn json() {
    runs("json", &["json.cpp"], || None);
}

#[test]
fn events() {
    runs("events", &["events.cpp"], || None);
}

#[test]
fn config() {
    runs("config", &["config.cpp"], || None);
}

#[test]
fn two_units() {
    runs("two_units", &["two_units.cpp", "two_units_other.cpp"], || None);
}

#[test]
fn presence() {
    runs("presence", &["presence.cpp"], || {
        let simulator = Simulator::start().unwrap();
        simulator.edit(|directory| {
            directory.add_person(Person::new("sip:new@contoso.com", "New"));
            for id in ["twin-1", "twin-2"] {
                directory.add_group(Group::own("Twins").with_id(id));
            }
        });
        Some(simulator)
    });
}

#[test]
fn me() {
    runs("me", &["me.cpp"], || Some(Simulator::start().unwrap()));
}

#[test]
fn callbacks() {
    runs("callbacks", &["callbacks.cpp"], || Some(Simulator::start().unwrap()));
}

#[test]
fn threads() {
    for way in ways() {
        let simulator = Simulator::start().unwrap();
        simulator.fault(Fault::on("contactPresence").hang().forever());
        let mut child = start(Command::new(way.compile("threads", &[source("threads.cpp")])), Some(&simulator));
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        if line == "waiting\n" {
            wait_until("the server holds four requests", || simulator.count("contactPresence") == 4);
            child.stdin.take().unwrap().write_all(b"go\n").unwrap();
        }
        finish("threads", child);
    }
}

#[test]
fn live() {
    for way in ways() {
        let simulator = Simulator::builder().clock_speed(100.0).start().unwrap();
        let mut child = start(Command::new(way.compile("live", &[source("live.cpp")])), Some(&simulator));
        let mut answer = child.stdin.take().unwrap();
        // The program says how Sara Davis is to be.
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            assert!(simulator.set_presence("sip:SaraD@contoso.com", serde_json::json!({ "availability": line.unwrap() })));
            answer.write_all(b"done\n").unwrap();
        }
        finish("live", child);
    }
}

#[test]
fn lifetimes() {
    for way in ways() {
        let simulator = Simulator::start().unwrap();
        simulator.fault(Fault::on("addToPresenceSubscription").hang().forever());
        let mut child = start(Command::new(way.compile("lifetimes", &[source("lifetimes.cpp")])), Some(&simulator));
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line == "calling\n" {
            wait_until("the server holds the callback's request", || simulator.count("addToPresenceSubscription") == 1);
            child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        }
        assert_eq!(finish("lifetimes", child), "", "the library prints nothing");
    }
}

#[test]
fn who_is_free() {
    let simulator = Simulator::start().unwrap();
    let example = Path::new(SOURCE).join("examples/cpp/who_is_free.cpp");
    for way in ways() {
        let program = way.compile("who_is_free", std::slice::from_ref(&example));
        let command = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.args(arguments).env("NO_PROXY", "localhost");
            command.env("UCWA_ADDRESS", simulator.sign_in_address()).env("UCWA_PASSWORD", simulator.password());
            command.env("UCWA_URL", simulator.url()).env("UCWA_CA_FILE", simulator.ca_file());
            command
        };
        let output = String::from_utf8(succeeded(command(&["Sales"])).stdout).unwrap();
        let rows: Vec<Vec<&str>> =
            output.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
        assert_eq!(rows[0], ["NAME", "AVAILABILITY", "ACTIVITY", "LAST ACTIVE (UTC)"]);
        // Who is free comes first, who is offline last; in between and among equals by name.
        let names: Vec<&str> = rows[1..5].iter().map(|row| row[0]).collect();
        assert_eq!(names, ["Alex Darrow", "Manish Chopra", "Dana Birkby", "Sara Davis"], "{output}");
        assert!(rows[4].contains(&"2013-01-22 03:58"), "{output}");
        assert!(output.ends_with("\n1 of 4 in Sales is free.\n"), "{output}");

        let failure = command(&["No Such Group"]).output().unwrap();
        let message = String::from_utf8(failure.stderr).unwrap();
        assert!(!failure.status.success() && message.contains("No Such Group") && message.contains("Pinned Contacts"), "{message}");
        let usage = command(&[]).output().unwrap();
        assert!(!usage.status.success() && String::from_utf8(usage.stderr).unwrap().starts_with("usage: "));
    }
}

/// Runs a program of `tests/cpp` in every way, each time with a server of its own.
fn runs(name: &str, sources: &[&str], simulator: impl Fn() -> Option<Simulator>) {
    let sources: Vec<PathBuf> = sources.iter().map(|file| source(file)).collect();
    for way in ways() {
        let simulator = simulator();
        let program = Command::new(way.compile(name, &sources));
        finish(&format!("{name} ({})", way.name), start(program, simulator.as_ref()));
    }
}

fn source(name: &str) -> PathBuf {
    Path::new(SOURCE).join("tests/cpp").join(name)
}

fn header_files() -> Vec<PathBuf> {
    let mut files = vec![headers().join("ucwa.hpp")];
    files.extend(fs::read_dir(headers().join("ucwa")).unwrap().map(|entry| entry.unwrap().path()));
    files
}

/// A file without its comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).fold(String::new(), |all, line| all + line + "\n")
}

/// The names that the C header declares as functions.
fn functions() -> BTreeSet<&'static str> {
    let declarations = C_HEADER.split("\nUCWA_API").skip(1).filter_map(|text| text.split_once('('));
    declarations.filter_map(|(before, _)| before.rsplit(|c: char| c.is_whitespace() || c == '*').next()).collect()
}
