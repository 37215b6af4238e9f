//! The one fleet that both faces show, behind one lock, always brought to the clock's time before anyone looks.
//!
//! The trap: a look must never wait for anything while it holds the lock; it is a plain closure for that reason.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::{Clock, SECOND},
    model::{Fleet, NodeOrder},
};

/// How long the model may stand still while nobody looks. Alarms and tasks are exact all the same: they happen at their own times.
const LONGEST_NAP: i64 = SECOND;

pub(crate) struct World {
    fleet: Mutex<Fleet>,
    clock: Arc<dyn Clock>,
    revision: watch::Sender<u64>,
}

impl World {
    pub(crate) fn new(fleet: Fleet, clock: Arc<dyn Clock>) -> Self {
        Self { revision: watch::Sender::new(fleet.revision), fleet: Mutex::new(fleet), clock }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Brings the fleet to now, then lets `look` read or change it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&mut Fleet) -> T) -> T {
        let (answer, revision) = {
            let mut fleet = self.fleet.lock().unwrap_or_else(PoisonError::into_inner);
            fleet.tick(self.clock.now_micros());
            let answer = look(&mut fleet);
            (answer, fleet.revision)
        };
        self.revision.send_if_modified(|seen| std::mem::replace(seen, revision) != revision);
        answer
    }

    /// Wakes whenever something in the fleet has changed; says only *that*.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Keeps the model moving while nobody looks, handing the script's orders for NATS nodes to `order`, until `end`.
    pub(crate) async fn keep_moving(self: Arc<Self>, end: CancellationToken, order: impl Fn(NodeOrder) + Send) {
        loop {
            let (due, now, orders) = self.look(|fleet| (fleet.next_due(), fleet.now, fleet.take_node_orders()));
            orders.into_iter().for_each(&order);
            let nap = due.map_or(LONGEST_NAP, |due| due - now).clamp(1_000, LONGEST_NAP);
            let nap = self.clock.sleep(Duration::from_micros(nap.unsigned_abs()));
            tokio::select! {
                () = nap => {}
                () = end.cancelled() => return,
            }
        }
    }
}
