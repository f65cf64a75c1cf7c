//! Installing, with CMake and with cargo-c, and a project of somebody else's that uses what was installed.
//!
//! Where a tool is missing its part is left out, which is said; the long form tests cargo-c and all ways of taking the project
//! in as well. In the release profile it is what users get; it takes minutes then.
#![cfg(all(feature = "capi", unix))]

mod native;

use native::extent::{left_out, long};
use native::{SOURCE, STRICT, compiler, static_library, succeeded};
use serde_json::Value;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const C_HEADER: &str = include_str!("../include/ucwa.h");
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_version_is_the_same_everywhere() {
    assert!(C_HEADER.contains(&format!("#define UCWA_VERSION \"{VERSION}\"\n")), "include/ucwa.h");
    let cmake = read("cmake/ucwaConfigVersion.cmake");
    assert!(cmake.contains(&format!("set(PACKAGE_VERSION \"{VERSION}\")\n")), "cmake/ucwaConfigVersion.cmake");
    // The others take it from the workspace, and the wheels from theirs.
    for file in ["Cargo.toml", "simulator/Cargo.toml", "bindings/python/Cargo.toml"] {
        assert!(read(file).contains("\nversion.workspace = true\n"), "{file}");
    }
    for file in ["bindings/python/pyproject.toml", "bindings/python-simulator/pyproject.toml"] {
        assert!(read(file).contains("\ndynamic = [\"version\"]\n"), "{file}");
    }
    let simulator = format!("\ntesting = [\"libucwa-simulator=={VERSION}\"]\n");
    assert!(read("bindings/python/pyproject.toml").contains(&simulator), "bindings/python/pyproject.toml: {simulator}");
}

#[test]
fn no_dependency_needs_a_later_rust() {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(SOURCE).args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &host()]);
    let metadata: Value = serde_json::from_slice(&succeeded(command).stdout).unwrap();
    let number = |text: &str| text.split('.').map(|part| part.parse::<u32>().unwrap()).chain([0, 0]).take(3).collect::<Vec<_>>();
    let ours = number(env!("CARGO_PKG_RUST_VERSION"));
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(number(needed) <= ours, "{} needs Rust {needed}", package["name"]);
            seen += 1;
        }
    }
    assert!(seen > 20, "the packages were read");
}

#[test]
fn what_the_static_library_needs_is_written_everywhere() {
    if !cfg!(target_os = "linux") {
        left_out("the static library's needs are written down for Linux alone, for now");
        return;
    }
    let (_, needed) = static_library();
    let needed = needed.join(" ");
    assert!(read("docs/installing.md").contains(&needed), "docs/installing.md: {needed}");
    assert!(read("cmake/ucwaSystemLibraries.cmake").contains(&format!("SYSTEM_LIBRARIES {needed})")), "cmake: {needed}");
}

#[test]
fn cmake_installs_all_of_it() {
    let Some(prefix) = installed_by_cmake() else { return };
    check_installation(prefix, "lib/cmake/ucwa");
}

#[test]
fn cargo_c_installs_all_of_it() {
    if !long() {
        return;
    }
    let prefix = folder("cargo-c-prefix");
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(SOURCE).args([
        "cinstall",
        "--locked",
        "--package",
        "libucwa",
        "--libdir",
        "lib",
        "--profile",
        profile(),
        "--prefix",
    ]);
    command.arg(&prefix).arg("--target-dir").arg(target().join("cargo-c"));
    succeeded(command);
    check_installation(&prefix, "share/cmake/ucwa");
    consume_with_pkg_config(&prefix);
    consume_with_find_package(&prefix, "cargo-c");
}

#[test]
fn a_consumer_with_pkg_config() {
    let Some(prefix) = installed_by_cmake() else { return };
    consume_with_pkg_config(prefix);
}

#[test]
fn a_consumer_with_find_package() {
    let Some(prefix) = installed_by_cmake() else { return };
    consume_with_find_package(prefix, "cmake");
    if !long() {
        return;
    }
    // Moved elsewhere it is found there.
    let moved = folder("moved");
    succeeded(with("cp", &["-a", &format!("{}/.", prefix.display()), moved.to_str().unwrap()]));
    consume_with_find_package(&moved, "moved");
}

