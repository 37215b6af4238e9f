//! The table, by table.

use super::*;

fn now() -> Timestamp {
    Timestamp::from_secs(1_000_000)
}

fn watching(namespace: &str, metric: &str, statistic: &str) -> Alarm {
    let watch = Watch {
        namespace: namespace.into(),
        metric: metric.into(),
        statistic: statistic.into(),
        comparison: "GreaterThanThreshold".into(),
        threshold: Some(80.0),
        ..Watch::default()
    };
    Alarm {
        name: metric.into(),
        watch: Some(watch),
        state: AlarmState::Ok,
        actions_enabled: true,
        actions: vec!["arn:aws:sns:us-east-1:1:topic".into()],
        ..Alarm::default()
    }
}

#[test]
fn each_alarm_has_one_column() {
    for (namespace, metric, statistic, expected) in [
        ("ECS/ContainerInsights", "RunningTaskCount", "Minimum", Column::RunningTasks),
        ("AWS/ECS", "CPUUtilization", "SampleCount", Column::RunningTasks),
        ("AWS/ECS", "CPUUtilization", "Average", Column::Cpu),
        ("ECS/ContainerInsights", "CpuUtilized", "Average", Column::Cpu),
        ("AWS/ECS", "MemoryUtilization", "Average", Column::Memory),
        ("ECS/ContainerInsights", "MemoryUtilized", "Average", Column::Memory),
        ("AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", Column::Health),
        ("AWS/NetworkELB", "HealthyHostCount", "Minimum", Column::Health),
        ("ECS/ContainerInsights", "UnHealthyContainerHealthStatus", "Maximum", Column::Health),
        ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", Column::Own),
        ("Game/Quests", "CPUUtilization", "Average", Column::Own),
        ("Game/Quests", "LostQuests", "Sum", Column::Own),
    ] {
        assert_eq!(column(&watching(namespace, metric, statistic)), expected, "{namespace} {metric} {statistic}");
    }
    assert_eq!(column(&Alarm { kind: AlarmKind::Log, ..Alarm::default() }), Column::Own);
    let mut math = watching("ECS/ContainerInsights", "DesiredTaskCount", "Minimum");
    math.watch.as_mut().unwrap().others = vec!["RunningTaskCount".into()];
    assert_eq!(column(&math), Column::RunningTasks);
}

#[test]
fn an_alarm_that_would_tell_nobody_covers_nothing() {
    let day = |hours: u64| Some(now().minus(Duration::from_secs(hours * 3_600)));
    let good = watching("AWS/ECS", "CPUUtilization", "Average");
    let scaling = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:x".to_owned();
    let without = |since| Alarm { state: AlarmState::InsufficientData, since, ..good.clone() };
    for (alarm, mark, said) in [
        (good.clone(), Mark::Covered, "> 80"),
        (Alarm { actions_enabled: false, ..good.clone() }, Mark::Weak, "its actions are off"),
        (Alarm { actions: vec![], ..good.clone() }, Mark::Weak, "nobody is told"),
        (Alarm { actions: vec![scaling], ..good.clone() }, Mark::Weak, "it only scales, and tells nobody"),
        (without(day(23)), Mark::Covered, "> 80"),
        (without(day(26)), Mark::Weak, "no data for 26 h"),
    ] {
        let cells = cells(&Watched::default(), &[&alarm], now());
        assert_eq!((cells[1].mark, cells[1].said.as_str()), (mark, said));
    }
}

#[test]
fn what_is_missing_is_said_by_what_would_count() {
    let balanced =
        Watched { target_groups: vec!["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/gateway/0a1b".into()], ..Watched::default() };
    let checked = Watched { checked_container: Some("main".into()), ..Watched::default() };
    for (service, said) in
        [(&balanced, "missing: its target group"), (&checked, "missing: its container health"), (&Watched::default(), "nothing reports it")]
    {
        let cells = cells(service, &[], now());
        assert_eq!(cells[3].said, said);
        assert_eq!(tally(&cells), (0b1111, 0), "the own column never lacks anything");
    }
}

#[test]
fn what_is_off_needs_nothing_and_what_watches_it_still_shows() {
    let off = Watched { off: true, ..Watched::default() };
    let alarm = watching("AWS/ECS", "CPUUtilization", "Average");
    let cells = cells(&off, &[&alarm], now());
    assert_eq!(cells.iter().map(|cell| cell.mark).collect::<Vec<_>>()[..2], [Mark::NotNeeded, Mark::Covered]);
    assert_eq!(tally(&cells), (0, 0));
}
