//! The alarms that are missing, as AWS CLI commands and as Terraform.
//!
//! Text for a person to read and run elsewhere: Signalbox itself makes no alarm. Thresholds are those most alarms of the
//! environment use, and where none does, defaults that say so. The trap is quoting: names come from outside, and this
//! text is made to be pasted into a shell. So every value travels in one JSON argument (which the AWS CLI reads neither as
//! an option nor as a file name), quoted once for the shell; what cannot be quoted safely is left out with a comment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::{Column, Watched, column, sign};
use crate::alarm::{Alarm, recipient, target_of};
use crate::service::ServiceKey;
use crate::text;

/// How the missing alarms are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Commands for a POSIX shell.
    #[default]
    Cli,
    /// Terraform resources.
    Terraform,
}

impl Form {
    /// The word in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Terraform => "terraform",
        }
    }

    /// From the word in a URL.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Cli, Self::Terraform].into_iter().find(|form| form.as_str() == word)
    }

    /// The name under which it is saved.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Cli => "missing-alarms.sh",
            Self::Terraform => "missing-alarms.tf",
        }
    }
}

/// Where the two kinds of load balancer report (CloudWatch metrics for your Application, and for your Network, Load Balancer).
const APPLICATION: &str = "AWS/ApplicationELB";
const NETWORK: &str = "AWS/NetworkELB";

/// Something nobody watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Of which service.
    pub key: ServiceKey,
    /// What of it.
    pub column: Column,
    /// Tasks it wants.
    pub desired: u32,
    /// How it can be watched.
    pub watched: Watched,
}

/// What is known of an environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Custom {
    /// AWS account.
    pub account: String,
    /// Region.
    pub region: String,
    /// How its alarms watch each column, and how many do so. A column none watches is missing here.
    pub norms: BTreeMap<Column, (Norm, u64)>,
    /// The topic most of its alarms notify, and how many do.
    pub topic: Option<(String, u64)>,
    /// Load balancer by target group, both as CloudWatch names them, as far as alarms tell.
    pub balancers: BTreeMap<String, String>,
    /// Names of its alarms: PutMetricAlarm under one of them would replace that alarm.
    pub taken: BTreeSet<String>,
}

/// How something is watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Norm {
    namespace: String,
    metric: String,
    statistic: String,
    comparison: String,
    threshold: f64,
    period: u32,
    evaluated: u32,
    to_alarm: u32,
    missing: String,
}

impl Norm {
    fn of(alarm: &Alarm) -> Option<Self> {
        let watch = alarm.watch.as_ref().filter(|watch| !watch.math && watch.threshold.is_some_and(f64::is_finite))?;
        // what is not a plain statistic is written with another parameter; too rare to be the commonest
        let plain = ["Average", "Minimum", "Maximum", "Sum", "SampleCount"].contains(&watch.statistic.as_str());
        (plain && sign(&watch.comparison).is_some()).then(|| Self {
            namespace: watch.namespace.clone(),
            metric: watch.metric.clone(),
            statistic: watch.statistic.clone(),
            comparison: watch.comparison.clone(),
            threshold: watch.threshold.unwrap_or_default(),
            period: watch.period,
            evaluated: watch.evaluated,
            to_alarm: watch.to_alarm,
            missing: watch.missing.clone(),
        })
    }

