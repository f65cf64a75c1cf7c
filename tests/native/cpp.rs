//! C++ programs, built with the system's compiler; in the long form with every compiler that there is.

use super::extent::{left_out, long};
use super::{SOURCE, STRICT, compiler, found_in, include, is_fresh, shared_library, succeeded};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One way of compiling.
#[derive(Clone, Copy)]
pub struct Way {
    /// For the program's name.
    pub name: &'static str,
    pub clang: bool,
    pub flags: &'static [&'static str],
}

const SYSTEM: Way = Way { name: "system", clang: false, flags: &["-std=c++17"] };
const SYSTEM_20: Way = Way { name: "system-20", clang: false, flags: &["-std=c++20"] };
const CLANG: Way = Way { name: "clang", clang: true, flags: &["-std=c++17"] };
const CLANG_20: Way = Way { name: "clang-20", clang: true, flags: &["-std=c++20"] };
const SANITIZED: Way = Way {
    name: "sanitized",
    clang: false,
    flags: &["-std=c++17", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
};

/// What every program is run as: with sanitizers, where they work.
pub fn ways() -> Vec<Way> {
    if long() {
        return [SYSTEM, CLANG, SANITIZED].into_iter().filter(|way| way.is_there()).collect();
    }
    vec![if SANITIZED.is_there() { SANITIZED } else { SYSTEM }]
}

/// What every file has to be good C++ for.
pub fn dialects() -> Vec<Way> {
    if long() {
        return [SYSTEM, SYSTEM_20, CLANG, CLANG_20].into_iter().filter(|way| way.is_there()).collect();
    }
    vec![SYSTEM]
}

/// The later dialect of the system's compiler.
pub fn later_dialect() -> Way {
    SYSTEM_20
}

impl Way {
    fn is_there(&self) -> bool {
        let there = (!self.clang || has_clang()) && (self.name != SANITIZED.name || can_sanitize());
        if !there {
            left_out(if self.clang { "C++ with clang, which is not here" } else { "C++ with sanitizers, which do not work here" });
        }
        there
    }

    pub fn command(&self) -> Command {
        let mut command = if self.clang { Command::new("clang++") } else { compiler(true) };
        command.args(self.flags).args(STRICT).arg("-I").arg(include()).arg("-I").arg(headers());
        command
    }

    /// Checks that a file is good C++, and makes nothing of it; once for each of its versions.
    pub fn check(&self, source: &Path) {
        let name = source.display().to_string().replace(['/', '.'], "-");
        let stamp = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("checked-{}{name}", self.name));
        if is_fresh(&stamp, headers_and(std::slice::from_ref(&source))) {
            return;
        }
        let mut command = self.command();
        // Users compile with these, too, and the header must not be in their way.
        command.args(["-Wshadow", "-Wconversion", "-fsyntax-only"]).arg(source);
        succeeded(command);
        fs::write(stamp, "").unwrap();
    }

    /// Compiles a program against the shared library, unless that was done for this version of it.
    pub fn compile(&self, name: &str, sources: &[PathBuf]) -> PathBuf {
        let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cpp-{name}-{}", self.name));
        let folder = shared_library().parent().unwrap();
        if is_fresh(&program, headers_and(sources)) {
            return program;
        }
        let mut command = self.command();
        command.args(["-g", "-pthread"]).args(sources).arg("-o").arg(&program);
        command.arg("-L").arg(folder).arg("-lucwa").args(found_in(folder));
        succeeded(command);
        program
    }
}

/// These, and what they may include; and this file, which has the flags.
fn headers_and<P: AsRef<Path>>(sources: &[P]) -> impl Iterator<Item = &Path> {
    static HEADERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let headers = HEADERS.get_or_init(|| {
        let folder = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = folder(headers().join("ucwa")).chain(folder(include())).collect();
        files.extend([headers().join("ucwa.hpp"), Path::new(SOURCE).join("tests/cpp/check.hpp"), Path::new(SOURCE).join(file!())]);
        files
    });
    sources.iter().map(AsRef::as_ref).chain(headers.iter().map(PathBuf::as_path))
}

/// Where the C++ header lies.
pub fn headers() -> PathBuf {
    Path::new(SOURCE).join("bindings/cpp")
}

fn has_clang() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| Command::new("clang++").arg("--version").output().is_ok_and(|output| output.status.success()))
}

/// Whether the compiler brings the sanitizers' libraries, and they work here: some containers forbid what they need.
fn can_sanitize() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let (source, program) = (folder.join("sanitizer.cpp"), folder.join("sanitizer"));
        std::fs::write(&source, "int main() {}\n").unwrap();
        let mut command = compiler(true);
        command.args(SANITIZED.flags).arg(&source).arg("-o").arg(&program);
        let works = |mut command: Command| command.output().is_ok_and(|output| output.status.success());
        works(command) && works(Command::new(&program))
    })
}
