//! The Python module: built, installed and tested as its users have it.
//!
//! Needs Python 3.10 or later with `venv`; `UCWA_PYTHON` names another one than the first on the path. The module itself
//! does with 3.9, on which it is tried where there is one (`UCWA_OLDEST_PYTHON`). What is built and installed stands in
//! `target/python`, and is used again as long as `bindings/python/requirements-test.txt` is the same. The long form makes
//! wheels of the source packages, too.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};
use std::thread;

mod extent;

const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

const MISSING: &str = "the tests of the Python module need Python 3.10 or later with its venv module (Debian: python3-venv); \
                       UCWA_PYTHON names another one than the first on the path";

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// Reads one from a source package, from where its metadata say that it is.
const LICENCE_OF_SOURCES: &str = "\
import email, sys, tarfile
package = tarfile.open(sys.argv[1])
top = package.getnames()[0].split('/')[0] + '/'
metadata = email.message_from_bytes(package.extractfile(top + 'PKG-INFO').read())
told = next(file for file in metadata.get_all('License-File') if file.endswith(sys.argv[2]))
sys.stdout.buffer.write(package.extractfile(top + told).read())";

/// The files side by side: their tests wait most of the time.
#[test]
fn the_module_keeps_its_promises() {
    let python = installed();
    let folder = Path::new(SOURCE).join("bindings/python/tests");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with("test_")).collect();
    assert!(files.len() > 10, "the tests are not where they were");
    // Of these the next is taken from the end; the longest take longest.
    files.sort_by_key(|file| fs::metadata(file).unwrap().len());
    let files = Mutex::new(files);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let next = || files.lock().unwrap().pop();
                while let Some(file) = next() {
                    succeeded(python.program("pytest").arg("--quiet").arg(file));
                }
            });
        }
    });
}

#[test]
fn types_are_right() {
    let python = installed();
    succeeded(python.program("mypy").arg("--cache-dir").arg(python.folder.join("mypy")));
    succeeded(python.program("stubtest").arg("ucwa"));
}

#[test]
fn the_python_code_is_tidy() {
    succeeded(installed().program("ruff").args(["check", "--no-cache", ".."]));
    succeeded(installed().program("ruff").args(["format", "--check", "--no-cache", ".."]));
}

/// The licences of the library, word by word, where the metadata say that they are.
#[test]
fn the_licences_are_in_the_wheels() {
    let read = "\
import sys
from importlib import metadata
wheel = metadata.distribution(sys.argv[1])
assert wheel.metadata['License-Expression'] == 'MIT OR Apache-2.0', wheel.metadata['License-Expression']
told = next(file for file in wheel.metadata.get_all('License-File') if file.endswith(sys.argv[2]))
file = next(file for file in wheel.files if str(file).endswith('.dist-info/licenses/' + told))
sys.stdout.buffer.write(file.read_binary())";
    for distribution in ["libucwa", "libucwa-simulator"] {
        for name in LICENCES {
            let carried = said(installed().program("python").args(["-c", read, distribution, name]));
            assert_eq!(carried, licence(name), "{distribution}: {name}");
        }
    }
}

/// The C ABI and libpython are no part of the module, nor is the simulator.
#[test]
#[cfg(target_os = "linux")]
fn the_native_part_exports_nothing_but_itself() {
    let module = said(installed().program("python").args(["-c", "import ucwa._ucwa; print(ucwa._ucwa.__file__)"]));
    let exported = said(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(module.trim()));
    let names: Vec<&str> = exported.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["PyInit__ucwa"]);
    let needed = said(Command::new("nm").args(["--dynamic", "--undefined-only", "--format=posix"]).arg(module.trim()));
    assert!(needed.contains("PyErr_"), "Python's functions are the interpreter's");
    let code = fs::read(module.trim()).unwrap();
    let holds = |text: &str| code.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("contactPresence") && !holds("ucwa_simulator") && !holds("libpython"));
}

#[test]
fn source_packages_hold_what_is_needed_and_no_more() {
    let python = installed();
    let folder = python.folder.join("sdist");
    remove(&folder);
    for (name, needed) in [
        ("python", ["/src/client.rs", "/bindings/python/src/lib.rs", "/python/ucwa/py.typed", "/Cargo.lock"]),
        ("python-simulator", ["/simulator/src/main.rs", "/Cargo.lock", "/Cargo.toml", "/README.md"]),
    ] {
        let bindings = Path::new(SOURCE).join("bindings").join(name);
        succeeded(python.program("maturin").current_dir(bindings).arg("sdist").arg("--out").arg(&folder));
        let package = only_file(&folder);
        let list = "import sys, tarfile; print(*tarfile.open(sys.argv[1]).getnames(), sep='\\n')";
        let names = said(python.program("python").args(["-c", list]).arg(&package));
        for needed in needed {
            assert!(names.lines().any(|line| line.ends_with(needed)), "{}: {needed} is missing", package.display());
        }
        for name in LICENCES {
            let carried = said(python.program("python").args(["-c", LICENCE_OF_SOURCES]).arg(&package).arg(name));
            assert_eq!(carried, licence(name), "{}: {name}", package.display());
        }
        for stray in ["/target/", "/__pycache__/", "/.git/"] {
            assert!(!names.contains(stray), "{}: {stray}", package.display());
        }
        if !extent::long() {
            remove(&folder);
            continue;
        }
        // And makes the wheel, as pip has it made.
        let mut build = python.program("python");
        build.env("MATURIN_PEP517_ARGS", "--profile=dev").args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]);
        succeeded(build.arg("--wheel-dir").arg(folder.join("wheels")).arg(&package));
        let wheel = only_file(&folder.join("wheels"));
        assert!(wheel.extension().is_some_and(|extension| extension == "whl"), "{}", wheel.display());
        remove(&folder);
    }
}

