//! Tables for each trap, and any story of three services on three nodes.

use proptest::prelude::*;

use super::*;

const START: i64 = 1_777_716_000;
const PATIENCE: Duration = Duration::from_secs(45);

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(START + second)
}

/// A reading of `n1` (or what it is called after a restart) with connections as (number, sent, received) of service 1.
fn look(second: i64, id: &'static str, connections: &[(u64, u64, u64)]) -> Look<'static> {
    let of = |(cid, sent, received): &(u64, u64, u64)| Counted {
        node: id,
        cid: *cid,
        sent: *sent,
        received: *received,
        waiting: 0,
        owner: Some(1),
    };
    Look { at: at(second), patience: PATIENCE, nodes: vec![id], absent: false, connections: connections.iter().map(of).collect() }
}

/// Reads every 15 s from 0 to beyond the first slot, with what `then` makes of each reading; answers that slot.
fn slot(mut then: impl FnMut(i64) -> Option<Look<'static>>) -> Vec<Carried> {
    let mut meter = Meter::default();
    let mut all = Vec::new();
    for second in (0..=315).step_by(15) {
        if let Some(look) = then(second) {
            all.extend(meter.read(&look));
            // what is remembered survives being written down
            let text = serde_json::to_string(&meter).unwrap();
            meter = serde_json::from_str(&text).unwrap();
        }
    }
    all
}

fn counts(second: i64) -> u64 {
    second.unsigned_abs()
}

#[test]
fn increases_become_messages_a_second() {
    let all = slot(|second| Some(look(second, "N1", &[(7, 1_000_000 + counts(second), 2 * counts(second))])));
    assert_eq!(all, [Carried { owner: 1, slot: START, connections: Some(1), rates: Some((1.0, 2.0)) }]);
}

#[test]
fn a_connection_that_is_opened_anew_counts_from_nought() {
    // opened anew at 150 s: the number is another, the counters begin again
    let all = slot(|second| {
        let one = if second < 150 { (7, 9_000_000 + counts(second), 0) } else { (8, counts(second) - 150, 0) };
        Some(look(second, "N1", &[one]))
    });
    let (sent, _) = all[0].rates.unwrap();
    assert!((0.94..=1.0).contains(&sent), "its last seconds are lost, nothing is added: {sent}");
    assert_eq!(all[0].connections, Some(1));
}

#[test]
fn a_restarted_node_is_a_baseline() {
    let all = slot(|second| {
        let (id, one) = if second < 150 { ("N1", (7, 9_000_000, 0)) } else { ("N1b", (7, 500 + counts(second), 0)) };
        Some(look(second, id, &[one]))
    });
    let (sent, _) = all[0].rates.unwrap();
    assert!(sent < 1.0, "the five hundred it began with are not of this time: {sent}");
}

#[test]
fn a_counter_that_falls_is_no_increase() {
    let all = slot(|second| Some(look(second, "N1", &[(7, if second == 150 { 5 } else { 1_000_000 }, 0)])));
    assert_eq!(all[0].rates, Some((0.0, 0.0)), "neither the fall nor a rise from it that was none");
}

#[test]
fn a_pause_is_a_gap_and_what_came_meanwhile_no_spike() {
    let steady = |second: i64| Some(look(second, "N1", &[(7, 1_000 * counts(second), 0)]));
    // not looked at from 60 s to 255 s: less than half was seen
    assert_eq!(slot(|second| if (75..255).contains(&second) { None } else { steady(second) }), []);
    // one reading lost: the counters tell of its time as well
    let all = slot(|second| if second == 150 { None } else { steady(second) });
    assert_eq!(all[0].rates, Some((1_000.0, 0.0)));
}

#[test]
fn the_first_reading_and_a_clock_set_back_claim_nothing() {
    let mut meter = Meter::default();
    assert_eq!(meter.read(&look(0, "N1", &[(7, 9_000_000, 0)])), []);
    assert_eq!(meter.read(&look(-4_000, "N1", &[(7, 9_100_000, 0)])), []);
    assert_eq!(meter.read(&look(-4_000, "N1", &[(7, 9_200_000, 0)])), [], "the same instant twice");
    assert!(meter.slots.is_empty(), "{meter:?}");
}

#[test]
fn a_service_without_connections_has_none_and_sends_nothing() {
    let all = slot(|second| Some(look(second, "N1", if second == 0 { &[(7, 5, 5)] } else { &[] })));
    assert_eq!(all, [Carried { owner: 1, slot: START, connections: Some(0), rates: Some((0.0, 0.0)) }]);
    // one that is deleted is told no more
    let mut meter = Meter::default();
    meter.read(&look(0, "N1", &[(7, 5, 5)]));
    meter.keep(|owner| owner != 1);
    let all: Vec<Carried> = (1..30).flat_map(|turn| meter.read(&look(turn * 15, "N1", &[]))).collect();
    assert_eq!(all, []);
}

#[test]
fn a_silent_node_makes_nobodys_connections_nought() {
    let silent = |second: i64, on_another: &[(u64, u64, u64)]| {
        let mut look = look(second, "N2", on_another);
        look.absent = true;
        look
    };
    let both = |second: i64| {
        let mut look = look(second, "N1", &[(7, counts(second), 0)]);
        look.nodes.push("N2");
        look
    };
    // from the first minute on: nothing is known of it any more
    assert_eq!(slot(|second| Some(if second < 60 { both(second) } else { silent(second, &[]) })), []);
    // its client is on another node soon: known again
    let moved = |second: i64| Some(if second < 60 { both(second) } else { silent(second, &[(3, counts(second) - 60, 0)]) });
    let all = slot(moved);
    assert_eq!(all[0].connections, Some(1));
    assert!((0.9..=1.0).contains(&all[0].rates.unwrap().0), "{all:?}");
}

#[test]
fn a_list_that_was_cut_counts_nobody_out() {
    let cut = |second: i64| {
        let mut look = look(second, "N1", &[]);
        (look.nodes, look.absent) = (Vec::new(), true);
        look
    };
    let whole = |second: i64| look(second, "N1", &[(7, 9_000_000 + counts(second), 0)]);
    let all = slot(|second| Some(if (60..120).contains(&second) { cut(second) } else { whole(second) }));
    assert_eq!((all[0].connections, all[0].rates), (Some(1), Some((1.0, 0.0))));
}

#[test]
fn whose_it_is_may_be_found_out_late() {
    let all = slot(|second| {
        let mut look = look(second, "N1", &[(7, 9_000_000 + counts(second), 0)]);
        look.connections[0].owner = (second >= 60).then_some(1);
        Some(look)
    });
    assert_eq!((all.len(), all[0].rates), (1, Some((1.0, 0.0))), "what was counted before is no spike");
}

#[test]
fn a_slow_pace_fills_every_slot_it_covers() {
    let mut meter = Meter::default();
    let mut all = Vec::new();
    for turn in 0..4 {
        let mut look = look(turn * 700, "N1", &[(7, 700 * turn.unsigned_abs(), 0)]);
        look.patience = Duration::from_secs(2_100);
        all.extend(meter.read(&look));
    }
    let rates: Vec<_> = all.iter().map(|carried| (carried.slot - START, (carried.rates.unwrap().0 * 1e9).round() / 1e9)).collect();
    assert_eq!(rates, (0..7).map(|slot| (slot * SLOT, 1.0)).collect::<Vec<_>>());
}

/// A connection as it really is.
#[derive(Clone, Debug)]
struct Real {
    node: usize,
    cid: u64,
    owner: Owner,
    sent: u64,
    received: u64,
}

/// What really went, from one instant to the next.
struct Step {
    from: i64,
    to: i64,
    /// By service: connections at the end, sent, received.
    of: BTreeMap<Owner, (u32, u64, u64)>,
    /// By service: connections at the end on nodes that answer.
    heard: BTreeMap<Owner, u32>,
}

#[derive(Default)]
struct World {
    now: i64,
    started: [u32; 3],
    next_cid: [u64; 3],
    mute: [bool; 3],
    connections: Vec<Real>,
    steps: Vec<Step>,
}

impl World {
    fn open(&mut self, owner: Owner, node: usize) {
        self.next_cid[node] += 1;
        self.connections.push(Real { node, cid: self.next_cid[node], owner, sent: 0, received: 0 });
    }

    /// The node's process ends; its clients connect to another one, and a new process may answer in its place.
    fn restart(&mut self, node: usize) {
        (self.started[node], self.next_cid[node]) = (self.started[node] + 1, 0);
        let (gone, left): (Vec<Real>, Vec<Real>) = std::mem::take(&mut self.connections).into_iter().partition(|real| real.node == node);
        self.connections = left;
        for real in gone {
            self.open(real.owner, (node + 1) % 3);
        }
    }

    fn act(&mut self, action: u8, argument: usize) {
        let node = argument % 3;
        match action {
            // while one does not answer nobody opens more: a fewer that was made up for could not be told from it
            0 if !self.mute.contains(&true) => self.open(i64::try_from(argument % 3).unwrap(), (argument / 3) % 3),
            1 if !self.connections.is_empty() => drop(self.connections.swap_remove(argument % self.connections.len())),
            2 => self.restart(node),
            3 => self.mute[node] = true,
            4 | 5 => self.mute[node] = false,
            6 => {
                self.mute[node] = true;
                self.restart(node);
            }
            _ => {}
        }
    }

    fn go(&mut self, seconds: i64, traffic: u64) {
        let mut of: BTreeMap<Owner, (u32, u64, u64)> = (0..3).map(|owner| (owner, (0, 0, 0))).collect();
        let mut heard: BTreeMap<Owner, u32> = (0..3).map(|owner| (owner, 0)).collect();
        for (index, real) in (1..).zip(&mut self.connections) {
            let (sent, received) = (traffic * index, traffic / 2);
            real.sent += sent;
            real.received += received;
            let step = of.get_mut(&real.owner).unwrap();
            *step = (step.0 + 1, step.1 + sent, step.2 + received);
            *heard.get_mut(&real.owner).unwrap() += u32::from(!self.mute[real.node]);
        }
        self.steps.push(Step { from: self.now, to: self.now + seconds, of, heard });
        self.now += seconds;
    }

    fn read(&self, meter: &mut Meter) -> Vec<Carried> {
        let ids: Vec<String> = self.started.iter().enumerate().map(|(node, started)| format!("N{node}-{started}")).collect();
        let heard = |node: &usize| !self.mute[*node];
        let of = |real: &Real| (real.node, real.cid, real.sent, real.received, real.owner);
        let connections = self.connections.iter().map(of).filter(|(node, ..)| heard(node));
        let counted = connections.map(|(node, cid, sent, received, owner)| Counted {
            node: &ids[node],
            cid,
            sent,
            received,
            waiting: 0,
            owner: Some(owner),
        });
        let look = Look {
            at: at(self.now),
            patience: PATIENCE,
            nodes: (0..3).filter(heard).map(|node| ids[node].as_str()).collect(),
            absent: self.mute.contains(&true),
            connections: counted.collect(),
        };
        meter.read(&look)
    }

    /// The steps that a slot's value may rest on.
    fn around(&self, slot: i64) -> impl Iterator<Item = &Step> {
        let (from, to) = (slot - START - 45, slot - START + SLOT + 45);
        self.steps.iter().filter(move |step| step.to > from && step.from < to)
    }
}

proptest! {
    /// Whatever happens, no value is above what really went, nor a count outside of what there really was.
    #[test]
    fn nothing_is_ever_made_up(story in proptest::collection::vec((0_u8..12, 0_usize..9, 0_u64..2_000, 0_u8..20), 20..160)) {
        let (mut world, mut meter) = (World::default(), Meter::default());
        for owner in 0..3 {
            world.open(owner, usize::try_from(owner).unwrap());
        }
        let mut all = Vec::new();
        for (action, argument, traffic, reading) in story {
            world.act(action, argument);
            // now and then a long pause, and readings that fail
            world.go(if reading == 19 { 700 } else { 15 }, traffic);
            if reading < 17 {
                all.extend(world.read(&mut meter));
            }
        }
        for carried in all {
            let of = |step: &Step| step.of[&carried.owner];
            let seconds = |step: &Step| (step.to - step.from) as f64;
            if let Some((sent, received)) = carried.rates {
                let most_sent = world.around(carried.slot).map(|step| of(step).1 as f64 / seconds(step)).fold(0.0, f64::max);
                let most_received = world.around(carried.slot).map(|step| of(step).2 as f64 / seconds(step)).fold(0.0, f64::max);
                prop_assert!(sent <= most_sent + 1e-6, "{carried:?} but at most {most_sent}");
                prop_assert!(received <= most_received + 1e-6, "{carried:?} but at most {most_received}");
            }
            if let Some(connections) = carried.connections {
                // of what is opened on a node that does not answer nobody can know
                let fewest = world.around(carried.slot).map(|step| step.heard[&carried.owner]).min().unwrap();
                let most = world.around(carried.slot).map(|step| of(step).0).max().unwrap();
                prop_assert!((fewest..=most).contains(&connections), "{carried:?} but {fewest} to {most}");
            }
        }
    }

    /// While connections stay, every message of every slot is told, however the readings fall.
    #[test]
    fn nothing_is_lost_while_connections_stay(steps in proptest::collection::vec((1_i64..22, 0_u64..5_000, any::<bool>()), 80..200)) {
        let (mut world, mut meter) = (World::default(), Meter::default());
        for owner in 0..3 {
            world.open(owner, usize::try_from(owner).unwrap());
            world.open(owner, 0);
        }
        let mut all = world.read(&mut meter);
        let mut skipped = 0;
        for (seconds, traffic, read) in steps {
            // even within a span, so that what is laid evenly into slots is what went
            world.go(seconds, traffic * seconds.unsigned_abs());
            skipped = if read || skipped + seconds > 22 { 0 } else { skipped + seconds };
            if skipped == 0 {
                all.extend(world.read(&mut meter));
            }
        }
        let told: f64 = all.iter().map(|carried| carried.rates.expect("all of it was seen").0 * SLOT as f64).sum();
        let running: f64 = meter.slots.values().flat_map(BTreeMap::values).map(|sum| sum.sent).sum();
        let read: u64 = meter.nodes.values().flat_map(BTreeMap::values).map(|(sent, _)| sent).sum();
        let whole: u64 = world.connections.iter().map(|real| real.sent).sum();
        prop_assert!((told + running - read as f64).abs() < 1e-6 * whole as f64 + 1e-6, "{told} and {running} of {read}");
        prop_assert!(all.iter().all(|carried| carried.connections == Some(2)));
    }
}

#[test]
fn the_fullest_connection_of_the_newest_reading_is_known() {
    let with = |waiting: &[u32]| Look {
        connections: waiting
            .iter()
            .zip(0..)
            .map(|(waiting, cid)| Counted { waiting: *waiting, ..look(0, "N1", &[(cid, 0, 0)]).connections[0] })
            .collect(),
        ..look(0, "N1", &[])
    };
    let mut meter = Meter::default();
    meter.read(&with(&[20, 900, 3]));
    assert_eq!(meter.waiting().collect::<Vec<_>>(), [(1, 900)]);
    meter.read(&with(&[5]));
    assert_eq!(meter.waiting().collect::<Vec<_>>(), [(1, 5)]);
    meter.read(&with(&[]));
    assert_eq!(meter.waiting().count(), 0);
}
