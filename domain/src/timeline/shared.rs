//! What affected tasks have in common that the fleet as a whole has not.
//!
//! "Five tasks stopped" is news; "all five were in us-east-1b, where a third of all tasks are" is a lead. The trap is
//! the coincidence that is none: where every task of the fleet is in one zone, five of five in that zone say nothing,
//! so a value counts only when it is clearly commoner among the affected than among all.

use std::collections::BTreeMap;

/// What tasks may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trait {
    /// Availability zone.
    Zone,
    /// The NATS node they are connected to.
    Node,
    /// Image of the first container.
    Image,
    /// Revision, as `family:number`.
    Revision,
}

/// One task, as far as it can share anything. A value that is not known is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// What is known of it. A task may be connected to several nodes.
    pub known: Vec<(Trait, String)>,
}

/// A value that stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Of what.
    pub of: Trait,
    /// Which.
    pub value: String,
    /// Affected tasks with it, and affected tasks.
    pub affected: (usize, usize),
    /// All tasks with it, and all tasks.
    pub all: (usize, usize),
}

/// Fewer affected tasks than this share nothing worth saying.
const FEWEST: usize = 2;
/// Percent of the affected that must have a value.
const MOST_OF_THEM: usize = 60;
/// How much commoner it must be among the affected than among all, in percent of the latter.
const COMMONER: usize = 125;
/// Most values told.
const TOLD: usize = 6;

impl Shared {
    /// `5 of 5 in us-east-1b, 31 % of all tasks are there`
    pub fn sentence(&self) -> String {
        let value = crate::text::shown(&self.value);
        let (with, of) = self.affected;
        let (holds, rest) = match self.of {
            Trait::Zone => ("in", "are there"),
            Trait::Node => ("connected to NATS node", "are"),
            Trait::Image => ("from image", "are"),
            Trait::Revision => ("of revision", "are"),
        };
        format!("{with} of {of} {holds} {value}; {} % of all tasks {rest}", percent(self.all))
    }
}

fn percent((with, of): (usize, usize)) -> usize {
    (with * 100 + of / 2).checked_div(of).unwrap_or(0)
}

/// What stands out among `affected` against `all`, which holds them too; most telling first.
pub fn shared(affected: &[Traits], all: &[Traits]) -> Vec<Shared> {
    if affected.len() < FEWEST {
        return Vec::new();
    }
    let common = counted(all);
    let mut found: Vec<Shared> = counted(affected)
        .into_iter()
        .filter_map(|((of, value), with)| {
            // whoever is affected is one of all, even where the list of all was read a moment later
            let everywhere = common.get(&(of, value)).copied().unwrap_or(0).max(with);
            let all = all.len().max(affected.len());
            let telling = with * 100 >= affected.len() * MOST_OF_THEM && with * all * 100 >= everywhere * affected.len() * COMMONER;
            (with >= FEWEST && telling).then(|| Shared {
                of,
                value: value.to_owned(),
                affected: (with, affected.len()),
                all: (everywhere, all),
            })
        })
        .collect();
    // how many times commoner, as a fraction compared without dividing
    found.sort_by(|a, b| (b.affected.0 * a.all.0).cmp(&(a.affected.0 * b.all.0)).then(a.of.cmp(&b.of)).then(a.value.cmp(&b.value)));
    found.truncate(TOLD);
    found
}

fn counted(tasks: &[Traits]) -> BTreeMap<(Trait, &str), usize> {
    let mut counts = BTreeMap::new();
    for task in tasks {
        let mut known: Vec<(Trait, &str)> = task.known.iter().map(|(of, value)| (*of, value.as_str())).collect();
        known.sort_unstable();
        known.dedup();
        for value in known {
            *counts.entry(value).or_insert(0) += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(zone: &str, node: &str) -> Traits {
        Traits { known: vec![(Trait::Zone, zone.into()), (Trait::Node, node.into()), (Trait::Node, node.into())] }
    }

    fn fleet() -> Vec<Traits> {
        (0..16).map(|number| task(["a", "b", "c"][number % 3], ["n1", "n2", "n3", "n4"][number % 4])).collect()
    }

    #[test]
    fn five_of_five_in_one_zone_is_a_lead() {
        let affected: Vec<Traits> = (0..5).map(|number| task("b", ["n1", "n2", "n3", "n4"][number % 4])).collect();
        let found = shared(&affected, &fleet());
        assert_eq!(found.iter().map(Shared::sentence).collect::<Vec<_>>(), ["5 of 5 in b; 31 % of all tasks are there"]);
    }

    #[test]
    fn what_all_tasks_share_is_none() {
        let all = vec![task("a", "n1"); 9];
        assert_eq!(shared(&all[..4], &all), []);
        assert_eq!(shared(&all, &all), []);
    }

    #[test]
    fn one_task_shares_nothing_and_none_divides_by_nothing() {
        assert_eq!(shared(&[task("b", "n2")], &fleet()), []);
        assert_eq!(shared(&[], &[]), []);
        let both = [task("b", "n2"), task("b", "n3")];
        assert_eq!(shared(&both, &[])[..], [], "nothing is known of the others");
    }

    #[test]
    fn the_rarest_common_value_comes_first() {
        let affected = vec![task("b", "n2"), task("b", "n2"), task("b", "n3")];
        let mut all = fleet();
        all.extend(affected.clone());
        let found: Vec<(Trait, usize)> = shared(&affected, &all).into_iter().map(|value| (value.of, value.affected.0)).collect();
        assert_eq!(found, [(Trait::Zone, 3), (Trait::Node, 2)]);
    }
}
