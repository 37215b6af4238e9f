//! The ECS scheduler: it looks at a service's tasks, decides what to start and what to stop, and says so in the service's events.
//!
//! The decision is a pure function of what it saw ([`decide`]); what is too few and too many is [`deployment`](super::deployment)'s arithmetic.
//! The trap: "healthy" is the scheduler's own word. A task without a check is healthy 40 s after it runs, one with a check when its check says so, and an unhealthy one is not
//! seen as such before the service's grace period is over, though `healthStatus` shows it at once.

use crate::{
    clock::{MINUTE, SECOND},
    model::{
        Due, Fleet,
        deployment::RolloutState,
        service::{BackOff, Service},
        task::{Health, StopCause, Task},
    },
};

/// "If there are no health checks … a task is considered healthy 40 seconds after it has reached RUNNING" (DeploymentConfiguration, ECS API).
const HEALTHY_WITHOUT_CHECK: i64 = 40 * SECOND;
/// The scheduler's patience with tasks that never run: it doubles from here to a quarter of an hour (service throttle logic, developer guide).
const FIRST_WAIT: i64 = 5 * SECOND;
const LONGEST_WAIT: i64 = 15 * MINUTE;

/// How the scheduler sees a task that is meant to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not there yet, or not known yet.
    Starting,
    Healthy,
    Unhealthy,
}

/// The tasks of one deployment, by number, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Side {
    primary: bool,
    /// It came to its end once: what it loses is replaced until a newer one has taken its place.
    completed: bool,
    /// Tasks of it are started.
    launches: bool,
    target: u32,
    starting: Vec<u64>,
    healthy: Vec<u64>,
    unhealthy: Vec<u64>,
}

impl Side {
    fn wanted(&self) -> usize {
        self.starting.len() + self.healthy.len() + self.unhealthy.len()
    }
}

/// What the scheduler saw of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Survey {
    desired: u32,
    /// The fewest healthy tasks and the most tasks there may be.
    fewest: u32,
    most: u32,
    /// In the order of the service's deployments.
    sides: Vec<Side>,
}

/// Why the scheduler stops tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Scaling,
    Unhealthy,
}

/// Something the scheduler does to the deployment at this place in the service's list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Act {
    Start(usize, u32),
    Stop(usize, Vec<u64>, Why),
}

fn count(numbers: usize) -> u32 {
    u32::try_from(numbers).unwrap_or(u32::MAX)
}

/// What to start and stop. Nothing: all is as it should be, or must be waited for.
fn decide(survey: &Survey) -> Vec<Act> {
    let mut acts = Vec::new();
    let there: usize = survey.sides.iter().map(Side::wanted).sum();
    let mut room = survey.most.saturating_sub(count(there));
    let new_healthy: usize = survey.sides.iter().filter(|side| side.primary).map(|side| side.healthy.len()).sum();
    let (mut unmet, mut stuck) = (0, false);
    // the running version first: what it lost is replaced from its own revision
    let (mut order, primary): (Vec<usize>, Vec<usize>) =
        (0..survey.sides.len()).partition(|place| survey.sides.get(*place).is_some_and(|side| !side.primary));
    order.extend(primary);
    for place in order {
        let Some(side) = survey.sides.get(place) else { continue };
        if !side.primary && !side.completed {
            continue;
        }
        let good = count(side.healthy.len() + side.starting.len());
        let short = side.target.saturating_sub(good);
        let need = if side.primary { short } else { short.min(survey.desired.saturating_sub(count(new_healthy) + good)) };
        let need = if side.launches { need } else { 0 };
        let starts = need.min(room);
        room -= starts;
        if starts > 0 {
            acts.push(Act::Start(place, starts));
        }
        let unhealthy = stop_unhealthy(side, need > starts, starts > 0);
        if !unhealthy.is_empty() {
            acts.push(Act::Stop(place, unhealthy, Why::Unhealthy));
        }
        if side.primary {
            unmet = need - starts;
            stuck = !side.launches;
            let surplus = good.saturating_sub(side.target);
            // the youngest go first, those that do not run yet before those that do
            let going = side.healthy.iter().chain(&side.starting).rev().take(usize::try_from(surplus).unwrap_or(0));
            let going: Vec<u64> = going.copied().collect();
            if !going.is_empty() {
                acts.push(Act::Stop(place, going, Why::Scaling));
            }
        }
    }
    if !stuck {
        drain(survey, usize::try_from(unmet).unwrap_or(0), new_healthy, &mut acts);
    }
    acts
}

