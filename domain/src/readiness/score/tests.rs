use proptest::prelude::*;

use super::*;

const fn known(value: u16) -> Standing {
    Standing::Known { value, gates: value < WHOLE, freshness: WHOLE }
}

const fn item(weight: u64, gate: Option<u8>, standing: Standing) -> Item {
    Item { weight, gate, standing }
}

#[test]
fn the_worked_example_of_the_model() {
    // D = 150, known passes worth 120, unknown 20, fails 10
    let items = [item(1_200, None, known(WHOLE)), item(200, None, Standing::Unknown), item(100, Some(69), known(0))];
    let ungated = score(items.map(|item| Item { gate: None, ..item }));
    assert_eq!((ungated.score, ungated.upper, ungated.letter), (Some(80), Some(93), Some(Letter::B)));
    let gated = score(items);
    assert_eq!((gated.score, gated.uncapped, gated.upper, gated.letter), (Some(69), Some(80), Some(69), Some(Letter::D)));
    assert_eq!((gated.confidence, gated.trust()), (866, Confidence::Medium));
}

#[test]
fn what_each_part_does() {
    let pass = item(100, Some(69), known(WHOLE));
    for (items, said) in [
        (vec![], "insufficient evidence"),
        (vec![pass], "100"),
        (vec![pass, item(100, None, Standing::Unknown)], "50 to 100"),
        (vec![pass, item(101, None, Standing::Unknown)], "insufficient evidence"),
        // a gated check that nobody can see holds the score at 79, or at its own gate where that is lower
        (vec![item(1_000, None, known(WHOLE)), item(10, Some(95), Standing::Unknown)], "79 to 100"),
        (vec![item(1_000, None, known(WHOLE)), item(10, Some(20), Standing::Unknown)], "20 to 100"),
        // a partial that is not bad enough for its gate
        (vec![pass, item(100, Some(20), Standing::Known { value: 980, gates: false, freshness: WHOLE })], "99"),
        (vec![pass, item(100, Some(20), Standing::Known { value: 0, gates: true, freshness: WHOLE })], "20"),
        // all waived: nothing is left that could be scored
        (vec![item(100, None, Standing::Waived { freshness: WHOLE })], "insufficient evidence"),
    ] {
        assert_eq!(score(items.clone()).range(), said, "{items:?}");
    }
}

#[test]
fn much_that_is_waived_makes_no_good_letter() {
    let with = |waived| score([item(1_000 - waived, None, known(WHOLE)), item(waived, Some(59), Standing::Waived { freshness: WHOLE })]);
    assert_eq!((with(150).letter, with(150).score, with(150).unwaived), (Some(Letter::A), Some(100), Some(59)));
    assert_eq!((with(151).letter, with(151).score), (Some(Letter::C), Some(100)));
}

#[test]
fn low_confidence_has_a_question_mark() {
    let aged = |freshness| score([item(10, None, Standing::Known { value: WHOLE, gates: false, freshness })]);
    assert_eq!([900, 899, 700, 699, 500, 499].map(|fresh| aged(fresh).grade()), ["A", "A", "A", "A?", "A?", "–"]);
}

fn standings() -> impl Strategy<Value = Vec<Item>> {
    let standing = prop_oneof![
        4 => (0..=WHOLE, any::<bool>()).prop_map(|(value, bad)| Standing::Known { value, gates: bad && value < WHOLE, freshness: WHOLE }),
        1 => Just(Standing::Unknown),
        1 => Just(Standing::Waived { freshness: WHOLE }),
    ];
    let gate = prop_oneof![Just(None), (0..=100_u8).prop_map(Some)];
    proptest::collection::vec((1..=300_u64, gate, standing).prop_map(|(weight, gate, standing)| Item { weight, gate, standing }), 1..40)
}

/// One of them, changed.
fn changed(items: &[Item], index: usize, standing: Standing) -> Vec<Item> {
    let mut items = items.to_vec();
    let index = index % items.len();
    items[index].standing = standing;
    items
}

proptest! {
    #[test]
    fn a_pass_never_lowers(items in standings(), weight in 1..300_u64, gate in proptest::option::of(0..=100_u8), at in any::<usize>()) {
        let before = score(items.clone());
        let more = score(items.iter().copied().chain([item(weight, gate, known(WHOLE))]));
        let turned = items[at % items.len()].standing;
        prop_assert!(more.score >= before.score && more.unwaived >= before.unwaived, "{before:?} {more:?}");
        // a waived check that passes joins the denominator: what it earns is all of it
        if !matches!(turned, Standing::Waived { .. }) {
            let passed = score(changed(&items, at, known(WHOLE)));
            prop_assert!(passed.score >= before.score && passed.upper >= before.upper, "{before:?} {passed:?}");
        }
    }

    #[test]
    fn going_blind_never_raises(items in standings(), at in any::<usize>()) {
        let before = score(items.clone());
        prop_assume!(matches!(items[at % items.len()].standing, Standing::Known { .. }));
        let blind = score(changed(&items, at, Standing::Unknown));
        prop_assert!(blind.score <= before.score && blind.unwaived <= before.unwaived && blind.confidence <= before.confidence);
    }

    #[test]
    fn a_waiver_never_raises_what_is_unwaived(items in standings(), at in any::<usize>()) {
        let before = score(items.clone());
        let waived = score(changed(&items, at, Standing::Waived { freshness: WHOLE }));
        // where there was too little evidence for any score, freshness alone may have made one
        prop_assume!(before.unwaived.is_some());
        prop_assert!(waived.unwaived <= before.unwaived, "{before:?} {waived:?}");
    }

    #[test]
    fn order_does_not_matter(items in standings(), by in any::<usize>()) {
        let mut turned = items.clone();
        turned.rotate_left(by % items.len());
        let mut backwards = items.clone();
        backwards.reverse();
        let all = score(items);
        prop_assert_eq!(&all, &score(turned));
        prop_assert_eq!(&all, &score(backwards));
        prop_assert!(all.upper >= all.score && all.score <= all.uncapped);
    }
}
