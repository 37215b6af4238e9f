//! What happens to the fleet by itself once its calm is over: a story that the seed fixes.
//!
//! It only chooses; what it chooses is done by the same methods a person has on the control face.
//! The trap: the script throws its own dice and looks at nothing that a person may have changed, so that an act by hand does not change the story that follows.

use crate::{
    clock::{MINUTE, SECOND},
    dice::Dice,
    model::{Due, Fleet, NodeOrder, logs::Crash, names::DEFAULT_SERVICES, task::StopCause},
};

/// Where in its story a fleet is.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    dice: Dice,
    nats_nodes: usize,
    lines: u64,
}

/// One thing the script does to the service it picked (or to a NATS node).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    OutOfMemory,
    ExitOne,
    Infrastructure,
    StoppedByPerson,
    CpuSurge,
    MemorySurge,
    CrashLoop,
    NodeRestart,
}

/// The story opens with these, so that the first minutes after the calm show something of each kind: a NATS node restarts, and one service does not survive it.
const OPENING: [Happening; 4] = [Happening::NodeRestart, Happening::CrashLoop, Happening::CpuSurge, Happening::OutOfMemory];

/// And goes on with any of these, as likely as they stand here often.
const LATER: [Happening; 16] = [
    Happening::OutOfMemory,
    Happening::OutOfMemory,
    Happening::OutOfMemory,
    Happening::ExitOne,
    Happening::ExitOne,
    Happening::ExitOne,
    Happening::Infrastructure,
    Happening::Infrastructure,
    Happening::StoppedByPerson,
    Happening::CpuSurge,
    Happening::CpuSurge,
    Happening::CpuSurge,
    Happening::MemorySurge,
    Happening::MemorySurge,
    Happening::CrashLoop,
    Happening::NodeRestart,
];

/// From the restarted node to the service that crash-loops for it.
const SOON: i64 = 6 * SECOND;

impl Script {
    pub(crate) fn new(seed: u64, nats_nodes: usize) -> Self {
        Self { dice: Dice::new(seed, "script", 0), nats_nodes, lines: 0 }
    }

    fn choose(&mut self) -> Happening {
        let opening = usize::try_from(self.lines).ok().and_then(|line| OPENING.get(line)).copied();
        let later = LATER.get(self.dice.index(LATER.len())).copied();
        self.lines += 1;
        opening.or(later).unwrap_or(Happening::ExitOne)
    }
}

impl Fleet {
    /// Tells the next line and puts the one after it on the agenda.
    pub(crate) fn play_script(&mut self) {
        let Some(mut script) = self.script.take() else { return };
        let happening = script.choose();
        let wanted = self.services.len().saturating_sub(1);
        let service = script.dice.index(wanted);
        let length = script.dice.seconds(180, 360);
        let node = script.dice.index(script.nats_nodes);
        // the first crash loop comes of what happened on NATS a moment before
        let opens = script.lines <= OPENING.len() as u64;
        // the gateway stays out of the opening: its customers shall be seen to feel what happens behind it
        let is_gateway = self.services.get(service).is_some_and(|service| service.target_group.is_some());
        let service = if opens && is_gateway { (service + 1) % wanted.max(1) } else { service };
        let crash = if opens { Crash::NoServers } else { Crash::thrown(&mut Dice::new(self.seed, "crash loop", script.lines)) };
        // a larger fleet has more going on, up to twenty times
        let pace = i64::try_from((wanted / DEFAULT_SERVICES).clamp(1, 20)).unwrap_or(1);
        let next = script.dice.seconds(15, 75) / pace;
        let next = if happening == Happening::NodeRestart && opens { next.min(SOON) } else { next };
        if happening == Happening::NodeRestart && script.nats_nodes > 0 {
            self.note(format!("NATS node {node} restarts"));
            self.order_node(NodeOrder::Restart(node));
        } else if let Some(name) = self.services.get(service).map(|service| service.name.clone()) {
            self.happen(happening, &name, service, length, crash);
        }
        self.script = Some(script);
        self.later(next, Due::Script);
    }

    fn happen(&mut self, happening: Happening, name: &str, index: usize, length: i64, crash: Crash) {
        let spot = self.services.get(index).is_some_and(|service| service.spot);
        let cause = match happening {
            Happening::OutOfMemory => StopCause::exited(137, None),
            Happening::ExitOne | Happening::NodeRestart => StopCause::exited(1, None),
            Happening::Infrastructure if spot => StopCause::spot(),
            Happening::Infrastructure => StopCause::maintenance(),
            Happening::StoppedByPerson => StopCause::by_user("stopped for a closer look".to_owned()),
            Happening::CpuSurge => return self.surge(index, name, length, true),
            Happening::MemorySurge => return self.surge(index, name, length, false),
            Happening::CrashLoop => {
                let looped = self.crash_loop(name, length, Some(crash));
                debug_assert!(looped.is_ok(), "the script picks services of this fleet");
                return;
            }
        };
        if let Err(nothing) = self.stop_one(name, cause) {
            // all its tasks are down already, by an earlier line: the story goes on
            self.note(nothing.to_string());
        }
    }

    /// Raises a service's load above its alarm's threshold for a while.
    fn surge(&mut self, index: usize, name: &str, length: i64, cpu: bool) {
        let now = self.now;
        let until = now + length.max(2 * MINUTE + SECOND);
        if let Some(service) = self.services.get_mut(index) {
            let record = service.record();
            let surges = if cpu { &mut record.cpu_surges } else { &mut record.memory_surges };
            surges.add(now, until);
        }
        self.note(format!("service {name} is under {} load", if cpu { "CPU" } else { "memory" }));
    }
}
