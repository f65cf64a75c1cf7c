//! Generates the C header, and says how the shared library is linked.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let elf = var("CARGO_CFG_UNIX").is_ok() && var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor != "apple");
    if elf {
        // Threads and thread-local destructors of the library may outlive a dlclose: it stays mapped.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    if var("CARGO_CFG_PANIC").is_ok_and(|strategy| strategy == "abort") {
        println!("cargo:warning=with panic=abort a defect of libucwa ends the host process; build with panic=unwind");
    }
    #[cfg(feature = "capi")]
    header::generate();
}

#[cfg(feature = "capi")]
mod header {
    use std::env::{self, var};
    use std::fs;
    use std::path::PathBuf;

    pub fn generate() {
        for input in ["src/ffi", "cbindgen.toml"] {
            println!("cargo:rerun-if-changed={input}");
        }
        println!("cargo:rerun-if-env-changed=UCWA_WRITE_HEADER");

        let mut config = cbindgen::Config::from_file("cbindgen.toml").expect("cbindgen.toml is readable");
        config.after_includes = Some(format!("{}\n{}", version(), config.after_includes.unwrap_or_default()));
        // Without metadata of the crate: to ask cargo for it could change the lock file.
        let bindings = cbindgen::Builder::new().with_config(config).with_src("src/ffi/mod.rs").generate().expect("src/ffi is valid");

        let fresh = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("ucwa.h");
        bindings.write_to_file(&fresh);
        println!("cargo:rustc-env=UCWA_HEADER={}", fresh.display());
        // The committed copy is written only on request: a build leaves the sources alone.
        if var("UCWA_WRITE_HEADER").is_ok_and(|answer| answer == "1") {
            fs::copy(&fresh, "include/ucwa.h").expect("include/ucwa.h is writable");
        }
    }

    fn version() -> String {
        let part = |name: &str| var(format!("CARGO_PKG_VERSION_{name}")).expect("cargo sets the version").parse::<u32>();
        let part = |name: &str| part(name).expect("a version's part is a number");
        let (major, minor, patch) = (part("MAJOR"), part("MINOR"), part("PATCH"));
        let text = var("CARGO_PKG_VERSION").expect("cargo sets the version");
        let number = major * 1_000_000 + minor * 1_000 + patch;
        format!(
            "/** The version of this header; ucwa_version() is that of the library. */\n\
             #define UCWA_VERSION \"{text}\"\n\
             #define UCWA_VERSION_MAJOR {major}\n\
             #define UCWA_VERSION_MINOR {minor}\n\
             #define UCWA_VERSION_PATCH {patch}\n\
             /** MAJOR * 1000000 + MINOR * 1000 + PATCH, to compare with. */\n\
             #define UCWA_VERSION_NUMBER {number}\n"
        )
    }
}