    /// What is used where no alarm of the environment sets an example.
    fn default_of(gap: &Gap) -> Self {
        let norm = |namespace: &str, metric: &str, statistic: &str, comparison: &str, threshold, times, missing: &str| Self {
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            statistic: statistic.to_owned(),
            comparison: comparison.to_owned(),
            threshold,
            period: 60,
            evaluated: times,
            to_alarm: times,
            missing: missing.to_owned(),
        };
        let balanced = gap.watched.target_groups.iter().any(|arn| target_of(arn).is_some());
        match gap.column {
            Column::RunningTasks => {
                norm("ECS/ContainerInsights", "RunningTaskCount", "Minimum", "LessThanThreshold", gap.desired.into(), 2, "breaching")
            }
            Column::Cpu => norm("AWS/ECS", "CPUUtilization", "Average", "GreaterThanThreshold", 80.0, 3, "missing"),
            Column::Memory => norm("AWS/ECS", "MemoryUtilization", "Average", "GreaterThanThreshold", 80.0, 3, "missing"),
            Column::Health | Column::Own if balanced => {
                norm(APPLICATION, "UnHealthyHostCount", "Maximum", "GreaterThanThreshold", 0.0, 2, "notBreaching")
            }
            Column::Health | Column::Own => {
                norm("ECS/ContainerInsights", "UnHealthyContainerHealthStatus", "Maximum", "GreaterThanThreshold", 0.0, 2, "notBreaching")
            }
        }
    }

    fn words(&self) -> String {
        let sign = sign(&self.comparison).unwrap_or("?");
        // without a namespace where that is looked up only when the text is run
        let of = if self.namespace.is_empty() { String::new() } else { format!("{} ", self.namespace) };
        format!("{of}{} {sign} {} for {} of {} × {} s", self.metric, self.threshold, self.to_alarm, self.evaluated, self.period)
    }
}

impl Custom {
    /// What an environment's alarms have in common.
    pub fn of<'a>(account: &str, region: &str, alarms: impl IntoIterator<Item = &'a Alarm>) -> Self {
        let mut counted: BTreeMap<Column, Vec<(Norm, u64)>> = BTreeMap::new();
        let mut topics: BTreeMap<String, u64> = BTreeMap::new();
        let mut custom = Self { account: account.to_owned(), region: region.to_owned(), ..Self::default() };
        for alarm in alarms {
            custom.taken.insert(alarm.name.clone());
            if let (Some(target), Some(balancer)) = (alarm.target_group(), alarm.dimensions.get("LoadBalancer")) {
                custom.balancers.insert(target.to_owned(), balancer.clone());
            }
            for arn in alarm.actions.iter().filter(|arn| arn.contains(":sns:") && recipient(arn).is_some()) {
                *topics.entry(arn.clone()).or_default() += 1;
            }
            let of = column(alarm);
            if let Some(norm) = Norm::of(alarm).filter(|_| of != Column::Own && !alarm.only_scales()) {
                let norms = counted.entry(of).or_default();
                match norms.iter_mut().find(|(known, _)| *known == norm) {
                    Some((_, count)) => *count += 1,
                    None => norms.push((norm, 1)),
                }
            }
        }
        // of equals the first, which is the first by name: the same fleet always gets the same text
        let first_of_most = |norms: Vec<(Norm, u64)>| norms.into_iter().rev().max_by_key(|(_, count)| *count);
        custom.norms = counted.into_iter().filter_map(|(of, norms)| Some((of, first_of_most(norms)?))).collect();
        custom.topic = topics.into_iter().rev().max_by_key(|(_, count)| *count);
        custom
    }

    /// How a gap is to be watched, and how many alarms set the example.
    fn norm(&self, gap: &Gap) -> (Norm, u64) {
        let own = Norm::default_of(gap);
        match self.norms.get(&gap.column) {
            // the example must be about the same metric: a target group's for a container helps nobody
            Some((norm, count)) if gap.column != Column::Health || norm.metric == own.metric => {
                let mut norm = norm.clone();
                if gap.column == Column::RunningTasks {
                    // "fewer than 2" would be on for ever for a service that wants one
                    norm.threshold = norm.threshold.min(gap.desired.into());
                }
                (norm, *count)
            }
            _ => (own, 0),
        }
    }
}

/// One alarm that is to be made.
struct Wanted<'a> {
    gap: &'a Gap,
    name: String,
    norm: Norm,
    examples: u64,
    dimensions: Vec<(&'static str, String)>,
    /// The target group whose load balancer must be looked up first.
    look_up: Option<&'a str>,
}