/// Which unhealthy tasks go now: a replacement is started first, within the most there may be. Where there is no room for one, they go one by one.
fn stop_unhealthy(side: &Side, no_room: bool, starts: bool) -> Vec<u64> {
    let target = usize::try_from(side.target).unwrap_or(0);
    let going = if side.healthy.len() >= target || !side.launches {
        side.unhealthy.len()
    } else if side.starting.is_empty() && !starts && side.wanted() > target {
        // the replacements are no better
        side.wanted() - target
    } else {
        usize::from(no_room)
    };
    side.unhealthy.iter().take(going).copied().collect()
}

/// Takes the place of older deployments' tasks: those above what is wanted, or, where the new ones lack room, those above the fewest.
fn drain(survey: &Survey, unmet: usize, new_healthy: usize, acts: &mut Vec<Act>) {
    let healthy: usize = survey.sides.iter().map(|side| side.healthy.len()).sum();
    let desired = usize::try_from(survey.desired).unwrap_or(0);
    let mut lacking = unmet;
    // those that never came to anything before the one that did; the oldest last
    let mut olds: Vec<usize> = (0..survey.sides.len()).filter(|place| survey.sides.get(*place).is_some_and(|side| !side.primary)).collect();
    olds.sort_by_key(|place| survey.sides.get(*place).is_some_and(|side| side.completed));
    let mut going: Vec<(usize, Vec<u64>)> = Vec::new();
    for place in &olds {
        let Some(side) = survey.sides.get(*place) else { continue };
        let idle = side.unhealthy.iter().chain(&side.starting).copied();
        // what the running version has just started is to serve: a new version that comes to nothing must not take its room
        let ill = side.unhealthy.iter().copied();
        let idle: Vec<u64> = if !side.completed || new_healthy >= desired { idle.collect() } else { ill.take(lacking).collect() };
        lacking = lacking.saturating_sub(idle.len());
        going.push((*place, idle));
    }
    let fewest = usize::try_from(survey.fewest).unwrap_or(0);
    let mut spare = if unmet > 0 { healthy.saturating_sub(fewest).min(lacking) } else { healthy.saturating_sub(desired) };
    for (place, numbers) in &mut going {
        let Some(side) = survey.sides.get(*place) else { continue };
        let some = side.healthy.iter().take(spare);
        numbers.extend(some);
        spare -= spare.min(side.healthy.len());
    }
    for (place, numbers) in going {
        // what was just found unhealthy is stopped once
        let known: Vec<u64> =
            acts.iter().flat_map(|act| if let Act::Stop(_, numbers, _) = act { numbers.clone() } else { Vec::new() }).collect();
        let numbers: Vec<u64> = numbers.into_iter().filter(|number| !known.contains(number)).collect();
        if !numbers.is_empty() {
            // whoever goes is not replaced in the same breath
            acts.retain(|act| !matches!(act, Act::Start(other, _) if *other == place));
            acts.push(Act::Stop(place, numbers, Why::Scaling));
        }
    }
}

impl Fleet {
    /// Looks at a service: moves its deployment on, and starts or stops what it has too few or too many of.
    pub(super) fn schedule(&mut self, index: usize) {
        self.move_on(index);
        self.judge_tasks(index);
        let Some(survey) = self.survey(index) else { return };
        let acts = decide(&survey);
        if acts.is_empty() {
            self.find_whole(index, &survey);
        }
        let rolls =
            |fleet: &Self| fleet.services.get(index).and_then(Service::primary).map(|primary| (primary.id.clone(), primary.rollout_state));
        let seen = rolls(self);
        for act in acts {
            if rolls(self) != seen {
                // an act has failed the deployment: what was decided for it is no longer right
                self.look_soon(index);
                return;
            }
            match act {
                Act::Start(place, wanted) => self.start_tasks(index, place, wanted),
                Act::Stop(place, numbers, why) => self.stop_tasks(index, place, &numbers, why),
            }
        }
    }

