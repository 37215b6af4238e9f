//! Which services the fleet has: the first user's twenty-three by name, and made-up ones in the same style for any other number.
//!
//! The trap: the made-up names depend on the seed and on nothing else, so that a large fleet is the same in every run.

use std::collections::HashSet;

use crate::dice::Dice;

/// What is special about a service before anything has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    pub(crate) name: String,
    pub(crate) group: &'static str,
    pub(crate) desired: u32,
    /// Behind a load balancer's target group.
    pub(crate) gateway: bool,
    /// Runs by a `FARGATE_SPOT` capacity provider: then ECS shows no `launchType` on the service.
    pub(crate) spot: bool,
    /// Its tasks exit soon after they run, whatever is done: the reason why it is off.
    pub(crate) thrashes: bool,
    /// Has the settings for NATS over TLS already.
    pub(crate) tls: bool,
}

/// The number of services, including the one that is off on purpose, in the first user's fleet.
pub(crate) const DEFAULT_SERVICES: usize = 23;

const CORE_AI: &str = "core AI";
const GAME: &str = "game";
const INFRASTRUCTURE: &str = "infrastructure";
const SPECIALISED: &str = "specialised";
const GATEWAY: &str = "gateway";
const DISABLED: &str = "disabled";

const FIRST_FLEET: [(&str, &str); DEFAULT_SERVICES] = [
    ("ai-integration-nats", CORE_AI),
    ("model-management-nats", CORE_AI),
    ("ai-router-nats", CORE_AI),
    ("state-manager-nats", GAME),
    ("quest-system-nats", GAME),
    ("npc-behavior-nats", GAME),
    ("world-state-nats", GAME),
    ("orchestration-nats", GAME),
    ("router-nats", GAME),
    ("event-bus-nats", INFRASTRUCTURE),
    ("time-manager-nats", INFRASTRUCTURE),
    ("weather-manager-nats", INFRASTRUCTURE),
    ("auth-nats", INFRASTRUCTURE),
    ("settings-nats", INFRASTRUCTURE),
    ("payment-nats", INFRASTRUCTURE),
    ("performance-mode-nats", SPECIALISED),
    ("capability-registry-nats", SPECIALISED),
    ("knowledge-base-nats", SPECIALISED),
    ("environmental-narrative-nats", SPECIALISED),
    ("story-teller-nats", SPECIALISED),
    ("body-broker-integration-nats", SPECIALISED),
    ("http-nats-gateway", GATEWAY),
    ("language-system-nats", DISABLED),
];

/// Moved to spot capacity as a trial of the savings the first user hoped for.
const ON_SPOT: [&str; 2] = ["weather-manager-nats", "environmental-narrative-nats"];

/// From so many services on a fleet is a large one: three tasks for each.
pub(crate) const LARGE: usize = 1_000;

/// Besides the first two groups: as far as the first user's change to TLS had come.
const OVER_TLS: [&str; 4] = ["event-bus-nats", "time-manager-nats", "weather-manager-nats", "auth-nats"];

/// `count` services, the last of which is off on purpose (with one service: only that one; with none: none).
pub(crate) fn outlines(count: usize, seed: u64) -> Vec<Outline> {
    let tasks = if count >= LARGE { 3 } else { 2 };
    if count == DEFAULT_SERVICES {
        return FIRST_FLEET.iter().map(|(name, group)| outline((*name).to_owned(), group)).collect();
    }
    let mut made = made_up(count.saturating_sub(1), seed);
    made.iter_mut().for_each(|outline| outline.desired = tasks);
    if count > 0 {
        made.push(outline("language-system-nats".to_owned(), DISABLED));
    }
    made
}

fn outline(name: String, group: &'static str) -> Outline {
    Outline {
        group,
        desired: if group == DISABLED { 0 } else { 2 },
        gateway: group == GATEWAY,
        spot: ON_SPOT.contains(&name.as_str()),
        thrashes: group == DISABLED,
        tls: [CORE_AI, GAME].contains(&group) || OVER_TLS.contains(&name.as_str()),
        name,
    }
}

const SUBJECTS: [&str; 24] = [
    "matchmaking",
    "inventory",
    "dialogue",
    "economy",
    "physics",
    "terrain",
    "combat",
    "crafting",
    "guild",
    "leaderboard",
    "telemetry",
    "session",
    "profile",
    "voice",
    "faction",
    "loot",
    "spawn",
    "pathfinding",
    "animation",
    "achievement",
    "trade",
    "mail",
    "housing",
    "mount",
];
const ROLES: [&str; 12] =
    ["manager", "router", "registry", "broker", "system", "store", "scheduler", "planner", "gatherer", "resolver", "indexer", "relay"];
const GROUPS: [&str; 4] = [CORE_AI, GAME, INFRASTRUCTURE, SPECIALISED];

fn made_up(count: usize, seed: u64) -> Vec<Outline> {
    let mut dice = Dice::new(seed, "service names", 0);
    let mut taken = HashSet::new();
    (0..count)
        .map(|number| {
            if number == 0 {
                taken.insert("http-nats-gateway".to_owned());
                return outline("http-nats-gateway".to_owned(), GATEWAY);
            }
            let subject = SUBJECTS.get(dice.index(SUBJECTS.len())).copied().unwrap_or("service");
            let role = ROLES.get(dice.index(ROLES.len())).copied().unwrap_or("system");
            let plain = format!("{subject}-{role}-nats");
            let name = if taken.contains(&plain) { format!("{subject}-{role}-{number}-nats") } else { plain };
            taken.insert(name.clone());
            outline(name, GROUPS.get(dice.index(GROUPS.len())).copied().unwrap_or(GAME))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_fleet_is_the_first_users() {
        let fleet = outlines(DEFAULT_SERVICES, 1);
        assert_eq!(fleet.iter().filter(|service| service.desired == 2).count(), 22);
        let last = fleet.last().unwrap();
        assert_eq!((last.name.as_str(), last.desired), ("language-system-nats", 0));
        for (group, count) in [(CORE_AI, 3), (GAME, 6), (INFRASTRUCTURE, 6), (SPECIALISED, 6), (GATEWAY, 1), (DISABLED, 1)] {
            assert_eq!(fleet.iter().filter(|service| service.group == group).count(), count, "{group}");
        }
    }

    #[test]
    fn a_large_fleet_has_distinct_names_and_one_service_off() {
        for count in [0, 1, 2, 22, 24, 3_000] {
            let fleet = outlines(count, 9);
            assert_eq!(fleet.len(), count);
            assert_eq!(fleet.iter().map(|service| &service.name).collect::<HashSet<_>>().len(), count);
            assert_eq!(fleet.iter().filter(|service| service.desired == 0).count(), count.min(1));
            assert_eq!(fleet, outlines(count, 9));
        }
        assert_ne!(outlines(50, 1), outlines(50, 2));
    }
}