/// Writes the missing alarms of `gaps`, at most `most` of them; `customs` by environment.
pub fn write(form: Form, gaps: &[Gap], customs: &BTreeMap<String, Custom>, most: usize) -> String {
    let mut out = String::new();
    let mut labels = BTreeSet::new();
    let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let unknown = Custom::default();
    let mut environment = None;
    let mut written = 0;
    let mut left = 0;
    for gap in gaps {
        if written == most {
            left += 1;
            continue;
        }
        let custom = customs.get(&gap.key.environment).unwrap_or(&unknown);
        if environment.replace(&gap.key.environment) != Some(&gap.key.environment) {
            head(&mut out, form, &gap.key.environment, custom);
        }
        let taken = taken.entry(&gap.key.environment).or_insert_with(|| custom.taken.clone());
        match wanted(gap, custom, taken) {
            Ok(alarm) => {
                written += 1;
                match form {
                    Form::Cli => command(&mut out, &alarm, custom),
                    Form::Terraform => resource(&mut out, &alarm, custom, &mut labels),
                }
            }
            Err(why) => line(&mut out, &format!("\n# {} of {}: {why}", gap.column.title(), gap.key.service)),
        }
    }
    if gaps.is_empty() {
        line(&mut out, "# Nothing is missing here.");
    }
    if left > 0 {
        line(&mut out, &format!("\n# {left} more are not written here: ask for one service at a time."));
    }
    out
}

/// A line of our own; a comment must stay one line whatever stands in it.
fn line(out: &mut String, text: &str) {
    let (lead, rest) = text.strip_prefix('\n').map_or(("", text), |rest| ("\n", rest));
    out.push_str(lead);
    out.push_str(&text::shown(rest).replace(['\n', '\t'], "·"));
    out.push('\n');
}

fn head(out: &mut String, form: Form, environment: &str, custom: &Custom) {
    if form == Form::Cli && out.is_empty() {
        out.push_str("#!/bin/sh\nset -eu\n");
    }
    line(out, &format!("# Environment {environment}: account {}, region {}.", custom.account, custom.region));
    match &custom.topic {
        Some((arn, count)) => line(out, &format!("# They notify {arn}, as {count} of its alarms do.")),
        None => line(out, "# No alarm there notifies a topic, so these notify nobody yet: put one into the actions."),
    }
}

fn wanted<'a>(gap: &'a Gap, custom: &Custom, taken: &mut BTreeSet<String>) -> Result<Wanted<'a>, &'static str> {
    if gap.column == Column::Own {
        return Err("only its owner knows which metric or log line tells that it is ill.");
    }
    if [&gap.key.service, &gap.key.cluster].iter().any(|name| name.chars().any(char::is_control)) {
        return Err("its name holds control characters; no text that is pasted can carry them.");
    }
    let (mut norm, examples) = custom.norm(gap);
    let target = gap.watched.target_groups.iter().find_map(|arn| Some((arn.as_str(), target_of(arn)?)));
    let of_service = || vec![("ClusterName", gap.key.cluster.clone()), ("ServiceName", gap.key.service.clone())];
    let (suffix, dimensions, look_up) = match (gap.column, target, &gap.watched.checked_container) {
        (Column::RunningTasks, ..) => ("running-tasks-low", of_service(), None),
        (Column::Cpu, ..) => ("cpu-high", of_service(), None),
        (Column::Memory, ..) => ("memory-high", of_service(), None),
        (_, Some((arn, target)), _) => {
            let balancer = custom.balancers.get(target);
            norm.namespace = balancer.map_or(String::new(), |balancer| namespace(balancer).to_owned());
            let dimensions = vec![("TargetGroup", target.to_owned()), ("LoadBalancer", balancer.cloned().unwrap_or_default())];
            ("unhealthy-targets", dimensions, balancer.is_none().then_some(arn))
        }
        (_, None, Some(container)) => {
            let mut dimensions = of_service();
            dimensions.push(("ContainerName", container.clone()));
            ("unhealthy-containers", dimensions, None)
        }
        (_, None, None) => return Err("it has no load balancer and no container health check: give it a check first."),
    };
    Ok(Wanted { gap, name: free_name(gap, suffix, taken), norm, examples, dimensions, look_up })
}

