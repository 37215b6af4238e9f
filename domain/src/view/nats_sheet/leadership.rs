//! Who leads JetStream, and how the others of that group stand: its leader's own account.
//!
//! The group decides what is created where. The trap is a member that is gone for good: it stays in the group until
//! somebody takes it out, though no node of that name is seen any more, and counts against the majority.

use std::time::Duration;

use super::heads;
use crate::judge::Tone;
use crate::nats::Node;
use crate::nats::jetstream::Replica;
use crate::text::{count, grouped, shown};
use crate::view::{Cell, NatsCluster, SheetPanel, SheetRow};

/// The group as a panel; none without JetStream, or where one node stands alone.
pub(super) fn panel(cluster: &NatsCluster) -> Option<SheetPanel> {
    let (meta, read) = cluster.meta.as_ref().filter(|(meta, _)| meta.size > 1 || !meta.replicas.is_empty())?;
    let mut replicas: Vec<&Replica> = meta.replicas.iter().collect();
    replicas.sort_by(|a, b| a.node.cmp(&b.node));
    let leader = meta.leader.as_deref().map(|leader| {
        let answers = cluster.nodes.iter().any(|row| row.node.name == leader && row.answers);
        let (tone, word) = if answers { (Tone::Good, "leads") } else { (Tone::Bad, "led, and does not answer") };
        let cells = vec![
            Cell::text(shown(leader)),
            Cell::lamp(current(cluster, tone), word),
            Cell::text("—"),
            Cell::text("told").since(Some(*read)),
        ];
        SheetRow { key: leader.to_owned(), cells }
    });
    let row = |replica: &Replica| {
        let (tone, word) = replica.standing();
        let heard = replica.heard_ms.map(|ms| read.minus(Duration::from_millis(ms)));
        let heard = Cell::text(if heard.is_some() { "" } else { "not told" }).since(heard);
        let cells =
            vec![Cell::text(shown(&replica.node)), Cell::lamp(current(cluster, tone), word), Cell::text(grouped(replica.lag)), heard];
        SheetRow { key: replica.node.clone(), cells }
    };
    let members = u64::from(leader.is_some()) + replicas.len() as u64;
    let well = replicas.iter().filter(|replica| replica.standing().0 == Tone::Good).count();
    let note = match (replicas.is_empty(), u64::from(meta.size)) {
        (true, _) => "Its leader did not tell of the others: how they stand is not known.".to_owned(),
        (false, size) if size > members => format!("{size} nodes ought to be in it, its leader tells of {members}."),
        _ => String::new(),
    };
    Some(SheetPanel {
        aside: format!("{well} of {} current", count(replicas.len() as u64, "replica")),
        heads: heads(&["Node", "State", "Operations it lacks", "Last heard of"]),
        rows: leader.into_iter().chain(replicas.into_iter().map(row)).collect(),
        note,
        ..SheetPanel::default()
    })
}

/// What there is to say of a node's part in JetStream: more than that it is on only where it leads or is not well.
pub(super) fn of_node(cluster: &NatsCluster, node: &Node) -> Cell {
    if node.meta_leader.as_deref() == Some(node.name.as_str()) {
        return Cell::text("leads");
    }
    let replicas = cluster.meta.iter().flat_map(|(meta, _)| &meta.replicas);
    match replicas.filter(|replica| replica.node == node.name).map(Replica::standing).next() {
        Some((tone, word)) if tone != Tone::Good => Cell::lamp(current(cluster, tone), word),
        _ => Cell::text("on"),
    }
}

/// Nothing stale is shown as current.
fn current(cluster: &NatsCluster, tone: Tone) -> Tone {
    if cluster.stale.is_some() { Tone::Unknown } else { tone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::nats::jetstream::Meta;
    use crate::view::NodeRow;

    fn cluster(leader: Option<&str>, replicas: Vec<Replica>, size: u32) -> NatsCluster {
        let node = |name: &str| NodeRow {
            node: Node { name: name.into(), jetstream: true, meta_leader: leader.map(str::to_owned), ..Node::default() },
            answers: true,
            ..NodeRow::default()
        };
        NatsCluster {
            name: "main".into(),
            observed: None,
            stale: None,
            findings: Vec::new(),
            nodes: ["n1", "n2", "n3"].map(node).into(),
            meta: Some((Meta { leader: leader.map(str::to_owned), size, replicas }, Timestamp::from_secs(100))),
            flows: Vec::new(),
        }
    }

    fn replica(node: &str, current: bool, offline: bool, lag: u64) -> Replica {
        Replica { node: node.into(), current, offline, lag, heard_ms: Some(1_500) }
    }

    fn said(panel: &SheetPanel) -> Vec<String> {
        let cell = |cell: &Cell| format!("{}{}", cell.text, cell.tone.map_or(String::new(), |tone| format!(" ({})", tone.as_str())));
        panel.rows.iter().map(|row| row.cells.iter().map(cell).collect::<Vec<_>>().join(" | ")).collect()
    }

    #[test]
    fn each_member_is_told_with_what_it_lacks_even_one_nobody_sees_any_more() {
        let replicas = vec![replica("gone", false, true, 7_200), replica("n3", false, false, 1_240), replica("n2", true, false, 0)];
        let mut cluster = cluster(Some("n1"), replicas, 5);
        let panel = panel(&cluster).unwrap();
        assert_eq!(
            said(&panel),
            [
                "n1 | leads (good) | — | told",
                "gone | offline (bad) | 7,200 | ",
                "n2 | current (good) | 0 | ",
                "n3 | behind (warn) | 1,240 | "
            ]
        );
        assert_eq!(
            (panel.aside.as_str(), panel.note.as_str()),
            ("1 of 3 replicas current", "5 nodes ought to be in it, its leader tells of 4.")
        );
        assert_eq!(panel.rows[2].cells[3].at, Some(Timestamp::from_micros(98_500_000)));
        let words: Vec<String> = cluster.nodes.iter().map(|row| of_node(&cluster, &row.node).text).collect();
        assert_eq!(words, ["leads", "on", "behind"]);
        cluster.stale = Some("NATS of main last answered 3 min ago".into());
        assert!(said(&super::panel(&cluster).unwrap()).iter().all(|row| row.contains("(unknown)")));
    }

    #[test]
    fn a_leader_that_fell_silent_leaves_the_others_unknown() {
        let mut cluster = cluster(Some("n1"), Vec::new(), 3);
        cluster.nodes[0].answers = false;
        let panel = panel(&cluster).unwrap();
        assert_eq!(said(&panel), ["n1 | led, and does not answer (bad) | — | told"]);
        assert!(panel.note.starts_with("Its leader did not tell of the others"));
    }

    #[test]
    fn one_node_alone_has_no_group() {
        assert_eq!(panel(&cluster(Some("n1"), Vec::new(), 1)), None);
        let leaderless = panel(&cluster(None, vec![replica("n2", true, false, 0)], 3)).unwrap();
        assert_eq!(said(&leaderless), ["n2 | current (good) | 0 | "]);
    }
}
