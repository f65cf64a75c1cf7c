//! Programs that talk to a simulated server, or to none.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use ucwa_simulator::Simulator;

/// Longer than any program needs, on any machine.
const LONGEST: Duration = Duration::from_secs(600);

/// Starts a program, and tells it of the server.
pub fn start(mut command: Command, simulator: Option<&Simulator>) -> Child {
    if let Some(simulator) = simulator {
        command.env("UCWA_TEST_URL", simulator.url());
        command.env("UCWA_TEST_CA", simulator.ca_file());
        command.env("UCWA_TEST_ADDRESS", simulator.sign_in_address());
        command.env("UCWA_TEST_PASSWORD", simulator.password());
        command.env("UCWA_TEST_TOKEN", simulator.issue_token("localhost"));
        // The same by the names that examples go by.
        command.env("UCWA_URL", simulator.url()).env("UCWA_CA_FILE", simulator.ca_file());
        command.env("UCWA_ADDRESS", simulator.sign_in_address()).env("UCWA_PASSWORD", simulator.password());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Waits for a program, which says what is wrong, and must not hang. What it said without a failure.
pub fn finish(name: &str, mut child: Child) -> String {
    let mut errors = child.stderr.take().unwrap();
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        errors.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begin.elapsed() > LONGEST => {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let errors = reader.join().unwrap().unwrap();
    assert!(status.success(), "{name}: {status}\n{errors}");
    errors
}

pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LONGEST, "{what}: not within {LONGEST:?}");
        thread::sleep(Duration::from_millis(1));
    }
}