/// Where a load balancer of this name reports. A network load balancer has the metric too, elsewhere.
fn namespace(balancer: &str) -> &'static str {
    if balancer.starts_with("net/") { NETWORK } else { APPLICATION }
}

/// A name no alarm has yet. CloudWatch's limit is 255 characters (PutMetricAlarm, `AlarmName`).
fn free_name(gap: &Gap, suffix: &str, taken: &mut BTreeSet<String>) -> String {
    let cut = |text: &str| text.chars().take(200).collect::<String>();
    let plain = format!("{}-{suffix}", cut(&gap.key.service));
    let with_cluster = || format!("{}-{suffix}", cut(&format!("{}-{}", gap.key.cluster, gap.key.service)));
    let candidates = std::iter::once(plain.clone()).chain(std::iter::once_with(with_cluster)).chain((2..).map(|n| format!("{plain}-{n}")));
    let free = candidates.into_iter().find(|name| !taken.contains(name)).unwrap_or(plain);
    taken.insert(free.clone());
    free
}

fn because(alarm: &Wanted<'_>) -> String {
    let why = match alarm.examples {
        0 => "a default of Signalbox: no alarm of the environment sets an example".to_owned(),
        1 => "as one alarm of the environment does".to_owned(),
        many => format!("as {many} alarms of the environment do"),
    };
    format!("\n# {} of {} in {}: {} ({why})", alarm.gap.column.title(), alarm.gap.key.service, alarm.gap.key.cluster, alarm.norm.words())
}

/// Stands in the JSON where the shell puts what it looked up; control characters in names were refused before.
const LOOKED_UP: &str = "\u{1}";

fn command(out: &mut String, alarm: &Wanted<'_>, custom: &Custom) {
    line(out, &because(alarm));
    let region = quoted(&custom.region);
    if let Some(arn) = alarm.look_up {
        // writing to a String cannot fail, here and below
        write!(
            out,
            "LOAD_BALANCER=$(aws elbv2 describe-target-groups --region {region} --target-group-arns {} \\\n  \
             --query 'TargetGroups[0].LoadBalancerArns[0]' --output text)\nLOAD_BALANCER=${{LOAD_BALANCER#*:loadbalancer/}}\n\
             case $LOAD_BALANCER in net/*) NAMESPACE={NETWORK} ;; *) NAMESPACE={APPLICATION} ;; esac\n",
            quoted(arn)
        )
        .unwrap_or_default();
    }
    let value = |value: &str| if value.is_empty() && alarm.look_up.is_some() { LOOKED_UP.to_owned() } else { value.to_owned() };
    let dimensions: Vec<Value> = alarm.dimensions.iter().map(|(name, of)| json!({"Name": name, "Value": value(of)})).collect();
    let input = json!({
        "AlarmName": alarm.name,
        "AlarmDescription": description(alarm),
        "ActionsEnabled": true,
        "AlarmActions": custom.topic.iter().map(|(arn, _)| arn).collect::<Vec<_>>(),
        "Namespace": value(&alarm.norm.namespace),
        "MetricName": alarm.norm.metric,
        "Dimensions": dimensions,
        "Statistic": alarm.norm.statistic,
        "ComparisonOperator": alarm.norm.comparison,
        "Threshold": alarm.norm.threshold,
        "Period": alarm.norm.period,
        "EvaluationPeriods": alarm.norm.evaluated,
        "DatapointsToAlarm": alarm.norm.to_alarm,
        "TreatMissingData": missing(&alarm.norm),
    });
    // with its quotes, so that a name which holds these very letters (and has them escaped) is not meant
    let mut input = quoted(&format!("{input:#}"));
    for (field, variable) in [("Value", "LOAD_BALANCER"), ("Namespace", "NAMESPACE")] {
        input = input.replace(&format!("\"{field}\": \"\\u0001\""), &format!("\"{field}\": \"'\"${variable}\"'\""));
    }
    writeln!(out, "aws cloudwatch put-metric-alarm --region {region} --cli-input-json {input}").unwrap_or_default();
}