    /// How the scheduler sees a task that is meant to run.
    pub(super) fn standing(&self, service: &Service, task: &Task) -> Standing {
        let Some(started) = task.started_at.filter(|_| task.runs()) else { return Standing::Starting };
        let checked = self.definitions.get(&task.definition).is_some_and(|definition| definition.is_checked());
        if !checked {
            return if self.now >= started + HEALTHY_WITHOUT_CHECK { Standing::Healthy } else { Standing::Starting };
        }
        match task.health {
            Health::Healthy => Standing::Healthy,
            Health::Unhealthy if self.now >= grace_ends(service, started) => Standing::Unhealthy,
            Health::Unhealthy | Health::Unknown => Standing::Starting,
        }
    }

    /// Puts the times on the agenda at which a task that has just begun to run is seen otherwise.
    pub(super) fn watch_standing(&mut self, index: usize, started: i64) {
        self.later(HEALTHY_WITHOUT_CHECK, Due::Schedule(index));
        if let Some(service) = self.services.get(index).filter(|service| service.grace.is_some()) {
            let ends = grace_ends(service, started);
            self.later(ends - self.now, Due::Schedule(index));
        }
    }

    /// Notes which tasks became healthy or unhealthy since the last look, which is what a circuit breaker counts.
    fn judge_tasks(&mut self, index: usize) {
        let Some(service) = self.services.get(index) else { return };
        let judged: Vec<(u64, Standing)> = self
            .tasks_of(service)
            .filter(|task| task.is_wanted() && !(task.proven && task.failed))
            .map(|task| (task.number, self.standing(service, task)))
            .collect();
        for (number, standing) in judged {
            let Some(task) = self.tasks.get_mut(&number) else { continue };
            let deployment = task.deployment.clone();
            match standing {
                Standing::Healthy if !task.proven => {
                    task.proven = true;
                    self.count_healthy(index, &deployment);
                }
                Standing::Unhealthy if !task.failed => {
                    task.failed = true;
                    let id = task.id.clone();
                    let name = self.services.get(index).map(|service| service.name.clone()).unwrap_or_default();
                    self.tell(index, format!("(service {name}) (task {id}) failed container health checks."));
                    self.count_failure(index, &deployment);
                }
                _ => {}
            }
        }
    }

    fn survey(&self, index: usize) -> Option<Survey> {
        let service = self.services.get(index)?;
        let mut survey = Survey {
            desired: service.desired,
            fewest: service.configuration.fewest_healthy(service.desired),
            most: service.configuration.most(service.desired),
            sides: Vec::new(),
        };
        for deployment in &service.deployments {
            let completed = deployment.completed_at.is_some() && deployment.rollout_state != RolloutState::Failed;
            let launches = if deployment.is_primary { deployment.rollout_state != RolloutState::Failed } else { completed };
            let target = if deployment.is_primary { service.desired } else { deployment.target };
            let mut side = Side { primary: deployment.is_primary, completed, launches, target, ..Side::default() };
            for task in self.tasks_of(service).filter(|task| task.is_wanted() && task.deployment == deployment.id) {
                let kept = match self.standing(service, task) {
                    Standing::Starting => &mut side.starting,
                    Standing::Healthy => &mut side.healthy,
                    Standing::Unhealthy => &mut side.unhealthy,
                };
                kept.push(task.number);
            }
            survey.sides.push(side);
        }
        Some(survey)
    }

    fn start_tasks(&mut self, index: usize, place: usize, wanted: u32) {
        let Some(service) = self.services.get(index) else { return };
        let (name, until) = (service.name.clone(), service.back_off.until);
        let Some(deployment) = service.deployments.get(place).map(|deployment| deployment.id.clone()) else { return };
        if self.now < until {
            self.later(until - self.now, Due::Schedule(index));
            return;
        }
        if self.now < service.no_room_until.max(self.no_room_until) {
            let reason = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
            self.tell(index, format!("(service {name}) was unable to place a task. Reason: {reason}."));
            self.back_off(index);
            self.count_failure(index, &deployment);
            return;
        }
        let started: Vec<u64> = (0..wanted).filter_map(|_| self.launch(index, place)).collect();
        let line = format!("(service {name}) has started {} tasks: {}.", started.len(), self.listed(&started));
        self.note(line.clone());
        self.tell(index, line);
        if let Some(service) = self.services.get_mut(index) {
            service.steady = false;
        }
    }

