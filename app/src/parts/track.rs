//! The line of a rollout: a block for each service, a head with its lamp over each; and the clock of a bake.
//!
//! The signal-box panel that Signalbox has its name from. Each block is a link that says in words how its service stands, so
//! that the picture can be read without being seen. The trap is width: twenty services do not fit a phone, so the line scrolls
//! within its panel and the page does not.

use domain::text;
use domain::view::{BakeClock, Block, BlockState};
use leptos::prelude::*;

use super::age::At;
use crate::ui::lamp::Lamp;

/// The line; `shown` is the step that is shown below it.
pub(crate) fn track(blocks: &[Block], shown: Option<usize>) -> AnyView {
    let each = blocks.iter().map(|one| block(one, shown)).collect::<Vec<_>>();
    view! { <div class="track"><ol>{each}</ol></div> }.into_any()
}

/// The word of a block's class.
const fn word(state: BlockState) -> &'static str {
    match state {
        BlockState::Done => "done",
        BlockState::Now => "now",
        BlockState::Waiting => "waiting",
        BlockState::Held => "held",
        BlockState::Failed => "failed",
        BlockState::Blocked => "blocked",
        BlockState::Skipped => "skipped",
        BlockState::Off => "off",
    }
}

fn block(block: &Block, shown: Option<usize>) -> AnyView {
    let key = block.step.map_or_else(|| format!("out-{}", block.service.path()), |step| format!("step-{step}"));
    let current = (block.step.is_some() && block.step == shown).then_some("step");
    let (name, said) = (text::shown(&block.name), text::shown(&block.said));
    let title = format!("{name}: {said}");
    view! {
        <li data-key=key>
            <a class=format!("block block-{}", word(block.state)) href=block.path.clone() aria-current=current title=title>
                <span class="name"><bdi>{name}</bdi></span>
                <span class="sr">{format!(": {said}")}</span>
                <span class="head"><Lamp light=block.tone.into() worded=true/></span>
                <span class="mast"></span>
                <span class="rail"></span>
            </a>
        </li>
    }
    .into_any()
}

/// How far a bake is, with a mark where a failing check would be seen and one where the floor stands.
pub(crate) fn clock(bake: &BakeClock) -> AnyView {
    let mark = |percent: u8, class: &'static str| {
        // the last of a hundred has no room for a mark of its own
        let at = f64::from(percent.min(100)) * 0.995;
        view! { <rect class=class x=format!("{at:.1}") y="0" width="0.5" height="8"></rect> }
    };
    let (width, now) = (bake.percent.min(100).to_string(), bake.percent.min(100).to_string());
    view! {
        <div class="bake">
            <div class="clock" role="progressbar" aria-label="Bake" aria-valuemin="0" aria-valuemax="100" aria-valuenow=now>
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="ground" x="0" y="0" width="100" height="8"></rect>
                    <rect class="well" x="0" y="0" width=width height="8"></rect>
                    {mark(bake.floor_percent, "floor")}
                    {mark(bake.seen_percent, "seen")}
                </svg>
            </div>
            <p>{text::shown(&bake.said)}{bake.until.map(|at| view! { " It ends at "<At at/>" if everything stays well." })}</p>
        </div>
    }
    .into_any()
}

/// How many of so many are done, as blocks in a row: the line of a rollout where there is no room for its names.
pub(crate) fn strip(done: u64, failed: u64, all: u64) -> AnyView {
    /// More would be thinner than a line.
    const MOST: u64 = 200;
    let all = all.clamp(1, MOST);
    let (done, failed) = (done.min(all), failed.min(all - done.min(all)));
    let each = |index: u64| {
        let class = match index {
            index if index < done => "strip-done",
            index if index < done + failed => "strip-failed",
            _ => "strip-waiting",
        };
        view! { <rect class=class x=(index * 10).to_string() y="0" width="9" height="8"></rect> }.into_any()
    };
    let blocks = (0..all).map(each).collect::<Vec<_>>();
    view! { <svg class="strip" viewBox=format!("0 0 {} 8", all * 10) preserveAspectRatio="none" aria-hidden="true">{blocks}</svg> }
        .into_any()
}
