//! Points out of order, twice, with gaps; buckets of plots.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(second)
}

#[test]
fn every_metric_has_a_word_and_survives_keeping() {
    for metric in Metric::ALL {
        assert_eq!(Metric::from_word(metric.as_str()), Some(metric));
        assert_eq!(serde_json::to_string(&metric).unwrap(), format!("\"{}\"", metric.as_str()));
        let kept = metric.kept(42.0).unwrap();
        assert!((metric.value(kept) - 42.0).abs() < 1e-9);
        assert_eq!(HOUR % i64::from(metric.step()), 0);
        assert_eq!(metric.of_nats(), i64::from(metric.step()) == crate::nats::meter::SLOT && metric.as_str().starts_with("nats"));
    }
    let one_in_five_minutes = Metric::NatsSent.kept(1.0 / 300.0).unwrap();
    assert_eq!((one_in_five_minutes, Metric::NatsSent.value(one_in_five_minutes)), (1, 1.0 / 300.0), "little is not nothing");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        assert_eq!(Metric::CpuAverage.kept(bad), None);
    }
}

#[test]
fn a_point_falls_into_its_slot_wherever_it_comes_from() {
    let hour = 1_777_716_000;
    assert_eq!(start_of(at(hour + 3_599), HOUR), hour);
    assert_eq!(start_of(Timestamp::from_micros(-1), HOUR), -HOUR);
    let slot = |second| slot_of(at(second), hour, HOUR, 300);
    assert_eq!((slot(hour), slot(hour + 299), slot(hour + 300), slot(hour + 3_599)), (Some(0), Some(0), Some(1), Some(11)));
    assert_eq!((slot(hour - 1), slot(hour + 3_600)), (None, None));
}

#[test]
fn overlaps_take_the_newer_reading_and_nothing_twice() {
    let mut slots: Slots = vec![Some(1), None, Some(3)];
    assert!(lay_over(&mut slots, &[None, Some(2), Some(4), Some(5)]));
    assert_eq!(slots, [Some(1), Some(2), Some(4), Some(5)]);
    assert!(!lay_over(&mut slots, &[None, Some(2), Some(4)]));
}

#[test]
fn a_month_has_as_many_points_as_a_day() {
    for reach in Reach::ALL {
        for step in [60, 300] {
            let width = reach.bucket(step);
            assert_eq!(width % i64::from(step), 0);
            let line = Line::between(1_777_716_123 - reach.seconds(), 1_777_716_123, width);
            assert!(i64::try_from(line.values.len()).unwrap() <= MOST_POINTS + 2, "{reach:?} {step}");
        }
        assert_eq!(Reach::from_word(reach.as_str()), Some(reach));
    }
}

#[test]
fn a_gap_stays_a_gap() {
    let line = Line::between(1_200, 3_000, 300).gathered([(2_750, 4.0), (1_200, 2.0), (1_499, 4.0), (9_999, 1.0), (-5, 1.0)], Join::Mean);
    assert_eq!(line.values, [Some(3.0), None, None, None, None, Some(4.0), None]);
    assert_eq!((line.newest(), line.range()), (Some((2_700, 4.0)), Some((3.0, 4.0))));
    let mut looked_away = line;
    looked_away.blank(2_600, 3_100);
    assert_eq!(looked_away.newest(), Some((1_200, 3.0)));
}

#[test]
fn what_hurts_survives_the_bucket() {
    let all = [(0, 1.0), (10, 9.0), (20, 2.0)];
    assert_eq!(Line::between(0, 50, 60).gathered(all, Join::Highest).values[0], Some(9.0));
    assert_eq!(Line::between(0, 50, 60).gathered(all, Join::Lowest).values[0], Some(1.0));
}

proptest! {
    /// In whatever order and however often points come, the hour ends the same.
    #[test]
    fn order_and_repetition_do_not_matter(points in proptest::collection::btree_map(0_usize..12, 0_i64..10_000, 0..12), seed in any::<u64>()) {
        let mut batches: Vec<Slots> = points.iter().map(|(slot, value)| { let mut slots = vec![None; 12]; slots[*slot] = Some(*value); slots }).collect();
        batches.extend(batches.clone());
        let turn = usize::try_from(seed % 13).unwrap().min(batches.len());
        batches.rotate_left(turn);
        let mut slots = vec![None; 12];
        for batch in &batches {
            lay_over(&mut slots, batch);
        }
        for (slot, value) in slots.iter().enumerate() {
            prop_assert_eq!(*value, points.get(&slot).copied());
        }
    }
}
