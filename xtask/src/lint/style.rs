//! Every stylesheet has its place in style/order.txt: one that nobody listed would be silently missing from the page.

use anyhow::Result;

use super::Problem;
use crate::{place, ui};

pub(super) fn check() -> Result<Vec<Problem>> {
    let found = ui::style::found()?;
    if !place::root().join("style/order.txt").is_file() {
        let problem = "there is more than one stylesheet and no style/order.txt that says in which order they apply.";
        return Ok(if found.len() > 1 { vec![Problem(problem.into())] } else { Vec::new() });
    }
    let listed = ui::style::listed()?;
    let mut problems: Vec<Problem> = found
        .iter()
        .filter(|file| !listed.contains(file))
        .map(|file| Problem(format!("style/{} is not in style/order.txt, so no page has it.", file.display())))
        .collect();
    for (at, file) in listed.iter().enumerate() {
        if listed.iter().take(at).any(|earlier| earlier == file) {
            problems.push(Problem(format!("style/order.txt lists {} twice.", file.display())));
        }
    }
    Ok(problems)
}
