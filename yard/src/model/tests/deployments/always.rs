//! What holds for any configuration of the breaker and of how much may run at once.

use proptest::prelude::*;

use super::super::{START, plan, shown};
use super::{BAD, GOOD, SERVICE, check, deploy, index, latest, register, service, within_bounds};
use crate::{
    clock::{MINUTE, SECOND},
    model::{
        Fleet,
        deployment::{Breaker, Configuration, ServiceDeploymentStatus, Threshold, ThresholdKind},
    },
};

fn configuration() -> impl Strategy<Value = Configuration> {
    let percents = (0..=100_u32, 100..=300_u32).prop_filter("can move", |(minimum, maximum)| (*minimum, *maximum) != (100, 100));
    let threshold = prop_oneof![
        Just(None),
        (1..6_u32).prop_map(|value| Some(Threshold { kind: ThresholdKind::Count, value })),
        (1..=100_u32).prop_map(|value| Some(Threshold { kind: ThresholdKind::BoundedPercent, value })),
        (1..=100_u32).prop_map(|value| Some(Threshold { kind: ThresholdKind::UnboundedPercent, value })),
    ];
    (percents, threshold, proptest::option::of(any::<bool>()), any::<bool>()).prop_map(
        |((minimum, maximum), threshold, reset, rollback)| Configuration {
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            breaker: Breaker { enable: true, rollback, reset_on_healthy_task: reset, threshold },
            alarms: None,
            bake_minutes: 0,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Unless there is head-room in neither direction, of which the plan of a rollout must know.
    #[test]
    fn every_deployment_ends_and_keeps_its_bounds(
        seed in 0..1_000_u64,
        configuration in configuration(),
        desired in 0..7_u32,
        sound: bool,
        scaled in proptest::option::of((1..7_u32, 1..120_i64)),
    ) {
        let mut fleet = Fleet::new(&plan(seed, false), START);
        let index = index(&fleet);
        fleet.services[index].configuration = Configuration { minimum_healthy_percent: 100, maximum_percent: 200, ..configuration.clone() };
        fleet.set_desired(SERVICE, desired).unwrap();
        fleet.tick(START + 10 * MINUTE);
        fleet.services[index].configuration = configuration.clone();
        let moves = |desired: u32| configuration.most(desired) > desired || configuration.fewest_healthy(desired) < desired || desired == 0;
        prop_assume!(moves(desired) && scaled.is_none_or(|(count, _)| moves(count)));
        let arn = register(&mut fleet, check(if sound { GOOD } else { BAD }), None);
        deploy(&mut fleet, &arn);
        let begun = fleet.now;
        let mut wanted = scaled;
        while latest(&fleet).status.advances() || latest(&fleet).status.returns() {
            prop_assert!(fleet.now < begun + 120 * MINUTE, "{:?} {:#?}", latest(&fleet), service(&fleet).events);
            fleet.tick(fleet.now + SECOND);
            if let Some((count, _)) = wanted.filter(|(_, after)| fleet.now >= begun + after * SECOND) {
                fleet.set_desired(SERVICE, count).unwrap();
                wanted = None;
            }
            if scaled.is_none() {
                within_bounds(&fleet, true);
            }
        }
        let over = latest(&fleet).status;
        if sound {
            prop_assert_eq!(over, ServiceDeploymentStatus::Successful);
        } else if service(&fleet).desired > 0 {
            let expected = if configuration.breaker.rollback { ServiceDeploymentStatus::RollbackSuccessful } else { ServiceDeploymentStatus::Stopped };
            prop_assert!(over == expected || scaled.is_some(), "{over:?}");
        }
        fleet.tick(fleet.now + 10 * MINUTE);
        // a bad revision also succeeds where no task is wanted, and falls over as soon as one is
        let holds = if sound { ServiceDeploymentStatus::Successful } else { ServiceDeploymentStatus::RollbackSuccessful };
        if over == holds {
            prop_assert_eq!(fleet.counts(service(&fleet)), (service(&fleet).desired, 0));
        }
    }

    #[test]
    fn a_deployment_tells_the_same_story_however_time_is_cut(seed in 0..1_000_u64, sound: bool, steps in proptest::collection::vec(1..60_i64, 1..40)) {
        let begin = || {
            let mut fleet = Fleet::new(&plan(seed, true), START);
            let arn = register(&mut fleet, check(if sound { GOOD } else { BAD }), None);
            deploy(&mut fleet, &arn);
            fleet
        };
        let (mut stepped, mut at_once) = (begin(), begin());
        let mut now = START;
        for step in steps {
            now += step * SECOND;
            stepped.tick(now);
        }
        at_once.tick(now);
        prop_assert_eq!(shown(&stepped), shown(&at_once));
    }
}
