//! The C programs of `tests/c`, compiled and run against the library that users get.
//!
//! With `UCWA_VALGRIND=1` each runs under valgrind; that wants the release profile.
#![cfg(all(feature = "capi", unix))]

mod native;

use native::Link;
use native::run::{self, finish, wait_until};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command};
use ucwa_simulator::{Fault, Simulator};

#[test]
fn config() {
    runs("config", Link::Shared, None);
}

#[test]
fn json_reader() {
    runs("json_reader", Link::Shared, None);
}

#[test]
fn errors() {
    runs("errors", Link::Shared, None);
}

#[test]
fn arguments() {
    runs("arguments", Link::Shared, Some(&Simulator::start().unwrap()));
}

#[test]
fn presence() {
    runs("presence", Link::Shared, Some(&Simulator::start().unwrap()));
}

#[test]
fn presence_from_the_static_library() {
    runs("presence", Link::Static, Some(&Simulator::start().unwrap()));
}

#[test]
fn fork() {
    runs("fork", Link::Shared, Some(&Simulator::start().unwrap()));
}

#[test]
fn log() {
    runs("log", Link::Shared, Some(&Simulator::start().unwrap()));
}

#[test]
fn threads() {
    runs("threads", Link::Shared, Some(&Simulator::start().unwrap()));
}

#[test]
fn token_callback() {
    runs("token_callback", Link::Shared, Some(&Simulator::start().unwrap()));
}

#[test]
fn cancel() {
    let simulator = Simulator::start().unwrap();
    simulator.fault(Fault::on("contactPresence").hang().forever());
    let mut child = start("cancel", Link::Shared, Some(&simulator));
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    if line == "waiting\n" {
        wait_until("the server holds four requests", || simulator.count("contactPresence") == 4);
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    finish("cancel", child);
}

#[test]
#[cfg(target_os = "linux")]
fn closed_descriptors() {
    let simulator = Simulator::start().unwrap();
    simulator.fault(Fault::on("contactPresence").path("sarad").hang().forever());
    let mut child = start("closed_descriptors", Link::Shared, Some(&simulator));
    let mut answer = child.stdin.take().unwrap();
    let mut read = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        match line.unwrap().as_str() {
            "listening" => {
                wait_until("the server holds the pending GET", || simulator.pending_events() == 1 && simulator.outstanding() == 1);
            }
            _ => {
                read += 1;
                let of_sara = || simulator.requests().iter().filter(|request| request.target.contains("sarad")).count();
                wait_until("the server holds the request", || of_sara() == read);
            }
        }
        answer.write_all(b"done\n").unwrap();
    }
    assert_eq!(finish("closed_descriptors", child), "", "the library prints nothing");
}

#[test]
fn live() {
    let simulator = Simulator::builder().clock_speed(100.0).start().unwrap();
    let mut child = start("live", Link::Shared, Some(&simulator));
    let mut answer = child.stdin.take().unwrap();
    // The program says how Sara Davis is to be.
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        assert!(simulator.set_presence("sip:SaraD@contoso.com", serde_json::json!({ "availability": line.unwrap() })));
        answer.write_all(b"done\n").unwrap();
    }
    finish("live", child);
}

#[test]
fn board() {
    let simulator = Simulator::builder().clock_speed(100.0).start().unwrap();
    let mut command = program("board", Link::Shared);
    command.args(["-l", "-s", "5", "Sales"]);
    let mut child = run::start(command, Some(&simulator));
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.len() == 4 {
            assert!(simulator.set_presence("sip:SaraD@contoso.com", serde_json::json!({ "availability": "Busy" })));
        }
    }
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[..4].contains(&"Sara Davis: Offline".to_owned()) && lines[4] == "Sara Davis: Busy", "{lines:?}");
    finish("board", child);
}

#[test]
fn sigpipe() {
    let simulator = Simulator::start().unwrap();
    let presence = || Fault::on("contactPresence");
    // What a lost connection looks like depends on how far the loss has got: all kinds in turn.
    for _ in 0..1000 {
        simulator.fault(presence().answer_then_reset(0));
        simulator.fault(presence().close_after());
        simulator.fault(presence().answer_then_reset(1));
    }
    simulator.fault(presence().reset().forever());
    runs("sigpipe", Link::Shared, Some(&simulator));
}

#[test]
#[cfg(target_os = "linux")]
fn resolver_hang() {
    let simulator = Simulator::start().unwrap();
    simulator.fault(Fault::on("contactPresence").drop().forever());
    runs("resolver_hang", Link::Shared, Some(&simulator));
}

fn runs(name: &str, link: Link, simulator: Option<&Simulator>) {
    finish(name, start(name, link, simulator));
}

fn start(name: &str, link: Link, simulator: Option<&Simulator>) -> Child {
    run::start(program(name, link), simulator)
}

fn program(name: &str, link: Link) -> Command {
    let program = native::compile(name, link);
    let valgrind = native::under_valgrind();
    let mut command = if valgrind {
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
        command.arg(format!("--suppressions={}/tests/valgrind.supp", native::SOURCE)).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A checker is slow.
    command.env("UCWA_TEST_ROUNDS", if valgrind { "100" } else { "2000" });
    command
}