    /// A task found no room or did not come to run: the next one is tried later, and later each time.
    pub(super) fn back_off(&mut self, index: usize) {
        let now = self.now;
        let Some(service) = self.services.get_mut(index) else { return };
        let failures = service.back_off.failures.saturating_add(1);
        let wait = FIRST_WAIT.saturating_mul(1_i64 << (failures - 1).min(16)).min(LONGEST_WAIT);
        service.back_off = BackOff { failures, until: now + wait };
        self.later(wait, Due::Schedule(index));
    }

    fn stop_tasks(&mut self, index: usize, place: usize, numbers: &[u64], why: Why) {
        let Some(service) = self.services.get_mut(index) else { return };
        let name = service.name.clone();
        let Some(deployment) = service.deployments.get_mut(place) else { return };
        if why == Why::Scaling && !deployment.is_primary {
            deployment.target = deployment.target.saturating_sub(count(numbers.len()));
        }
        let id = deployment.id.clone();
        let line = format!("(service {name}) has stopped {} running tasks: {}.", numbers.len(), self.listed(numbers));
        for number in numbers {
            let cause = if why == Why::Unhealthy { StopCause::unhealthy() } else { StopCause::scaling(&id) };
            self.stop_task(*number, cause);
        }
        self.note(line.clone());
        self.tell(index, line);
    }

    /// Nothing is to be done: completes the deployment and says "steady state", each once, when everything wanted is healthy and nothing else is left.
    fn find_whole(&mut self, index: usize, survey: &Survey) {
        let whole = survey.sides.iter().all(|side| {
            let only_healthy = side.wanted() == side.healthy.len();
            only_healthy && side.healthy.len() == if side.primary { usize::try_from(survey.desired).unwrap_or(0) } else { 0 }
        });
        if !whole {
            self.interrupt_bake(index);
            return;
        }
        if !self.complete(index) {
            return;
        }
        let Some(service) = self.services.get_mut(index).filter(|service| !service.steady) else { return };
        service.steady = true;
        service.settled = service.desired;
        let line = format!("(service {}) has reached a steady state.", service.name);
        self.recount(index);
        self.service_is_steady(index);
        self.note(line.clone());
        self.tell(index, line);
    }

    fn listed(&self, numbers: &[u64]) -> String {
        numbers.iter().filter_map(|number| self.tasks.get(number)).map(|task| format!("(task {})", task.id)).collect::<Vec<_>>().join(" ")
    }

    /// Makes the scheduler look at a service soon, as ECS does after a change.
    pub(super) fn look_soon(&mut self, index: usize) {
        self.later(SECOND, Due::Schedule(index));
    }
}

