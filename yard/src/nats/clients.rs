//! The tasks' own connections: for each running task one real client, from the task's own address, named as services name themselves.
//!
//! The trap: the list of who should be connected is read from the model after every change, never kept beside it.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_nats::{Client, ConnectOptions};
use futures::StreamExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    hostile,
    model::{Fleet, task::Task},
    nats::Cluster,
    world::World,
};

/// Above this many running tasks only the first ones (by service) connect: each real connection costs sockets and threads of five real servers.
pub(crate) const MOST_CONNECTIONS: usize = 500;
/// How often a task says something, in the yard's time.
const SAYS_SOMETHING_EVERY: Duration = Duration::from_secs(5);

/// One task's place at the cluster.
struct Seat {
    number: u64,
    service: String,
    /// Whom it talks to.
    neighbour: String,
    name: String,
    address: Ipv4Addr,
}

fn seats(fleet: &Fleet) -> Vec<Seat> {
    let services = fleet.services.iter().enumerate();
    let running = services.flat_map(|(index, service)| fleet.tasks_of(service).filter(|task| task.runs()).map(move |task| (index, task)));
    running.take(MOST_CONNECTIONS).map(|(index, task)| seat(fleet, index, task)).collect()
}

fn seat(fleet: &Fleet, index: usize, task: &Task) -> Seat {
    let name_of = |index: usize| fleet.services.get(index).map(|service| service.name.clone()).unwrap_or_default();
    let service = name_of(index);
    let mut name = format!("{service}/{}", task.id);
    if fleet.hostile && task.number.is_multiple_of(4) {
        // a client names itself as it likes
        name = hostile::free_text(index);
    }
    Seat { number: task.number, neighbour: name_of((index + 1) % fleet.services.len().max(1)), service, name, address: task.address }
}

/// Keeps exactly the running tasks connected until `end`, then waits until all have left. `own_addresses`: each connects from its own.
pub(crate) async fn keep_connected(world: Arc<World>, cluster: Arc<Cluster>, own_addresses: bool, end: CancellationToken) {
    let mut changes = world.changes();
    let mut connected: HashMap<u64, CancellationToken> = HashMap::new();
    let tracker = TaskTracker::new();
    loop {
        changes.mark_unchanged();
        let wanted = world.look(|fleet| seats(fleet));
        let numbers: HashSet<u64> = wanted.iter().map(|seat| seat.number).collect();
        connected.retain(|number, leave| {
            let stays = numbers.contains(number);
            if !stays {
                leave.cancel();
            }
            stays
        });
        for seat in wanted {
            if let Entry::Vacant(place) = connected.entry(seat.number) {
                let leave = place.insert(end.child_token()).clone();
                let options = options(&seat, &cluster, own_addresses);
                let urls = urls(&cluster, seat.number);
                tracker.spawn(attend(seat, options, urls, Arc::clone(world.clock()), leave));
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { break },
            () = end.cancelled() => break,
        }
    }
    tracker.close();
    tracker.wait().await;
}

fn options(seat: &Seat, cluster: &Cluster, own_addresses: bool) -> ConnectOptions {
    let options = ConnectOptions::with_user_and_password(seat.service.clone(), cluster.accounts.service_password.clone())
        .name(&seat.name)
        // the order decides which node it starts at, and goes to when that one is down
        .retain_servers_order()
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| Duration::from_millis((50 * attempts as u64).min(1_000)));
    if own_addresses { options.local_address(SocketAddr::from((seat.address, 0))) } else { options }
}

/// All nodes, each task beginning at another one.
fn urls(cluster: &Cluster, number: u64) -> Vec<String> {
    let mut urls = cluster.urls.clone();
    let turn = usize::try_from(number).unwrap_or(0) % urls.len().max(1);
    urls.rotate_left(turn);
    urls
}

async fn attend(seat: Seat, options: ConnectOptions, urls: Vec<String>, clock: Arc<dyn Clock>, leave: CancellationToken) {
    let stay = async {
        let client = options.connect(urls).await.map_err(|error| error.to_string())?;
        talk(&client, &seat, clock.as_ref()).await
    };
    let ended: Result<Result<(), String>, ()> = tokio::select! {
        ended = stay => Ok(ended),
        () = leave.cancelled() => Err(()),
    };
    // every handle of the client is dropped by now, and its connection closes with the last
    if let Ok(Err(error)) = ended {
        tracing::warn!(service = seat.service, error, "a task lost its NATS connection for good");
    }
}

/// Answers requests and now and then sends one to the neighbour.
async fn talk(client: &Client, seat: &Seat, clock: &dyn Clock) -> Result<(), String> {
    let own = format!("gaming.{}.requests", seat.service);
    let mut requests = client.queue_subscribe(own, seat.service.clone()).await.map_err(|error| error.to_string())?;
    let neighbours = format!("gaming.{}.requests", seat.neighbour);
    let mut pause = clock.sleep(SAYS_SOMETHING_EVERY);
    loop {
        tokio::select! {
            request = requests.next() => {
                let Some(request) = request else { return Err("its subscription ended".to_owned()) };
                if let Some(reply) = request.reply {
                    client.publish(reply, "ok".into()).await.map_err(|error| error.to_string())?;
                }
            }
            () = &mut pause => {
                client.publish(neighbours.clone(), "state?".into()).await.map_err(|error| error.to_string())?;
                pause = clock.sleep(SAYS_SOMETHING_EVERY);
            }
        }
    }
}