#[test]
fn a_consumer_that_takes_the_project_in() {
    if !has("cmake") || !has("make") {
        left_out("add_subdirectory and FetchContent, without cmake and make");
        return;
    }
    // Cargo builds what is not built yet in the same folder, so that it is done once.
    installed_by_cmake();
    let definitions = [format!("-DUCWA_CARGO_PROFILE={}", profile()), format!("-DUCWA_CARGO_TARGET_DIR={}", cargo_folder().display())];
    consume("add_subdirectory", &[&definitions[0], &definitions[1], &format!("-DUCWA_SOURCE={SOURCE}")]);
    if !long() {
        return;
    }
    consume("fetch_content", &[&definitions[0], &definitions[1], &format!("-DFETCHCONTENT_SOURCE_DIR_UCWA={SOURCE}")]);
}

/// Builds and installs with CMake, once.
fn installed_by_cmake() -> Option<&'static Path> {
    static PREFIX: OnceLock<Option<PathBuf>> = OnceLock::new();
    let prefix = PREFIX.get_or_init(|| {
        if !has("cmake") || !has("make") {
            left_out("installing with cmake, without cmake and make");
            return None;
        }
        let (build, prefix) = (folder("cmake-build"), folder("cmake-prefix"));
        let mut command = with("cmake", &["-S", SOURCE, "-B"]);
        command.arg(&build).arg(format!("-DUCWA_CARGO_PROFILE={}", profile()));
        command.arg(format!("-DUCWA_CARGO_TARGET_DIR={}", cargo_folder().display())).arg(format!("-DUCWA_CARGO={}", env!("CARGO")));
        succeeded(command);
        succeeded(with("cmake", &["--build", build.to_str().unwrap()]));
        // Elsewhere than it was configured for.
        succeeded(with("cmake", &["--install", build.to_str().unwrap(), "--prefix", prefix.to_str().unwrap()]));
        Some(prefix)
    });
    prefix.as_deref()
}

/// What every way of installing brings.
fn check_installation(prefix: &Path, cmake: &str) {
    let mut headers: Vec<PathBuf> = vec!["ucwa.h".into(), "ucwa.hpp".into()];
    let parts = fs::read_dir(Path::new(SOURCE).join("bindings/cpp/ucwa")).unwrap();
    headers.extend(parts.map(|entry| Path::new("ucwa").join(entry.unwrap().file_name())));
    for header in headers {
        let source = if header == Path::new("ucwa.h") { "include" } else { "bindings/cpp" };
        let original = fs::read(Path::new(SOURCE).join(source).join(&header)).unwrap();
        let installed = fs::read(prefix.join("include").join(&header)).unwrap_or_else(|error| panic!("{}: {error}", header.display()));
        assert!(installed == original, "{} is another one", header.display());
    }
    for file in ["ucwaConfig.cmake", "ucwaConfigVersion.cmake", "ucwaSystemLibraries.cmake"] {
        assert!(prefix.join(cmake).join(file).is_file(), "{file}");
    }
    assert!(prefix.join("lib/libucwa.a").is_file());
    let package = fs::read_to_string(prefix.join("lib/pkgconfig/ucwa.pc")).unwrap();
    assert!(package.lines().any(|line| line == format!("Version: {VERSION}")), "{package}");
    if cfg!(target_os = "linux") {
        let (_, needed) = static_library();
        assert!(package.lines().any(|line| line == format!("Libs.private: {}", needed.join(" "))), "{package}");
        check_shared_library(&prefix.join("lib"));
    }
}

/// Its names, and that it shows nothing but the header's functions.
fn check_shared_library(folder: &Path) {
    let file = folder.join(format!("libucwa.so.{VERSION}"));
    let abi: Vec<&str> = VERSION.split('.').take(if VERSION.starts_with("0.") { 2 } else { 1 }).collect();
    let soname = format!("libucwa.so.{}", abi.join("."));
    for link in [soname.as_str(), "libucwa.so"] {
        assert_eq!(fs::read_link(folder.join(link)).unwrap(), Path::new(file.file_name().unwrap()), "{link}");
    }
    let file = file.to_str().unwrap();
    let dynamic = String::from_utf8(succeeded(with("readelf", &["-d", "-W", file])).stdout).unwrap();
    assert!(dynamic.contains(&format!("soname: [{soname}]")), "{dynamic}");
    let listing = String::from_utf8(succeeded(with("nm", &["-D", "--defined-only", "--format=posix", file])).stdout).unwrap();
    let exported: BTreeSet<&str> = listing.lines().filter_map(|line| line.split(' ').next()).collect();
    let declarations = C_HEADER.split("\nUCWA_API").skip(1).filter_map(|text| text.split_once('('));
    let declared = declarations.filter_map(|(before, _)| before.rsplit(|c: char| c.is_whitespace() || c == '*').next());
    assert_eq!(exported, declared.collect());
}

