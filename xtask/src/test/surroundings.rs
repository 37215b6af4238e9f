//! What the tests may see of the machine they run on: nothing of its AWS accounts, no way off it.
//!
//! A developer's own profile must neither change a test's outcome nor be used by one.

use std::process::Command;

use anyhow::Result;

use crate::place;

const REMOVED: [&str; 10] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_ECS",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
];

const SET: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", "AKIDTESTTESTTESTTEST"),
    ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("NO_PROXY", "127.0.0.0/8,localhost"),
    ("no_proxy", "127.0.0.0/8,127.0.0.1,localhost"),
];

pub(crate) fn without_the_world(command: &mut Command) -> Result<()> {
    for name in REMOVED {
        command.env_remove(name);
    }
    command.envs(SET);
    // a file that exists and is empty: some clients complain of one that does not exist
    let empty = place::stamps().join("empty");
    place::write(&empty, "")?;
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(name, &empty);
    }
    Ok(())
}