fn description(alarm: &Wanted<'_>) -> String {
    format!("{} of {}", alarm.gap.column.title(), alarm.gap.key.service)
}

fn missing(norm: &Norm) -> &str {
    if norm.missing.is_empty() { "missing" } else { &norm.missing }
}

/// One word for a POSIX shell, whatever stands in it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn resource(out: &mut String, alarm: &Wanted<'_>, custom: &Custom, labels: &mut BTreeSet<String>) {
    line(out, &because(alarm));
    let label = label(&alarm.name, labels);
    if let Some(arn) = alarm.look_up {
        write!(out, "data \"aws_lb_target_group\" \"{label}\" {{\n  arn = {}\n}}\n\n", hcl(arn)).unwrap_or_default();
    }
    let looked_up = format!("split(\":loadbalancer/\", one(data.aws_lb_target_group.{label}.load_balancer_arns))[1]");
    let dimensions: Vec<String> = alarm
        .dimensions
        .iter()
        .map(|(name, value)| {
            if value.is_empty() && alarm.look_up.is_some() {
                format!("    {name} = {looked_up}\n")
            } else {
                format!("    {name} = {}\n", hcl(value))
            }
        })
        .collect();
    let namespace = match alarm.look_up {
        Some(_) => format!("startswith({looked_up}, \"net/\") ? \"{NETWORK}\" : \"{APPLICATION}\""),
        None => hcl(&alarm.norm.namespace),
    };
    let actions: Vec<String> = custom.topic.iter().map(|(arn, _)| hcl(arn)).collect();
    write!(
        out,
        "resource \"aws_cloudwatch_metric_alarm\" \"{label}\" {{\n  alarm_name          = {}\n  alarm_description   = {}\n  \
         namespace           = {}\n  metric_name         = {}\n  statistic           = {}\n  comparison_operator = {}\n  \
         threshold           = {}\n  period              = {}\n  evaluation_periods  = {}\n  datapoints_to_alarm = {}\n  \
         treat_missing_data  = {}\n  alarm_actions       = [{}]\n  dimensions = {{\n{}  }}\n}}\n",
        hcl(&alarm.name),
        hcl(&description(alarm)),
        namespace,
        hcl(&alarm.norm.metric),
        hcl(&alarm.norm.statistic),
        hcl(&alarm.norm.comparison),
        alarm.norm.threshold,
        alarm.norm.period,
        alarm.norm.evaluated,
        alarm.norm.to_alarm,
        hcl(missing(&alarm.norm)),
        actions.join(", "),
        dimensions.concat(),
    )
    .unwrap_or_default();
}

/// A string in Terraform's language: templates begin with `${` and `%{`, and are undone by doubling the sign.
pub fn hcl(text: &str) -> String {
    let mut out = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '$' | '%' if letters.peek() == Some(&'{') => out.extend([letter, letter]),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => write!(out, "\\u{:04x}", u32::from(control)).unwrap_or_default(),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A name Terraform takes for a resource, used once.
fn label(name: &str, labels: &mut BTreeSet<String>) -> String {
    let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }).collect();
    let plain = if plain.starts_with(|letter: char| letter.is_ascii_alphabetic()) { plain } else { format!("alarm_{plain}") };
    let numbered = (2..).map(|number| format!("{plain}_{number}"));
    let free = std::iter::once(plain.clone()).chain(numbered).find(|label| !labels.contains(label)).unwrap_or(plain);
    labels.insert(free.clone());
    free
}

#[cfg(test)]
mod tests;