/// On the oldest Python that the wheels are for, where there is one: most of the tests' own tools want a later one.
#[test]
fn the_oldest_python_does() {
    let oldest = env::var_os("UCWA_OLDEST_PYTHON").unwrap_or_else(|| "python3.9".into());
    let makes_environments = outside_of_cargo(&oldest).args(["-c", "import venv, ensurepip"]).output();
    if !makes_environments.is_ok_and(|output| output.status.success()) {
        // Past what cargo keeps back of tests that pass.
        io::stderr().write_all(b"SKIPPED: there is no Python 3.9 here to try the module with\n").unwrap();
        return;
    }
    let python = installed();
    let environment = python.folder.join("oldest");
    remove(&environment);
    succeeded(outside_of_cargo(&oldest).args(["-m", "venv"]).arg(&environment));
    let program = environment.join("bin/python");
    for name in ["python", "python-simulator"] {
        succeeded(outside_of_cargo(&program).args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]).arg(python.wheel(name)));
    }
    let script = "\
import asyncio, ucwa, ucwa.aio
from ucwa.testing import Simulator
async def read(keys):
    async with await ucwa.aio.sign_in(**keys) as app:
        return (await app.contact_presence('sip:SaraD@contoso.com')).availability
with Simulator(clock_speed=100) as simulator:
    with ucwa.sign_in(**simulator.keys) as app, app.subscribe_group('Sales') as team:
        told = [app.next_event(60).uri for _ in team.contacts]
        assert sorted(told) == sorted(team.contacts) and len(told) == 4, told
        assert [person.name for person in app.group_presence('Sales')][0] == 'Sara Davis'
    assert asyncio.run(read(simulator.keys)) == 'Offline'";
    succeeded(outside_of_cargo(&program).args(["-W", "error", "-c", script]));
}

/// A virtual environment with both wheels.
struct Python {
    /// `target/python`.
    folder: PathBuf,
}

impl Python {
    fn environment(&self) -> PathBuf {
        self.folder.join("environment")
    }

    /// A program of the environment, which begins where the Python package is.
    fn program(&self, name: &str) -> Command {
        let scripts = self.environment().join(if cfg!(windows) { "Scripts" } else { "bin" });
        let mut command = outside_of_cargo(scripts.join(name));
        command.current_dir(Path::new(SOURCE).join("bindings/python"));
        // A folder of its own: cargo's lock on the usual one may be held, and other features are wanted here.
        command.env("CARGO_TARGET_DIR", self.folder.join("build"));
        let others = env::var_os("PATH").unwrap_or_default();
        command.env("PATH", env::join_paths(std::iter::once(scripts).chain(env::split_paths(&others))).unwrap());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env_remove("UCWA_SIMULATOR");
        command
    }

    /// Makes the environment, unless the one that is there holds what is wanted.
    fn prepare(&self) {
        let python = env::var_os("UCWA_PYTHON").unwrap_or_else(|| if cfg!(windows) { "python" } else { "python3" }.into());
        let check = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10); print(sys.version, sys.executable)";
        let version = outside_of_cargo(&python).args(["-c", check]).output();
        let version = match version {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
            Ok(output) => panic!("{MISSING}\n{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => panic!("{MISSING}\n{}: {error}", python.display()),
        };
        let requirements = Path::new(SOURCE).join("bindings/python/requirements-test.txt");
        let wanted = version + &fs::read_to_string(&requirements).unwrap();
        // Written last, so that half an environment is made anew.
        let stamp = self.environment().join("made-for.txt");
        if fs::read_to_string(&stamp).is_ok_and(|made_for| made_for == wanted) {
            return;
        }
        remove(&self.environment());
        succeeded(outside_of_cargo(&python).args(["-m", "venv"]).arg(self.environment()));
        succeeded(self.program("python").args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements));
        fs::write(stamp, wanted).unwrap();
    }

    /// Builds both wheels and installs them over the former ones.
    fn install(&self) {
        for name in ["python", "python-simulator"] {
            let wheels = self.folder.join("wheels").join(name);
            remove(&wheels);
            let bindings = Path::new(SOURCE).join("bindings").join(name);
            succeeded(self.program("maturin").current_dir(bindings).args(["build", "--interpreter", "python", "--out"]).arg(wheels));
            let pip = ["-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"];
            succeeded(self.program("python").args(pip).arg(self.wheel(name)));
        }
    }

    fn wheel(&self, name: &str) -> PathBuf {
        only_file(&self.folder.join("wheels").join(name))
    }
}

fn installed() -> &'static Python {
    static INSTALLED: OnceLock<Python> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let python = Python { folder: Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python") };
        python.prepare();
        python.install();
        python
    })
}

/// A command that does not take what cargo says of this package for its own: packages would be built anew for it.
fn outside_of_cargo(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name.starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    command
}

/// A licence as the library has it.
fn licence(name: &str) -> String {
    fs::read_to_string(Path::new(SOURCE).join(name)).unwrap()
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.next().unwrap_or_else(|| panic!("{} is empty", folder.display()));
    assert!(files.next().is_none(), "{} holds one file", folder.display());
    file
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
}

fn said(command: &mut Command) -> String {
    String::from_utf8(succeeded(command).stdout).unwrap()
}

/// Runs a command that must succeed.
fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    output
}
