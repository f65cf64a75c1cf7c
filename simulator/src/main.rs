//! The simulator as a program.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ucwa_simulator::Simulator;

/// A UCWA 2.0 server with an invented company, for developing against without a Skype for Business deployment.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Options {
    /// Where HTTPS listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where plain HTTP listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    http_listen: SocketAddr,
    /// Where the control endpoint listens; it asks for no password
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control_listen: SocketAddr,
    /// A further host name for the certificate; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// How many generated people to add to the company
    #[arg(long, value_name = "N", default_value_t = 0)]
    contacts: usize,
    /// Add the groups that few users have: delegates, delegators, organisation
    #[arg(long)]
    special_groups: bool,
    /// How long every answer is held back
    #[arg(long, value_name = "N", default_value_t = 0)]
    latency_ms: u64,
    /// The user's address
    #[arg(long, value_name = "ADDRESS")]
    sign_in_address: Option<String>,
    /// The user's password
    #[arg(long, value_name = "TEXT")]
    password: Option<String>,
    /// How long a token is good for
    #[arg(long, value_name = "N", default_value_t = 28_800)]
    token_lifetime_s: u64,
    /// How long an application lives without a request; for ever if not given
    #[arg(long, value_name = "N")]
    application_lifetime_s: Option<u64>,
    /// The pool the user is homed at, where that is not the host asked
    #[arg(long, value_name = "HOST")]
    applications_host: Option<String>,
    /// How many times as fast as the real one the simulator's clock runs; 0 stops it
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    clock_speed: f64,
    /// Where to write the ready object as well, once everything listens
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// End when standard input does
    #[arg(long)]
    exit_with_stdin: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed: &f64| *speed >= 0.0 && speed.is_finite());
    speed.ok_or_else(|| "a number that is not negative is needed".into())
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "ucwa-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // From here on a signal ends the program in order, whatever it does next.
    let signal = {
        let _within = runtime.enter();
        Signals::new()?
    };
    let simulator = start(options)?;
    introduce(&simulator)?;
    if let Some(path) = &options.ready_file {
        write_whole(path, &simulator.ready_json())?;
    }
    runtime.block_on(async {
        tokio::select! {
            () = signal.any() => {}
            () = end_of_input(), if options.exit_with_stdin => {}
        }
    });
    Ok(())
}

fn start(options: &Options) -> io::Result<Simulator> {
    let mut builder = Simulator::builder()
        .listen(options.listen)
        .http_listen(options.http_listen)
        .control_listen(options.control_listen)
        .contacts(options.contacts)
        .special_groups(options.special_groups)
        .latency(Duration::from_millis(options.latency_ms))
        .token_lifetime(Duration::from_secs(options.token_lifetime_s))
        .clock_speed(options.clock_speed)
        .application_lifetime(options.application_lifetime_s.map(Duration::from_secs));
    for host in &options.host {
        builder = builder.host(host);
    }
    if let Some(address) = &options.sign_in_address {
        builder = builder.sign_in_address(address);
    }
    if let Some(password) = &options.password {
        builder = builder.password(password);
    }
    if let Some(host) = &options.applications_host {
        builder = builder.applications_host(host);
    }
    builder.start()
}

/// The ready object for programs, then the same for people.
fn introduce(simulator: &Simulator) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", simulator.ready_json())?;
    writeln!(out, "Discovery starts at {} (plain HTTP: {}).", simulator.url(), simulator.http_url())?;
    writeln!(out, "Trust the certificate authority in {}.", simulator.ca_file().display())?;
    writeln!(out, "Sign in as {} with the password {}.", simulator.sign_in_address(), simulator.password())?;
    writeln!(out, "Change somebody's presence:")?;
    writeln!(
        out,
        "  curl -X PUT {}presence/sip:sarad@contoso.com -d '{{\"availability\":\"Busy\",\"activity\":\"in-a-meeting\"}}'",
        simulator.control_url()
    )?;
    writeln!(out, "Ctrl-C ends it.")?;
    out.flush()
}

/// Writes a file so that nobody ever sees half of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let unfinished = path.with_file_name(name);
    std::fs::write(&unfinished, format!("{text}\n"))?;
    std::fs::rename(&unfinished, path)
}

/// Resolves when standard input is at its end.
async fn end_of_input() {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    // A thread, as reading there cannot be cancelled. It dies with the program.
    std::thread::spawn(move || {
        let _until_the_end = tell;
        let mut buffer = [0; 256];
        while io::stdin().read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    let _ = told.await;
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn any(mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals)
    }

    async fn any(self) {
        // Without it the program ends less politely, but ends.
        let _ = tokio::signal::ctrl_c().await;
    }
}
