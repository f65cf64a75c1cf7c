//! The C library as a user has it, and C and C++ programs built against it.
#![allow(dead_code, reason = "each test program uses its part")]

pub mod cpp;
#[path = "../extent/mod.rs"]
pub mod extent;
pub mod run;

use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

/// What every C file of the house compiles with.
pub const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// The shared library. `cargo test` itself builds it for nobody, so it is built here, as `cargo build` does.
pub fn shared_library() -> &'static Path {
    &libraries().shared
}

/// The static library, and what the linker needs beside it.
pub fn static_library() -> (&'static Path, &'static [String]) {
    (&libraries().fixed, &libraries().needed)
}

struct Libraries {
    shared: PathBuf,
    fixed: PathBuf,
    needed: Vec<String>,
}

/// Both, built at once.
fn libraries() -> &'static Libraries {
    static BUILT: OnceLock<Libraries> = OnceLock::new();
    BUILT.get_or_init(|| {
        let messages = cargo(&["rustc", "--lib"], &["--", "--print", "native-static-libs"]);
        let texts = messages.iter().filter_map(|message| message["message"]["message"].as_str());
        let needed = texts.filter_map(|text| text.strip_prefix("native-static-libs: ")).next_back().expect("rustc prints them");
        let built = |suffix: &str| artifact(&messages, suffix).unwrap_or_else(|| panic!("cargo built no {suffix}"));
        Libraries {
            shared: built(env::consts::DLL_SUFFIX),
            fixed: built(".a"),
            needed: needed.split_whitespace().map(str::to_owned).collect(),
        }
    })
}

fn artifact(messages: &[Value], suffix: &str) -> Option<PathBuf> {
    let ours = messages.iter().filter(|message| message["reason"] == "compiler-artifact" && message["target"]["name"] == "ucwa");
    let mut files = ours.filter_map(|message| message["filenames"].as_array()).flatten().filter_map(Value::as_str);
    files.rfind(|file| file.ends_with(suffix)).map(PathBuf::from)
}

/// Runs cargo with the profile of this test, in a target folder of its own: what users get has other features than what the
/// tests use, and in one folder each would have the other built again.
fn cargo(arguments: &[&str], last: &[&str]) -> Vec<Value> {
    // target/PROFILE/deps/TEST
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let name = match profile.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let mut command = Command::new(env!("CARGO"));
    if under_valgrind() {
        // What it reports, and what is suppressed, goes by names.
        command.env("CARGO_PROFILE_RELEASE_STRIP", "none");
    }
    let output = command
        .current_dir(SOURCE)
        .args(arguments)
        .args(["--package", "libucwa", "--profile", name, "--message-format", "json", "--target-dir"])
        .arg(profile.parent().unwrap().join("native"))
        .args(last)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Whether the programs are to run under valgrind.
pub fn under_valgrind() -> bool {
    env::var("UCWA_VALGRIND").is_ok_and(|answer| answer == "1")
}

/// How a program finds the library.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Shared,
    Static,
}

/// Compiles one of the C programs in `tests/c`, or of the examples.
pub fn compile(name: &str, link: Link) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(match link {
        Link::Shared => name.to_owned(),
        Link::Static => format!("{name}-static"),
    });
    let mut command = compiler(false);
    let own = Path::new(SOURCE).join("tests/c").join(name).with_extension("c");
    let source = if own.exists() { own } else { Path::new(SOURCE).join("examples/c").join(name).with_extension("c") };
    // The library's libraries come after what uses them.
    command.args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-g", "-pthread"]).args(STRICT);
    command.arg("-I").arg(include()).arg(source).arg("-o").arg(&program);
    match link {
        Link::Shared => {
            let folder = shared_library().parent().unwrap();
            command.arg("-L").arg(folder).arg("-lucwa").args(found_in(folder));
        }
        Link::Static => {
            let (archive, libraries) = static_library();
            command.arg(archive).args(libraries);
        }
    }
    if cfg!(target_os = "linux") {
        command.arg("-ldl");
    }
    succeeded(command);
    program
}

/// Has a program find a shared library in this folder, whatever the environment says: cargo's has one with the same name.
pub fn found_in(folder: &Path) -> Vec<String> {
    let mut flags = vec![format!("-Wl,-rpath,{}", folder.display())];
    if cfg!(target_os = "linux") {
        flags.push("-Wl,--disable-new-dtags".to_owned());
    }
    flags
}

/// Writes a file, unless it is there and the same.
pub fn write(path: &Path, text: &str) {
    if !fs::read_to_string(path).is_ok_and(|present| present == text) {
        fs::write(path, text).unwrap();
    }
}

/// Whether a file was made after the last change of what it is made from.
pub fn is_fresh<'p>(made: &Path, mut from: impl Iterator<Item = &'p Path>) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let Ok(at) = changed(made) else { return false };
    from.all(|path| changed(path).is_ok_and(|changed| changed < at))
}

/// Where the header lies.
pub fn include() -> PathBuf {
    Path::new(SOURCE).join("include")
}

/// The system's C or C++ compiler, with no flags but those it needs for this target.
pub fn compiler(cpp: bool) -> Command {
    let target = target();
    cc::Build::new().cpp(cpp).target(&target).host(&target).opt_level(0).cargo_metadata(false).get_compiler().to_command()
}

/// The platform, as Rust names it.
fn target() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host").to_owned()
}

/// Runs a command that must succeed.
pub fn succeeded(mut command: Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    output
}
