//! The last look before the first write.
//!
//! Each finding is one of five: it is well, it is what the step is to mend, it may pass by itself (held, with a deadline),
//! the service is another than the one that was planned (planned again by the shell), or it is no service for this (passed
//! over).

use super::Deciding;
use crate::rollout::seen::{Part, ServiceSeen};
use crate::rollout::{Effect, Stage, Step, Target};
use crate::service::revision_name;
use crate::text;

/// What was found before the first write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is as it should be; said with the observation.
    Well(String),
    /// It is not, and that is what the step is to mend.
    Known(String),
    /// It may become so by itself.
    Hold(String),
    /// The plan is about another state of it.
    Changed(String),
    /// It is not for this.
    Never(String),
}

/// Every finding, in the order of the page.
pub fn findings(step: &Step, seen: &ServiceSeen) -> Vec<Found> {
    let bound = &step.bound;
    let mut found = vec![
        match seen.status.as_str() {
            "ACTIVE" => Found::Well("ACTIVE".to_owned()),
            other => Found::Never(format!("it is {}", text::shown(other))),
        },
        match seen.controller.as_deref().unwrap_or("ECS") {
            "ECS" => Found::Well("deployed by ECS itself".to_owned()),
            other => {
                Found::Never(format!("its deployments are made by {}, which ECS does not let anybody else change", text::shown(other)))
            }
        },
        match seen.scheduling.as_deref() {
            Some("DAEMON") => Found::Never("it is a DAEMON: one task on every instance, and no number to compare with".to_owned()),
            _ => Found::Well("REPLICA".to_owned()),
        },
    ];
    if seen.desired == 0 {
        found.push(Found::Never("it wants no task, so nothing would prove the change".to_owned()));
    } else {
        found.push(room(seen));
    }
    found.push(if seen.steered() == bound.prior {
        Found::Well(format!("runs {} as planned", revision_name(&bound.prior)))
    } else {
        Found::Changed(format!("it runs {} and was planned from {}", revision_name(seen.steered()), revision_name(&bound.prior)))
    });
    if !super::forward::is_own(&seen.configuration, &bound.configuration) {
        found.push(Found::Changed("its deployment settings are others than planned".to_owned()));
    }
    found.push(if seen.settled() {
        Found::Well("no deployment is under way".to_owned())
    } else if step.mends() {
        Found::Known("a deployment is under way, or not everything it wants runs; it is put back from that".to_owned())
    } else {
        Found::Hold("a deployment is under way, or not everything it wants runs".to_owned())
    });
    found.push(match &seen.prior_active {
        Part::Read(true) => Found::Well(format!("{} is ACTIVE, so it can be put back", revision_name(&bound.prior))),
        Part::Read(false) => Found::Changed(format!("{} is INACTIVE: nothing could be put back to it", revision_name(&bound.prior))),
        Part::Missing(why) => Found::Hold(format!("whether {} is ACTIVE could not be read: {why}", revision_name(&bound.prior))),
        Part::None => Found::Hold("whether it can be put back was not asked".to_owned()),
    });
    found.push(alarms(step, seen));
    found
}

/// Whether a deployment could move at all: minimumHealthyPercent rounds up, maximumPercent down (ECS API,
/// DeploymentConfiguration).
fn room(seen: &ServiceSeen) -> Found {
    let percent = |name: &str, default: u64| seen.configuration.get(name).and_then(serde_json::Value::as_u64).unwrap_or(default);
    let (least, most, desired) = (percent("minimumHealthyPercent", 100), percent("maximumPercent", 200), u64::from(seen.desired));
    let (up, down) = ((desired * most / 100).saturating_sub(desired), desired.saturating_sub((desired * least).div_ceil(100)));
    if up == 0 && down == 0 {
        return Found::Never(format!(
            "with {least} % to {most} % of {desired} it may neither start a task more nor stop one, so a deployment could never move"
        ));
    }
    Found::Well(format!("may start {up} more and stop {down} of {desired}"))
}

fn alarms(step: &Step, seen: &ServiceSeen) -> Found {
    match &seen.alarms {
        Part::Read(alarms) => match alarms.iter().find(|(_, state)| state != "OK") {
            Some((name, state)) if step.mends() => Found::Known(format!("alarm {} is {}", text::shown(name), text::shown(state))),
            Some((name, state)) => Found::Hold(format!("alarm {} is {}", text::shown(name), text::shown(state))),
            None => Found::Well(format!("{} OK", text::count(alarms.len() as u64, "alarm"))),
        },
        // what is to be mended does not wait for it; its pass does
        Part::Missing(why) if step.mends() => Found::Known(format!("alarms could not be read: {why}")),
        Part::Missing(why) => Found::Hold(format!("alarms could not be read: {why}")),
        Part::None => Found::Well("no alarms to look at".to_owned()),
    }
}

impl Deciding<'_> {
    pub(super) fn preflight(&mut self, step: usize, seen: &ServiceSeen) {
        if !self.next.status.forward() {
            return;
        }
        let Some(of) = self.next.steps.get(step) else { return };
        let found = findings(of, seen);
        let first = |wanted: fn(&Found) -> Option<&String>| found.iter().find_map(wanted).cloned();
        if let Some(why) = first(|found| if let Found::Never(why) = found { Some(why) } else { None }) {
            self.unhold();
            return self.enter(step, Stage::Skipped { why: why.clone(), replan: false }, format!("passed over: {why}"));
        }
        if let Some(why) = first(|found| if let Found::Changed(why) = found { Some(why) } else { None }) {
            // one reading may be of the past; a service that changed goes on saying so
            if self.doubt(step) {
                self.unhold();
                self.changed(step, &why);
            }
            return;
        }
        if let Some(why) = self.around.barred().or_else(|| self.expected(step)) {
            return self.hold(why);
        }
        if let Some(why) = first(|found| if let Found::Hold(why) = found { Some(why) } else { None }) {
            let name = self.name(step);
            return self.hold(format!("{name}: {why}"));
        }
        self.unhold();
        self.begin(step);
    }

    /// A failure on record that this service must expect as well.
    fn expected(&self, step: usize) -> Option<String> {
        let of = self.next.steps.get(step)?;
        let known = self.around.causes.iter().find(|known| known.expects(&of.marks))?;
        let name = crate::text::shown(&of.service.service);
        Some(format!("{name} must expect what happened to {} in rollout {}: {}", known.service, known.rollout, known.cause.said))
    }

    fn begin(&mut self, step: usize) {
        let intent = self.next.intent(step);
        let Some(of) = self.next.steps.get(step) else { return };
        match of.target.clone() {
            Target::New(copy) => {
                let tags = of.tags(intent);
                self.enter(step, Stage::Registering { since: self.now }, "preflight is well; its new revision is to be registered");
                self.owe(step, Effect::Register { request: copy.request, tags });
            }
            Target::There { arn } => self.update(step, arn),
        }
    }
}
