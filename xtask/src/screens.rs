//! Pictures of every page in three widths and both themes, for people to look at; and those of docs/story.md and the README.
//!
//! Not a test: nobody compares them by pixel. A page is looked at before it is called done, and this makes that cheap.

use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::test::{browser, server_as_tested};
use crate::ui::{self, Flavour};
use crate::{place, run, say, tools};

#[derive(Args)]
pub(crate) struct Wanted {
    /// Take the pictures of a night with the demo instead, and put them into docs (some six minutes)
    #[arg(long)]
    docs: bool,
    /// Passed on to `playwright test`: --grep, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

/// What `screens/story.spec.ts` saves.
const STORY: [&str; 5] = ["overview.png", "story-service.png", "story-around.png", "story-nats.png", "story-coverage.png"];

pub(crate) fn screens(wanted: &Wanted) -> Result<()> {
    let nats_server = tools::nats_server()?;
    ui::build(Flavour::Fast)?;
    let signalbox = server_as_tested()?;
    let to = place::root().join("target/screens");
    place::make_dir(&to)?;
    let step = say::step(if wanted.docs { "taking pictures of a night with the demo" } else { "taking pictures of every page" });
    let mut playwright = browser::playwright(&signalbox, &nats_server)?;
    playwright.args(["test", "--config", "screens.config.ts", if wanted.docs { "story" } else { "every-page" }]);
    run::to_end(playwright.args(&wanted.args).env("SIGNALBOX_SCREENS", &to))?;
    step.done(format!("they are in {}", to.display()));
    if wanted.docs {
        for name in STORY {
            fs::copy(to.join(name), place::root().join("docs").join(name)).with_context(|| format!("no picture {name} was taken"))?;
        }
        say::note("docs has new pictures: look at them before they are committed");
    }
    Ok(())
}