/// In C and in C++, with the shared and with the static library.
fn consume_with_pkg_config(prefix: &Path) {
    if !has("pkg-config") {
        left_out("the consumer with pkg-config, without pkg-config");
        return;
    }
    let ask = |arguments: &[&str]| {
        let mut command = with("pkg-config", arguments);
        command.arg("ucwa").env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
        let answer = String::from_utf8(succeeded(command).stdout).unwrap();
        answer.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ask(&["--modversion"]), [VERSION]);
    for (cpp, source) in [(false, "consumer.c"), (true, "consumer.cpp")] {
        for fixed in [false, true] {
            let (flags, mut libraries) =
                if fixed { (ask(&["--static", "--cflags"]), ask(&["--static", "--libs"])) } else { (ask(&["--cflags"]), ask(&["--libs"])) };
            if fixed {
                // Both kinds lie in one folder, where a linker takes the shared one.
                let place = libraries.iter().position(|library| library == "-lucwa").unwrap();
                libraries[place] = prefix.join("lib/libucwa.a").display().to_string();
            }
            let program = folder(&format!("pkg-config-{}", prefix.file_name().unwrap().display())).join(source).with_extension(if fixed {
                "static"
            } else {
                "shared"
            });
            let mut command = compiler(cpp);
            command
                .arg(if cpp { "-std=c++17" } else { "-std=c99" })
                .args(STRICT)
                .args(flags)
                .arg(consumer().join(source))
                .arg("-o")
                .arg(&program)
                .args(libraries);
            succeeded(command);
            let mut command = Command::new(&program);
            if !fixed {
                command.env("LD_LIBRARY_PATH", prefix.join("lib")).env("DYLD_LIBRARY_PATH", prefix.join("lib"));
            }
            says_version(command);
        }
    }
}

fn consume_with_find_package(prefix: &Path, name: &str) {
    if !has("cmake") || !has("make") {
        left_out("the consumer with find_package, without cmake and make");
        return;
    }
    let path = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    consume(&format!("find_package-{name}"), &["-DWAY=find_package", &path, "-DUCWA_WANTED=0.1"]);
    for (wanted, does) in [(VERSION, true), ("0.0", false), ("0.2", false), ("1", false), ("0.1.999", false)] {
        let mut command = with(
            "cmake",
            &["-S", consumer().to_str().unwrap(), "-B", folder(&format!("wanted-{name}")).to_str().unwrap(), "-DWAY=find_package", &path],
        );
        command.arg(format!("-DUCWA_WANTED={wanted}"));
        assert_eq!(command.output().unwrap().status.success(), does, "version {wanted} was asked for");
    }
}

/// Builds the consumer with CMake and runs its programs. The way is the first part of the name.
fn consume(name: &str, definitions: &[&str]) {
    let build = folder(&format!("consumer-{name}"));
    let mut command = with("cmake", &["-S", consumer().to_str().unwrap(), "-B", build.to_str().unwrap()]);
    command.arg(format!("-DWAY={}", name.split('-').next().unwrap())).args(definitions);
    succeeded(command);
    succeeded(with("cmake", &["--build", build.to_str().unwrap()]));
    for program in ["c_ucwa", "cpp_ucwa", "c_static", "cpp_static"] {
        says_version(Command::new(build.join(program)));
    }
    if cfg!(target_os = "linux") {
        let needs = |program: &str| {
            let output = succeeded(with("readelf", &["-d", "-W", build.join(program).to_str().unwrap()]));
            String::from_utf8(output.stdout).unwrap().contains("[libucwa.so.")
        };
        assert!(needs("c_ucwa") && !needs("c_static"), "{name}");
    }
}

fn says_version(command: Command) {
    let output = String::from_utf8(succeeded(command).stdout).unwrap();
    assert!(output.ends_with(&format!(" with libucwa {VERSION}\n")), "{output}");
}

fn consumer() -> PathBuf {
    Path::new(SOURCE).join("tests/packaging/consumer")
}

/// Where all of this happens: `target/packaging/PROFILE`. Cargo has a folder of its own there, since what is to be
/// installed goes by other names than what the other tests use.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("packaging").join(profile())
}

fn cargo_folder() -> PathBuf {
    target().join("cargo")
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = target().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn profile() -> &'static str {
    if cfg!(debug_assertions) { "dev" } else { "release" }
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(SOURCE).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn host() -> String {
    let output = String::from_utf8(succeeded(with(env!("CARGO"), &["-vV"])).stdout).unwrap();
    output.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

fn with(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

fn has(tool: &str) -> bool {
    with(tool, &["--version"]).output().is_ok_and(|output| output.status.success())
}
