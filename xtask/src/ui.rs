//! The browser's half: Rust to WASM, its JavaScript glue, one stylesheet, and the version that names the three.
//!
//! Done here and not by cargo-leptos because that takes eleven minutes to install and the steps are five. The trap:
//! the glue must be written by a wasm-bindgen of exactly the version the WASM was compiled against, so the two are
//! compared before anything is compiled.

pub(crate) mod shrink;
pub(crate) mod style;

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{lockfile, place, run, say};

const TARGET: &str = "wasm32-unknown-unknown";
const NAME: &str = "signalbox";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavour {
    /// Compiles fast: the demo, the tests.
    Fast,
    /// Loads fast: profile `wasm-release`, wasm-opt, brotli beside each file.
    Small,
}

impl Flavour {
    /// The cargo profile and the directory it writes to.
    fn profile(self) -> (&'static str, &'static str) {
        match self {
            Self::Fast => ("dev", "debug"),
            Self::Small => ("wasm-release", "wasm-release"),
        }
    }

    /// Debug information stays out of the fast bundle: it is nine tenths of its size and the browser never shows it.
    fn config(self) -> &'static [&'static str] {
        match self {
            Self::Fast => &["--config", "profile.dev.debug=false"],
            Self::Small => &[],
        }
    }
}

pub(crate) fn build(flavour: Flavour) -> Result<()> {
    lockfile::one_wasm_bindgen()?;
    // two commands at once (a demo beside a test) would mix two bundles; the second waits, and finds its work done
    place::make_dir(&place::stamps())?;
    let only_one = fs::File::create(place::stamps().join("ui.lock"))?;
    only_one.lock().context("cannot lock target/xtask/ui.lock")?;
    target_installed()?;
    let wasm = compile(flavour)?;
    place::make_dir(&place::pkg())?;
    let styled = style::bundle()?;
    let bound = bind(&wasm, flavour)?;
    if styled || bound {
        let version = name_version()?;
        say::note(format!("target/site/pkg is at version {version}"));
        if flavour == Flavour::Small {
            shrink::compress(&place::pkg())?;
        }
    } else {
        say::note("target/site/pkg is up to date");
    }
    Ok(())
}

fn target_installed() -> Result<()> {
    let dir = run::output(&mut run::program("rustc", &["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(dir.trim()).is_dir() {
        return Ok(());
    }
    if place::on_path(&["rustup"]).is_none() {
        return Err(say::missing(
            &format!("Rust's standard library for {TARGET} is not installed, and there is no rustup to add it."),
            "The pages' live half is compiled to WebAssembly and needs it.",
            "install Rust by rustup, or your distribution's package of that target",
        ));
    }
    let step = say::step(format!("adding the Rust target {TARGET} (rustup target add)"));
    run::to_end(&mut run::program("rustup", &["target", "add", TARGET]))?;
    step.done("added");
    Ok(())
}

fn compile(flavour: Flavour) -> Result<PathBuf> {
    let (profile, dir) = flavour.profile();
    let step = say::step(format!("compiling the browser's half (profile {profile})"));
    let mut cargo = run::cargo(&["build", "--package", "signalbox-frontend", "--target", TARGET, "--profile", profile]);
    run::to_end(cargo.args(flavour.config()))?;
    step.done("compiled");
    Ok(place::cargo_target().join(TARGET).join(dir).join("signalbox_frontend.wasm"))
}

/// Writes the glue and the WASM it belongs to, unless what is there was made from the same WASM in the same way.
fn bind(wasm: &Path, flavour: Flavour) -> Result<bool> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let made_from = format!("{flavour:?} {}", digest(&[&bytes]));
    let stamp = place::stamps().join("bound.txt");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == made_from) && pkg_file("_bg.wasm").is_file() {
        return Ok(false);
    }
    let step = say::step("writing the JavaScript that loads it (wasm-bindgen)");
    empty_but_style()?;
    Bindgen::new()
        .input_bytes(NAME, bytes)
        .web(true)?
        .typescript(false)
        .remove_name_section(flavour == Flavour::Small)
        .remove_producers_section(true)
        .generate(place::pkg())
        .context("wasm-bindgen could not process the compiled WASM")?;
    step.done(sizes()?);
    if flavour == Flavour::Small {
        shrink::optimise(&pkg_file("_bg.wasm"))?;
    }
    place::write(&stamp, made_from)?;
    Ok(true)
}

fn pkg_file(ending: &str) -> PathBuf {
    place::pkg().join(format!("{NAME}{ending}"))
}

/// Old snippets and compressed copies would be served for the new bundle.
fn empty_but_style() -> Result<()> {
    for entry in fs::read_dir(place::pkg())? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if path.extension().is_none_or(|ending| ending != "css") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn sizes() -> Result<String> {
    let kib = |path: PathBuf| -> Result<u64> { Ok(fs::metadata(path)?.len() / 1024) };
    Ok(format!("{} KiB WASM, {} KiB JavaScript", kib(pkg_file("_bg.wasm"))?, kib(pkg_file(".js"))?))
}

/// One name for the three files, put in their URLs by the server so that a browser never mixes two builds.
fn name_version() -> Result<String> {
    let mut contents = Vec::new();
    for ending in [".js", "_bg.wasm", ".css"] {
        contents.push(fs::read(pkg_file(ending)).with_context(|| format!("cannot read {NAME}{ending}"))?);
    }
    let parts: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
    let Some(version) = digest(&parts).get(..12).map(str::to_owned) else {
        bail!("a digest is sixteen digits");
    };
    place::write(&place::pkg().join("version.txt"), &version)?;
    Ok(version)
}

/// Not cryptographic: it tells builds apart, it does not vouch for them.
fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        hasher.write_usize(part.len());
        hasher.write(part);
    }
    format!("{:016x}", hasher.finish())
}
