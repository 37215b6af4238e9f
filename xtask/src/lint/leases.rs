//! Only the engine says that an effect may be done.
//!
//! The actuator does nothing without a lease, and a lease is worth what its making is worth: it means that the effect is on
//! record as begun. The compiler keeps everybody out who has none; who may make one, this does. Tests make their own.

use super::Problem;
use super::tree::Tree;

/// In two parts, so that this file does not list itself.
const MINT: &str = concat!("Lease::", "after_commit");
const ENGINE: [&str; 2] = ["server/src/engine.rs", "server/src/engine/"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let elsewhere = tree.files_in("server/src", ".rs").filter(|(name, _)| !ENGINE.iter().any(|engine| name.starts_with(engine)));
    let minting = elsewhere.filter(|(_, text)| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(MINT)));
    minting
        .map(|(name, _)| {
            Problem(format!(
                "{name} makes a lease: only server::engine may, right after it has committed that the effect is begun. Without that \
                 record a crash could do the effect twice."
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{MINT, check};
    use crate::lint::tree::Tree;

    fn problems(name: &str, text: String) -> usize {
        check(&Tree { metadata: Value::Null, files: [(name.to_owned(), text)].into() }).len()
    }

    #[test]
    fn nobody_but_the_engine_makes_a_lease() {
        let makes = || format!("let lease = {MINT}(id, 1, 2);\n");
        assert_eq!(problems("server/src/plane.rs", makes()), 1);
        assert_eq!(problems("server/src/engine/perform.rs", makes()), 0);
        assert_eq!(problems("server/tests/actuator/site.rs", makes()), 0);
        assert_eq!(problems("server/src/plane.rs", format!("// {MINT} is the engine's")), 0);
    }
}
