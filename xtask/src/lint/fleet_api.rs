//! Nobody but the actuator may change AWS: the ban on every operation of the SDKs that is not a plain read.
//!
//! The list is generated from the SDKs' own sources at the locked version, into clippy.toml, because a list kept by hand
//! misses what a new release adds. What is banned is what is not named like a read: a new verb is banned before anyone
//! has thought about it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Problem;
use super::tree::Tree;
use crate::{place, say};

/// Package, and the crate's name in paths.
const SDKS: [(&str, &str); 5] = [
    ("aws-sdk-ecs", "aws_sdk_ecs"),
    ("aws-sdk-cloudwatch", "aws_sdk_cloudwatch"),
    ("aws-sdk-cloudwatchlogs", "aws_sdk_cloudwatchlogs"),
    ("aws-sdk-sqs", "aws_sdk_sqs"),
    ("aws-sdk-sts", "aws_sdk_sts"),
];
const READS: [&str; 6] = ["describe_", "discover_", "filter_", "get_", "list_", "receive_"];

const BEGIN: &str = "  # begin: written by `cargo xtask lint --fix` from the SDKs' sources";
const END: &str = "  # end";
const REASON: &str = "only server::actuator changes AWS";

pub(super) fn check(tree: &Tree) -> Result<Vec<Problem>> {
    let clippy = place::read(&clippy_toml())?;
    let (_, written, _) = parts(&clippy)?;
    if written == generated(tree)? {
        return Ok(Vec::new());
    }
    Ok(vec![Problem(
        "clippy.toml does not ban exactly the operations of the locked AWS SDKs that change something. Run `cargo xtask \
         lint --fix` and read the difference."
            .into(),
    )])
}

pub(super) fn rewrite(tree: &Tree) -> Result<()> {
    let clippy = place::read(&clippy_toml())?;
    let (before, written, after) = parts(&clippy)?;
    let generated = generated(tree)?;
    if written != generated {
        place::write(&clippy_toml(), format!("{before}{generated}{after}"))?;
        say::note("clippy.toml: the AWS operations that change something were written anew");
    }
    Ok(())
}

fn clippy_toml() -> std::path::PathBuf {
    place::root().join("clippy.toml")
}

/// Up to and with the first mark, between, from the second mark on.
fn parts(clippy: &str) -> Result<(&str, &str, &str)> {
    let begin = clippy.find(BEGIN).map(|at| at + BEGIN.len());
    let halves = begin.and_then(|begin| clippy.split_at_checked(begin));
    let Some((before, (between, after))) = halves.and_then(|(before, rest)| Some((before, rest.split_at_checked(rest.find(END)?)?))) else {
        bail!("clippy.toml has lost its lines `{}` and `{}`", BEGIN.trim(), END.trim());
    };
    Ok((before, between, after))
}

fn generated(tree: &Tree) -> Result<String> {
    let mut lines = String::from("\n");
    for (package, krate) in SDKS {
        let sources = tree.sources_of(package)?;
        for operation in operations(&sources)? {
            let builder = input_builder(&sources, &operation)?;
            for path in [
                format!("{krate}::client::Client::{operation}"),
                format!("{krate}::operation::{operation}::builders::{builder}::send_with"),
            ] {
                // not every crate that clippy looks at depends on the SDKs
                lines.push_str(&format!("  {{ path = \"{path}\", reason = \"{REASON}\", allow-invalid = true }},\n"));
            }
        }
    }
    Ok(lines)
}

/// Those of the client's methods that are not named like a read, sorted. The SDK keeps each in a file of its name.
fn operations(sources: &Path) -> Result<Vec<String>> {
    let dir = sources.join("client");
    let (mut operations, mut reads) = (Vec::new(), 0);
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        // not an operation: `customize` is how any request is changed before it is sent
        if !path.is_file() || name == "customize" {
            continue;
        }
        if READS.iter().any(|read| name.starts_with(read)) {
            reads += 1;
            continue;
        }
        if !place::read(&path)?.contains(&format!("pub fn {name}(")) {
            bail!("{} holds no method {name}: has the SDK changed its layout?", path.display());
        }
        operations.push(name.to_owned());
    }
    operations.sort();
    // the smallest of them has eleven
    if operations.len() + reads < 8 {
        bail!("found only {} operations in {}: has the SDK changed its layout?", operations.len() + reads, dir.display());
    }
    Ok(operations)
}

/// The builder has a second way to send, `send_with(&client)`, and its name is the operation's in a case of its own.
fn input_builder(sources: &Path, operation: &str) -> Result<String> {
    let text = place::read(&sources.join(format!("operation/{operation}/builders.rs")))?;
    text.lines()
        .filter_map(|line| line.strip_prefix("impl ")?.strip_suffix(" {")?.rsplit("::").next())
        .find(|name| name.ends_with("InputBuilder"))
        .map(str::to_owned)
        .with_context(|| format!("no input builder for {operation}: has the SDK changed its layout?"))
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, parts};

    #[test]
    fn what_stands_around_the_marks_is_kept() {
        let clippy = format!("first\n\n{BEGIN}\nold\n{END}\n]\n");
        let (before, between, after) = parts(&clippy).unwrap();
        assert_eq!((before.len(), between, after), (7 + BEGIN.len(), "\nold\n", "  # end\n]\n"));
        assert!(parts("no marks").is_err());
    }
}
