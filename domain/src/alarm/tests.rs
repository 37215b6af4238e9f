//! What is read out of an alarm's own fields, by table.

use super::*;

#[test]
fn who_is_told() {
    for (arn, name) in [
        ("arn:aws:sns:us-east-1:111122223333:gaming-system-alerts", Some("gaming-system-alerts")),
        ("arn:aws-cn:lambda:cn-north-1:1:function:page-me", Some("page-me")),
        ("arn:aws:ssm-incidents::1:response-plan/night", Some("night")),
        ("arn:aws:autoscaling:us-east-1:1:scalingPolicy:x:resource/ecs/service/c/s:policyName/p", None),
        ("arn:aws:automate:us-east-1:ec2:reboot", None),
        ("nonsense", None),
    ] {
        assert_eq!(recipient(arn), name, "{arn}");
    }
    let scaling = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:x".to_owned();
    let topic = "arn:aws:sns:us-east-1:1:t".to_owned();
    let alarm = |actions: &[&String], actions_enabled| Alarm {
        actions: actions.iter().map(|arn| (*arn).clone()).collect(),
        actions_enabled,
        ..Alarm::default()
    };
    assert_eq!((alarm(&[&scaling], true).told(), alarm(&[&scaling], true).only_scales()), (vec![], true));
    assert_eq!((alarm(&[&scaling, &topic], true).told(), alarm(&[&scaling, &topic], true).only_scales()), (vec!["t"], false));
    assert!(alarm(&[&topic], false).told().is_empty() && !alarm(&[], true).only_scales());
}

#[test]
fn the_runbook_is_the_first_web_address() {
    for (text, found) in [
        ("CPU high. See https://wiki.example/run?x=1#cpu.", Some("https://wiki.example/run?x=1#cpu")),
        ("(http://a/b) or https://c", Some("http://a/b")),
        ("<a href=\"https://x/\">", Some("https://x/")),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("", None),
    ] {
        assert_eq!(web_address(text), found, "{text}");
    }
}

#[test]
fn a_composite_alarm_names_its_children() {
    let alarm = |rule: &str| Alarm { kind: AlarmKind::Composite, condition: Some(rule.into()), ..Alarm::default() };
    let rule = "(ALARM(a) AND NOT ALARM(\"b c\")) OR OK(arn:aws:cloudwatch:us-east-1:1:alarm:d)";
    assert_eq!(alarm(rule).children(), ["a", "b c", "d"]);
    assert!(alarm("TRUE").children().is_empty());
    assert!(alarm("((((").children().is_empty());
}

#[test]
fn history_is_read_from_its_data_or_its_summary() {
    let data = r#"{"version":"1.0","oldState":{"stateValue":"OK"},"newState":{"stateValue":"ALARM","stateReason":"over"}}"#;
    let state = |before, after, reason: Option<&str>| Some(Happened::State { before, after, reason: reason.map(str::to_owned) });
    for (summary, payload, happened) in [
        ("Alarm updated from OK to ALARM", Some(data), state(Some(AlarmState::Ok), AlarmState::Alarm, Some("over"))),
        ("Alarm updated from INSUFFICIENT_DATA to OK", Some("{\"cut"), state(Some(AlarmState::InsufficientData), AlarmState::Ok, None)),
        ("Alarm updated from OK to ALARM", None, state(Some(AlarmState::Ok), AlarmState::Alarm, None)),
        ("nothing of use", None, None),
    ] {
        assert_eq!(Happened::state(summary, payload), happened, "{summary} {payload:?}");
    }
    for (summary, payload, happened) in [
        ("Alarm \"a\" created", Some("{\"type\":\"Create\"}"), Happened::Created),
        ("Alarm \"a\" deleted", None, Happened::Deleted),
        ("Alarm \"a\" updated", Some("{\"type\":\"Update\"}"), Happened::Changed),
        ("", None, Happened::Changed),
    ] {
        assert_eq!(Happened::configuration(summary, payload), happened, "{summary}");
    }
}

#[test]
fn an_alarm_stored_by_an_older_version_can_be_read() {
    let old = r#"{"name":"a","arn":"b","kind":"metric","state":"ALARM","reason":null,"since":null,"description":null,
        "actions_enabled":true,"actions":[],"condition":null,"dimensions":{}}"#;
    let alarm: Alarm = serde_json::from_str(old).unwrap();
    assert_eq!((alarm.state, alarm.configured, alarm.watch), (AlarmState::Alarm, None, None));
}
