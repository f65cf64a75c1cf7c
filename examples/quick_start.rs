//! Builds the C library and `examples/c/presence.c`, then lets that program read presence from a simulated server:
//!
//! ```sh
//! cargo run --example quick_start
//! ```

use serde_json::{Value, json};
use std::env::consts::{DLL_SUFFIX, EXE_SUFFIX};
use std::env::{self, join_paths, split_paths};
use std::error::Error;
use std::iter::once;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use ucwa_simulator::Simulator;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SARA: &str = "sip:SaraD@contoso.com";

fn main() -> ExitCode {
    match quick_start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn quick_start() -> Result<()> {
    env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    let folder = output_folder()?;
    let library = build_library(&folder)?;
    let program = compile(&folder, &library)?;
    let simulator = Simulator::start()?;

    run(&program, &library, &simulator, &[SARA])?;

    println!("\nSara Davis goes into a meeting.");
    simulator.set_presence(SARA, json!({"availability": "Busy", "activity": "in-a-meeting", "deviceType": "PC"}));

    run(&program, &library, &simulator, &[SARA, "Sales"])
}

/// Where cargo put this program, but for `examples`: most often `target/debug`.
fn output_folder() -> Result<PathBuf> {
    let own = env::current_exe()?;
    let folder = own.ancestors().nth(2).ok_or("this program does not lie where cargo puts examples")?;
    Ok(folder.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(folder).to_owned())
}

/// Builds the shared library as C programs get it; `cargo run` builds only what Rust programs need of it.
fn build_library(folder: &Path) -> Result<PathBuf> {
    println!("$ cargo build --lib");
    let profile = folder.file_name().filter(|name| *name != "debug").unwrap_or("dev".as_ref());
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--lib", "--package", "libucwa", "--message-format", "json-render-diagnostics"]);
    cargo.arg("--profile").arg(profile).arg("--target-dir").arg(folder.parent().unwrap_or(folder));
    // What cargo says of this package to this program is not meant for the packages that are built now.
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    let messages = succeeded(&mut cargo)?.stdout;
    let messages = messages.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let built = messages.filter(|message| message["target"]["name"] == "ucwa");
    let files: Vec<Value> = built.filter_map(|message| message["filenames"].as_array().cloned()).flatten().collect();
    let shared = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(DLL_SUFFIX));
    Ok(shared.ok_or("cargo built no shared library")?.into())
}

/// Compiles the C program against the header and the shared library.
fn compile(folder: &Path, library: &Path) -> Result<PathBuf> {
    let program = folder.join("examples").join(format!("presence{EXE_SUFFIX}"));
    let versions = String::from_utf8(succeeded(Command::new(env!("CARGO")).arg("-vV"))?.stdout)?;
    let host = versions.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("cargo names no host")?;
    let mut build = cc::Build::new();
    build.host(host).target(host).opt_level(0).no_default_flags(true).cargo_metadata(false);
    let compiler = build.try_get_compiler()?;

    let mut command = compiler.to_command();
    if compiler.is_like_msvc() {
        command.args(["/nologo", "/D_CRT_SECURE_NO_WARNINGS", "/Iinclude", "examples/c/presence.c"]).arg(library.with_extension("dll.lib"));
        command.arg(format!("/Fo{}", program.with_extension("obj").display())).arg(format!("/Fe{}", program.display()));
    } else {
        command.args(["-std=c99", "-Iinclude", "examples/c/presence.c", "-o"]).arg(&program);
        command.arg(format!("-L{}", folder.display())).arg("-lucwa");
    }
    print_command(&command);
    succeeded(&mut command).map_err(|error| format!("{error}\nThe quick start needs a C compiler, such as gcc; CC names another one."))?;
    Ok(program)
}

/// Runs the C program against the simulator.
fn run(program: &Path, library: &Path, simulator: &Simulator, arguments: &[&str]) -> Result<()> {
    let search = match env::consts::OS {
        "windows" => "PATH",
        "macos" => "DYLD_LIBRARY_PATH",
        _ => "LD_LIBRARY_PATH",
    };
    let others = env::var_os(search).unwrap_or_default();
    let folders = join_paths(library.parent().map(PathBuf::from).into_iter().chain(split_paths(&others)))?;

    let mut command = Command::new(program);
    command.args(arguments).env(search, folders);
    command.env("UCWA_ADDRESS", simulator.sign_in_address()).env("UCWA_PASSWORD", simulator.password());
    command.env("UCWA_URL", simulator.url()).env("UCWA_CA_FILE", simulator.ca_file());
    // The simulator is on this machine, whatever proxy leads out of it.
    command.env("NO_PROXY", "localhost").stdout(Stdio::inherit());
    print_command(&command);
    succeeded(&mut command).map(drop)
}

/// Runs a command that must succeed.
fn succeeded(command: &mut Command) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() { Ok(output) } else { Err(format!("{name}: {}", output.status).into()) }
}

fn print_command(command: &Command) {
    let words: Vec<_> = once(command.get_program()).chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    println!("$ {}", words.join(" "));
}
