//! The texts, and what a real shell makes of them.

use std::process::Command;

use super::*;
use crate::alarm::Watch;

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

fn gap(service: &str, column: Column) -> Gap {
    let key = ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() };
    Gap { key, column, desired: 2, watched: Watched::default() }
}

fn alarm(name: &str, threshold: f64) -> Alarm {
    let watch = Watch {
        namespace: "AWS/ECS".into(),
        metric: "CPUUtilization".into(),
        statistic: "Average".into(),
        comparison: "GreaterThanThreshold".into(),
        threshold: Some(threshold),
        period: 60,
        evaluated: 2,
        to_alarm: 2,
        missing: "missing".into(),
        ..Watch::default()
    };
    Alarm { name: name.into(), watch: Some(watch), actions_enabled: true, actions: vec![TOPIC.into()], ..Alarm::default() }
}

fn customs(alarms: &[Alarm]) -> BTreeMap<String, Custom> {
    [("production".to_owned(), Custom::of("111122223333", "us-east-1", alarms))].into()
}

/// What a shell hands to a program called `aws`: one line an argument list, as JSON where an argument is JSON.
fn as_a_shell_reads_it(script: &str) -> Vec<Vec<String>> {
    // the function stands before the script, so that every `aws` in it is this one; \036 and \037 end records and fields
    let around = format!(
        "aws() {{ for word in \"$@\"; do printf '%s\\037' \"$word\"; done >&3; printf '\\036' >&3; printf 'x:loadbalancer/app/lb/1'; }}\n{script}"
    );
    let output = Command::new("sh").args(["-c", &format!("exec 3>&1 >/dev/null\n{around}")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let words = |call: &str| call.split_terminator('\u{1f}').map(str::to_owned).collect();
    said.split_terminator('\u{1e}').map(words).collect()
}

#[test]
fn a_shell_reads_every_hostile_name_as_one_value() {
    for name in [
        "auth-nats",
        "a'; touch /tmp/owned; '",
        "$(reboot) `reboot` ${HOME}",
        "-rf --region eu-west-1",
        "file:///etc/passwd",
        "\"quoted\\\" \\",
        "söhne 🚦 \u{202E}gnp",
        "a\\u0001b",
    ] {
        let script = write(Form::Cli, &[gap(name, Column::Cpu)], &customs(&[]), 10);
        let calls = as_a_shell_reads_it(&script);
        assert_eq!(calls.len(), 1, "{script}");
        let [rest @ .., input] = calls[0].as_slice() else { panic!() };
        assert_eq!(rest, ["cloudwatch", "put-metric-alarm", "--region", "us-east-1", "--cli-input-json"]);
        let input: Value = serde_json::from_str(input).unwrap_or_else(|error| panic!("{error}: {input}"));
        assert_eq!(input["AlarmName"], format!("{name}-cpu-high"));
        assert_eq!(input["Dimensions"][1]["Value"], *name);
    }
}

#[test]
fn a_name_that_cannot_be_pasted_is_left_out_and_said() {
    let script = write(Form::Cli, &[gap("a\nrm -rf /", Column::Cpu)], &customs(&[]), 10);
    assert!(as_a_shell_reads_it(&script).is_empty());
    assert!(script.contains("# CPU of a·rm -rf /: its name holds control characters"), "{script}");
}

#[test]
fn thresholds_and_topic_are_the_fleets_own() {
    let alarms = [alarm("a", 75.0), alarm("b", 75.0), alarm("c", 90.0)];
    let script = write(Form::Cli, &[gap("auth", Column::Cpu), gap("auth", Column::Memory)], &customs(&alarms), 10);
    let inputs: Vec<Value> = as_a_shell_reads_it(&script).iter().map(|call| serde_json::from_str(call.last().unwrap()).unwrap()).collect();
    assert_eq!((inputs[0]["Threshold"].as_f64(), &inputs[0]["AlarmActions"]), (Some(75.0), &json!([TOPIC])));
    assert!(script.contains("(as 2 alarms of the environment do)"));
    assert!(script.contains("a default of Signalbox"), "nobody watches memory");
    assert!(script.contains("as 3 of its alarms do"));
}

#[test]
fn no_alarm_that_exists_is_replaced() {
    let script = write(Form::Cli, &[gap("auth", Column::Cpu)], &customs(&[alarm("auth-cpu-high", 1.0)]), 10);
    assert!(script.contains("\"AlarmName\": \"main-auth-cpu-high\""), "{script}");
}

#[test]
fn fewer_than_it_wants_is_never_more_than_it_wants() {
    let mut example = alarm("a", 2.0);
    let watch = example.watch.as_mut().unwrap();
    (watch.namespace, watch.metric, watch.comparison) =
        ("ECS/ContainerInsights".into(), "RunningTaskCount".into(), "LessThanThreshold".into());
    let one = Gap { desired: 1, ..gap("auth", Column::RunningTasks) };
    assert!(write(Form::Cli, &[one], &customs(&[example]), 10).contains("\"Threshold\": 1.0"));
}

#[test]
fn the_load_balancer_of_a_target_group_is_looked_up() {
    let mut behind = gap("gateway", Column::Health);
    behind.watched.target_groups = vec!["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/gate/0a".into()];
    let calls = as_a_shell_reads_it(&write(Form::Cli, std::slice::from_ref(&behind), &customs(&[]), 10));
    assert_eq!(calls[0][1], "describe-target-groups");
    let input: Value = serde_json::from_str(calls[1].last().unwrap()).unwrap();
    assert_eq!(
        input["Dimensions"],
        json!([{"Name": "TargetGroup", "Value": "targetgroup/gate/0a"}, {"Name": "LoadBalancer", "Value": "app/lb/1"}])
    );
    assert_eq!(input["Namespace"], "AWS/ApplicationELB");
    let text = write(Form::Terraform, &[behind], &customs(&[]), 10);
    assert!(text.contains("data \"aws_lb_target_group\" \"gateway_unhealthy_targets\""), "{text}");
}

#[test]
fn a_network_load_balancer_is_watched_where_it_reports() {
    let mut example = alarm("gate", 0.0);
    (example.dimensions, example.watch) = (BTreeMap::new(), None);
    for (name, value) in [("TargetGroup", "targetgroup/relay/0b"), ("LoadBalancer", "net/relay/2")] {
        example.dimensions.insert(name.into(), value.into());
    }
    let mut behind = gap("relay", Column::Health);
    behind.watched.target_groups = vec!["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/relay/0b".into()];
    let calls = as_a_shell_reads_it(&write(Form::Cli, std::slice::from_ref(&behind), &customs(std::slice::from_ref(&example)), 10));
    let input: Value = serde_json::from_str(calls[0].last().unwrap()).unwrap();
    assert_eq!((&input["Namespace"], &input["Dimensions"][1]["Value"]), (&json!("AWS/NetworkELB"), &json!("net/relay/2")));
    let unknown =
        [write(Form::Cli, std::slice::from_ref(&behind), &customs(&[]), 10), write(Form::Terraform, &[behind], &customs(&[]), 10)];
    assert!(unknown[0].contains("case $LOAD_BALANCER in net/*) NAMESPACE=AWS/NetworkELB ;;"), "{}", unknown[0]);
    assert!(unknown[1].contains("\"net/\") ? \"AWS/NetworkELB\" : \"AWS/ApplicationELB\""), "{}", unknown[1]);
}

#[test]
fn terraform_strings_hold_no_template() {
    for (text, written) in [
        ("plain", r#""plain""#),
        ("a\"b\\c", r#""a\"b\\c""#),
        ("${file(\"/etc/passwd\")} %{ if true }", r#""$${file(\"/etc/passwd\")} %%{ if true }""#),
        ("$ % {", r#""$ % {""#),
        ("line\nbreak\u{7}", r#""line\nbreak\u0007""#),
    ] {
        assert_eq!(hcl(text), written);
    }
    let text = write(Form::Terraform, &[gap("a b", Column::Cpu), gap("a-b", Column::Cpu)], &customs(&[]), 10);
    assert!(text.contains("\"a_b_cpu_high\"") && text.contains("\"a_b_cpu_high_2\""), "{text}");
}

#[test]
fn what_is_left_out_is_said() {
    let text = write(
        Form::Terraform,
        &[gap("a", Column::Own), gap("b", Column::Health), gap("c", Column::Cpu), gap("d", Column::Cpu)],
        &customs(&[]),
        1,
    );
    assert!(text.contains("# Own of a: only its owner knows"));
    assert!(text.contains("# Health of b: it has no load balancer and no container health check"));
    assert!(text.contains("# 1 more are not written here"));
    assert_eq!(write(Form::Cli, &[], &customs(&[]), 1), "# Nothing is missing here.\n");
}
