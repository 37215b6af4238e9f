//! Makes the release bundle small: wasm-opt over the WASM, and a brotli copy beside every file.
//!
//! Only for releases: the two take longer than everything else about a bundle. wasm-opt comes from npm's `binaryen`,
//! which ships it as WebAssembly, so no platform binary is fetched.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

use crate::{run, say, tools};

/// What rustc's wasm target emits; wasm-opt refuses instructions of a feature it was not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

pub(super) fn optimise(wasm: &Path) -> Result<()> {
    let wasm_opt = tools::wasm_opt()?;
    let before = fs::metadata(wasm)?.len();
    let step = say::step("shrinking the WASM (wasm-opt -Oz)");
    let smaller = wasm.with_extension("smaller");
    run::to_end(run::program("node", &[]).arg(wasm_opt).args(["-Oz", "-o"]).arg(&smaller).arg(wasm).args(FEATURES))?;
    fs::rename(&smaller, wasm)?;
    step.done(format!("{} KiB, was {} KiB", fs::metadata(wasm)?.len() / 1024, before / 1024));
    Ok(())
}

/// Writes `.br` beside every file below the directory, from nothing: a stale one would be served for the new file.
pub(super) fn compress(dir: &Path) -> Result<()> {
    let step = say::step("compressing (brotli 11)");
    let total = compress_below(dir)?;
    step.done(format!("{} KiB over the wire", total / 1024));
    Ok(())
}

fn compress_below(dir: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            total += compress_below(&path)?;
        } else if path.extension().is_some_and(|ending| ["js", "wasm", "css"].iter().any(|known| ending == *known)) {
            let small = brotli_11(&fs::read(&path)?)?;
            total += small.len() as u64;
            let mut name = path.into_os_string();
            name.push(".br");
            fs::write(name, small)?;
        }
    }
    Ok(total)
}

pub(crate) fn brotli_11(bytes: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: bytes.len(), ..BrotliEncoderParams::default() };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut Cursor::new(bytes), &mut small, &params).context("brotli could not compress")?;
    Ok(small)
}
