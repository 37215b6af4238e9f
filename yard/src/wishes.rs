//! What a test or a person may ask of an open yard about deployments, in the words of the control face.
//!
//! Separate from the model's own types because these are public, and JSON.
//! The trap: times are seconds of the yard's clock, as everywhere on the control face.

use serde::{Deserialize, Serialize};

use crate::{
    clock::SECOND,
    model::application::{Image, Verdict},
};

/// What a service's health checks find, whatever their commands are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum CheckVerdict {
    /// The command finds what is there: the default.
    Evaluated,
    /// The application does not answer.
    Never,
    /// The application stops answering so long after its task started.
    FailsAfter {
        /// Seconds of the clock.
        seconds: u32,
    },
    /// The application takes so long to answer; a check with a shorter timeout fails.
    Slow {
        /// Seconds of the clock.
        seconds: u32,
    },
    /// The command ends at once with this exit code: 126 cannot be executed, 127 is not in the image.
    Exits {
        /// The exit code.
        code: i32,
    },
}

impl From<CheckVerdict> for Verdict {
    fn from(wish: CheckVerdict) -> Self {
        match wish {
            CheckVerdict::Evaluated => Self::Evaluated,
            CheckVerdict::Never => Self::Never,
            CheckVerdict::FailsAfter { seconds } => Self::FailsAfter(i64::from(seconds) * SECOND),
            CheckVerdict::Slow { seconds } => Self::Slow(i64::from(seconds) * SECOND),
            CheckVerdict::Exits { code } => Self::Exits(code),
        }
    }
}

/// An image in the fleet's registry. Without anything but a name it is a sound one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushedImage {
    /// As task definitions name it.
    pub image: String,
    /// It cannot be pulled: tasks of it end with CannotPullContainerError.
    #[serde(default)]
    pub gone: bool,
    /// Whether it holds a shell and the usual programs; absent: it does.
    #[serde(default)]
    pub shell: Option<bool>,
    /// Its program ends with this exit code; absent: it runs.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// So many seconds of the clock after it started; absent: 10.
    #[serde(default)]
    pub exits_after_seconds: Option<u32>,
}

impl PushedImage {
    /// A sound image of this name.
    pub fn new(image: impl Into<String>) -> Self {
        Self { image: image.into(), gone: false, shell: None, exit_code: None, exits_after_seconds: None }
    }

    pub(crate) fn held(&self) -> Option<Image> {
        let after = i64::from(self.exits_after_seconds.unwrap_or(10)) * SECOND;
        (!self.gone).then(|| Image { shell: self.shell.unwrap_or(true), exits: self.exit_code.map(|code| (code, after)) })
    }
}

/// What somebody else in the account does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignAct {
    /// Registers a revision of what the service runs, with one setting changed.
    Register,
    /// The same, and updates the service to it.
    Update,
    /// Deregisters the revision that the service ran before its present one.
    DeregisterPrior,
}