/// Until when the scheduler does not see that a task is unhealthy.
fn grace_ends(service: &Service, started: i64) -> i64 {
    started.saturating_add(i64::from(service.grace.unwrap_or(0)).saturating_mul(SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::deployment::Configuration;

    /// A service under a rolling update: how many old tasks are healthy, how many new ones start, are healthy, are unhealthy.
    fn rolling(minimum: u32, maximum: u32, desired: u32, old: u64, new: (u64, u64, u64)) -> Survey {
        let configuration = Configuration { minimum_healthy_percent: minimum, maximum_percent: maximum, ..Configuration::default() };
        let numbers = |from: u64, count: u64| (from..from + count).collect::<Vec<_>>();
        let primary = Side {
            primary: true,
            launches: true,
            target: desired,
            starting: numbers(100, new.0),
            healthy: numbers(200, new.1),
            unhealthy: numbers(300, new.2),
            ..Side::default()
        };
        let old = Side {
            completed: true,
            launches: true,
            target: count(usize::try_from(old).unwrap()),
            healthy: numbers(0, old),
            ..Side::default()
        };
        Survey { desired, fewest: configuration.fewest_healthy(desired), most: configuration.most(desired), sides: vec![primary, old] }
    }

    /// How many are started and stopped of the new ones, and stopped of the old ones.
    fn moves(survey: &Survey) -> (u32, usize, usize) {
        let mut moves = (0, 0, 0);
        for act in decide(survey) {
            match act {
                Act::Start(0, count) => moves.0 += count,
                Act::Start(..) => panic!("an old task is started"),
                Act::Stop(0, numbers, _) => moves.1 += numbers.len(),
                Act::Stop(_, numbers, _) => moves.2 += numbers.len(),
            }
        }
        moves
    }

    #[test]
    fn a_rolling_update_keeps_within_its_head_room() {
        for (minimum, maximum, desired, old, new, expected, why) in [
            (100, 200, 2, 2, (0, 0, 0), (2, 0, 0), "all at once where there is room for twice as many"),
            (100, 200, 2, 2, (2, 0, 0), (0, 0, 0), "nothing goes before the new ones are healthy"),
            (100, 200, 2, 2, (1, 1, 0), (0, 0, 1), "one healthy, one may go"),
            (100, 200, 2, 2, (0, 2, 0), (0, 0, 2), "all healthy, all may go"),
            (100, 125, 4, 4, (0, 0, 0), (1, 0, 0), "one more than wanted"),
            (100, 125, 4, 4, (0, 1, 0), (0, 0, 1), "which makes room for the next"),
            (50, 100, 4, 4, (0, 0, 0), (0, 0, 2), "no room above: down to the fewest"),
            (50, 100, 4, 2, (0, 0, 0), (2, 0, 0), "and then up"),
            (50, 100, 4, 2, (2, 0, 0), (0, 0, 0), "but never below the fewest"),
            (50, 100, 4, 2, (0, 2, 0), (0, 0, 2), "the healthy new ones count"),
            (50, 125, 4, 4, (0, 0, 0), (1, 0, 2), "both at once"),
            (100, 150, 1, 1, (0, 0, 0), (0, 0, 0), "neither up nor down: it never moves"),
            (0, 100, 1, 1, (0, 0, 0), (0, 0, 1), "the only one goes first"),
            (100, 200, 0, 2, (0, 0, 0), (0, 0, 2), "none wanted"),
            (100, 200, 2, 2, (0, 0, 2), (0, 1, 0), "no room for replacements: unhealthy ones go one by one"),
            (100, 400, 2, 2, (0, 0, 2), (2, 0, 0), "room: replacements first"),
        ] {
            assert_eq!(moves(&rolling(minimum, maximum, desired, old, new)), expected, "{minimum}/{maximum} of {desired}: {why}");
        }
    }

    #[test]
    fn an_unhealthy_task_is_replaced_before_it_is_stopped() {
        let alone = |starting: &[u64], healthy: &[u64], unhealthy: &[u64], most: u32| Survey {
            desired: 2,
            fewest: 2,
            most,
            sides: vec![Side {
                primary: true,
                completed: true,
                launches: true,
                target: 2,
                starting: starting.to_vec(),
                healthy: healthy.to_vec(),
                unhealthy: unhealthy.to_vec(),
            }],
        };
        assert_eq!(decide(&alone(&[], &[1], &[2], 4)), [Act::Start(0, 1)]);
        assert_eq!(decide(&alone(&[3], &[1], &[2], 4)), []);
        assert_eq!(decide(&alone(&[], &[1, 3], &[2], 4)), [Act::Stop(0, vec![2], Why::Unhealthy)]);
        assert_eq!(decide(&alone(&[], &[1], &[2, 3], 4)), [Act::Start(0, 1)], "while there is room another one is tried");
        assert_eq!(decide(&alone(&[], &[], &[1, 2, 3, 4], 4)), [Act::Stop(0, vec![1, 2], Why::Unhealthy)]);
        assert_eq!(decide(&alone(&[], &[1], &[2], 2)), [Act::Stop(0, vec![2], Why::Unhealthy)], "without room it goes first");
        assert_eq!(decide(&alone(&[4], &[1, 2, 3], &[], 4)), [Act::Stop(0, vec![4, 3], Why::Scaling)], "the youngest go");
    }

    #[test]
    fn what_the_running_version_loses_is_replaced_from_its_own_revision() {
        let mut survey = rolling(100, 200, 4, 3, (1, 0, 0));
        survey.sides[1].target = 4;
        assert_eq!(decide(&survey), [Act::Start(1, 1), Act::Start(0, 3)]);
        survey.sides[1].completed = false;
        survey.sides[1].launches = false;
        assert_eq!(decide(&survey), [Act::Start(0, 3)], "one that never completed gets nothing");
    }

    #[test]
    fn a_failed_deployment_starts_and_replaces_nothing() {
        let mut survey = rolling(100, 200, 2, 2, (0, 0, 1));
        survey.sides[0].launches = false;
        assert_eq!(decide(&survey), [Act::Stop(0, vec![300], Why::Unhealthy)]);
    }
}
