//! A fleet in which it is hard to tell whose a connection is: every case of it once.
//!
//! The trap: what a client can find out differs from what is so. The truth is told on the control face alone.

use std::{net::Ipv4Addr, sync::Arc};

use crate::{
    clock::MINUTE,
    model::{
        Due, Fleet,
        lifecycle::DESCRIBABLE_AFTER_STOP,
        task::{StopCause, TaskStatus},
    },
};

/// The host that the tasks of two services share.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 251, 0, 1);
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 251, 0, 2);
const NOBODYS: Ipv4Addr = Ipv4Addr::new(127, 251, 0, 3);

/// By their places in the fleet.
const BRIDGED: [usize; 2] = [3, 4];
const BEHIND_PROXY: usize = 5;
const GAVE_ADDRESS: usize = 9;
const TOOK_ADDRESS: usize = 10;
const LIES: usize = 12;
const LIED_ABOUT: usize = 14;

impl Fleet {
    pub(super) fn confuse_ownership(&mut self) {
        for index in BRIDGED {
            self.put_on_host(index);
        }
        if let Some(service) = self.services.get_mut(BEHIND_PROXY) {
            service.proxy = Some(PROXY);
        }
        self.hand_over_address();
        let first = |fleet: &Self, index: usize| fleet.services.get(index).and_then(|service| service.tasks.first().copied());
        let (liar, other) = (first(self, LIES), first(self, LIED_ABOUT));
        let name = other.and_then(|number| {
            let task = self.tasks.get(&number)?;
            Some(format!("{}/{}", self.services.get(task.service)?.name, task.id))
        });
        if let Some(task) = liar.and_then(|number| self.tasks.get_mut(&number)) {
            task.calls_itself = name;
        }
        self.nobody = Some(NOBODYS);
    }

    fn put_on_host(&mut self, index: usize) {
        let Some(service) = self.services.get(index) else { return };
        let Some(arn) = service.primary().map(|deployment| deployment.definition.clone()) else { return };
        for number in service.tasks.clone() {
            if let Some(task) = self.tasks.get_mut(&number) {
                task.address = HOST;
            }
        }
        if let Some(definition) = self.definitions.get_mut(&arn) {
            Arc::make_mut(definition).bridge = true;
        }
    }

    /// A task of one service stopped twenty minutes ago; ten minutes ago one of another service began at its address.
    fn hand_over_address(&mut self) {
        let now = self.now;
        let Some(number) = self.add_task(GAVE_ADDRESS, 0, now - 90 * MINUTE) else { return };
        let Some(task) = self.tasks.get_mut(&number) else { return };
        let stopped = now - 20 * MINUTE;
        task.status = TaskStatus::Stopped;
        task.told_to_stop = true;
        (task.pull_started_at, task.pull_stopped_at) = (Some(now - 89 * MINUTE), Some(now - 89 * MINUTE));
        task.started_at = Some(now - 88 * MINUTE);
        (task.stopping_at, task.execution_stopped_at, task.stopped_at) = (Some(stopped), Some(stopped), Some(stopped));
        task.cause = Some(StopCause::maintenance());
        let address = task.address;
        self.later(DESCRIBABLE_AFTER_STOP - 20 * MINUTE, Due::Forget(number));
        let heir = self.services.get(TOOK_ADDRESS).and_then(|service| service.tasks.first().copied());
        if let Some(task) = heir.and_then(|number| self.tasks.get_mut(&number)) {
            task.address = address;
            task.reuses_address = true;
            task.created_at = now - 11 * MINUTE;
            (task.pull_started_at, task.pull_stopped_at) = (Some(now - 11 * MINUTE), Some(now - 10 * MINUTE));
            task.started_at = Some(now - 10 * MINUTE);
        }
    }

    /// The address a new task of a definition gets.
    pub(super) fn address_for(&self, definition: &str, number: u64) -> Ipv4Addr {
        if self.definitions.get(definition).is_some_and(|definition| definition.bridge) { HOST } else { super::task::address(number) }
    }
}
