//! Pictures of every page in three widths and both themes, for people to look at; and the one in the README.
//!
//! Not a test: nobody compares them by pixel. A page is looked at before it is called done, and this makes that cheap.

use std::fs;

use anyhow::{Result, bail};
use clap::Args;

use crate::test::{browser, server_as_tested};
use crate::ui::{self, Flavour};
use crate::{place, run, say, tools};

#[derive(Args)]
pub(crate) struct Wanted {
    /// Also save the Overview as docs/overview.png
    #[arg(long)]
    readme: bool,
    /// Passed on to `playwright test`: --grep, …
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn screens(wanted: &Wanted) -> Result<()> {
    let nats_server = tools::nats_server()?;
    ui::build(Flavour::Fast)?;
    let signalbox = server_as_tested()?;
    let to = place::root().join("target/screens");
    place::make_dir(&to)?;
    let step = say::step("taking pictures of every page");
    let mut playwright = browser::playwright(&signalbox, &nats_server)?;
    playwright.args(["test", "--config", "screens.config.ts"]).args(&wanted.args).env("SIGNALBOX_SCREENS", &to);
    run::to_end(&mut playwright)?;
    step.done(format!("they are in {}", to.display()));
    if wanted.readme {
        let picture = to.join("overview-1280-light.png");
        if !picture.is_file() {
            bail!("no picture of the Overview was taken; run it without a filter");
        }
        fs::copy(picture, place::root().join("docs/overview.png"))?;
        say::note("docs/overview.png is new");
    }
    Ok(())
}
