//! The tasks' own connections: for each running task one real client, from the task's own address, named as services name themselves.
//!
//! The trap: the list of who should be connected is read from the model after every change, never kept beside it.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    net::SocketAddr,
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
    nats::{
        Cluster, MAINTENANCE_USER,
        jetstream::{self, Work},
        ownership::{Kind, Truth},
    },
    world::World,
};

/// Above this many running tasks only the first ones (by service) connect: each real connection costs sockets and threads of five real servers.
pub(crate) const MOST_CONNECTIONS: usize = 500;
/// How often a task says something, in the yard's time.
const SAYS_SOMETHING_EVERY: Duration = Duration::from_secs(5);

/// One connection's place at the cluster.
struct Seat {
    number: u64,
    /// Whom it talks to.
    neighbour: String,
    truth: Truth,
}

fn seats(fleet: &Fleet) -> Vec<Seat> {
    let services = fleet.services.iter().enumerate();
    let running = services.flat_map(|(index, service)| fleet.tasks_of(service).filter(|task| task.runs()).map(move |task| (index, task)));
    let mut seats: Vec<Seat> = running.take(MOST_CONNECTIONS).map(|(index, task)| seat(fleet, index, task)).collect();
    if let Some(address) = fleet.nobody {
        let truth = Truth {
            name: String::new(),
            address,
            user: MAINTENANCE_USER.to_owned(),
            kind: Kind::Nobody,
            owner: None,
            task: None,
            tls: false,
            why: "",
        };
        seats.push(Seat { number: u64::MAX, neighbour: MAINTENANCE_USER.to_owned(), truth });
    }
    seats
}

fn seat(fleet: &Fleet, index: usize, task: &Task) -> Seat {
    let name_of = |index: usize| fleet.services.get(index).map(|service| service.name.clone()).unwrap_or_default();
    let service = name_of(index);
    let own = format!("{service}/{}", task.id);
    let mut name = task.calls_itself.clone().unwrap_or_else(|| own.clone());
    if fleet.hostile && task.number.is_multiple_of(4) {
        // a client names itself as it likes
        name = hostile::free_text(index);
    }
    let proxy = fleet.services.get(index).and_then(|service| service.proxy);
    let bridged = fleet.definitions.get(&task.definition).is_some_and(|definition| definition.bridge);
    let kind = match () {
        () if bridged => Kind::Bridge,
        () if proxy.is_some() => Kind::Proxy,
        () if task.reuses_address => Kind::Reused,
        () if task.calls_itself.is_some() => Kind::Lies,
        () => Kind::Own,
    };
    // the settings in the task definition decide how it connects
    let settings = fleet.definitions.get(&task.definition);
    let tls = settings.and_then(|definition| definition.setting("NATS_URL")).is_some_and(|url| url.starts_with("tls://"));
    let truth = Truth {
        name,
        address: proxy.unwrap_or(task.address),
        user: service.clone(),
        kind,
        owner: Some(service),
        task: Some(task.id.clone()),
        tls,
        why: "",
    };
    Seat { number: task.number, neighbour: name_of((index + 1) % fleet.services.len().max(1)), truth }
}

/// Every connection that should be there, and whose it is.
pub(crate) fn truths(fleet: &Fleet) -> Vec<Truth> {
    seats(fleet).into_iter().map(|seat| seat.truth.explained()).collect()
}

/// Keeps exactly the running tasks connected until `end`, then waits until all have left. `own_addresses`: each connects from its own.
pub(crate) async fn keep_connected(world: Arc<World>, cluster: Arc<Cluster>, own_addresses: bool, end: CancellationToken) {
    let mut changes = world.changes();
    let mut connected: HashMap<u64, CancellationToken> = HashMap::new();
    let tracker = TaskTracker::new();
    loop {
        changes.mark_unchanged();
        let (wanted, restless_at) = world.look(|fleet| (seats(fleet), fleet.restless_at));
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
                let life = Life { clock: Arc::clone(world.clock()), restless_at, nodes: cluster.count() };
                tracker.spawn(attend(seat, options, urls, life, leave));
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
    let mut options = ConnectOptions::with_user_and_password(seat.truth.user.clone(), cluster.accounts.service_password.clone())
        .name(&seat.truth.name)
        // the order decides which node it starts at, and goes to when that one is down
        .retain_servers_order()
        .ignore_discovered_servers()
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| Duration::from_millis((50 * attempts as u64).min(1_000)));
    if let Some(ca) = &cluster.ca
        && seat.truth.tls
    {
        options = options.add_root_certificates(ca.clone()).require_tls(true);
    }
    if own_addresses { options.local_address(SocketAddr::from((seat.truth.address, 0))) } else { options }
}

/// All nodes, each task beginning at another one.
fn urls(cluster: &Cluster, number: u64) -> Vec<String> {
    let mut urls = cluster.urls.clone();
    let turn = usize::try_from(number).unwrap_or(0) % urls.len().max(1);
    urls.rotate_left(turn);
    urls
}

/// What a connection's doings depend on besides its seat.
struct Life {
    clock: Arc<dyn Clock>,
    /// From when on things go wrong.
    restless_at: Option<i64>,
    nodes: usize,
}

async fn attend(seat: Seat, options: ConnectOptions, urls: Vec<String>, life: Life, leave: CancellationToken) {
    let stay = async {
        let client = options.connect(urls).await.map_err(|error| error.to_string())?;
        let Life { clock, restless_at, nodes } = life;
        let service = seat.truth.user.clone();
        let work = Work { client: client.clone(), service, nodes, clock: Arc::clone(&clock), restless_at };
        tokio::select! {
            ended = talk(&client, &seat, clock.as_ref()) => ended,
            () = work.go_on() => Ok(()),
        }
    };
    let ended: Result<Result<(), String>, ()> = tokio::select! {
        ended = stay => Ok(ended),
        () = leave.cancelled() => Err(()),
    };
    // every handle of the client is dropped by now, and its connection closes with the last
    if let Ok(Err(error)) = ended {
        tracing::warn!(service = seat.truth.user, error, "a task lost its NATS connection for good");
    }
}

/// Answers requests, and now and then asks the neighbour and publishes what it did.
async fn talk(client: &Client, seat: &Seat, clock: &dyn Clock) -> Result<(), String> {
    let service = &seat.truth.user;
    let own = format!("gaming.{service}.requests");
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let mut requests = client.queue_subscribe(own, service.clone()).await.map_err(|error| failed(&error))?;
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
    let neighbours = format!("gaming.{}.requests", seat.neighbour);
    let mut pause = clock.sleep(SAYS_SOMETHING_EVERY);
    // not all tasks at the same time
    let mut turn = seat.number;
    loop {
        tokio::select! {
            request = requests.next() => {
                let Some(request) = request else { return Err("its subscription ended".to_owned()) };
                if let Some(reply) = request.reply {
                    client.publish(reply, "ok".into()).await.map_err(|error| failed(&error))?;
                }
            }
            reply = replies.next() => if reply.is_none() { return Err("its inbox ended".to_owned()) },
            () = &mut pause => {
                client.publish_with_reply(neighbours.clone(), inbox.clone(), "state?".into()).await.map_err(|error| failed(&error))?;
                turn = turn.wrapping_add(1);
                if let Some(subject) = jetstream::publishes(service, turn) {
                    client.publish(subject, format!("{{\"turn\":{turn}}}").into()).await.map_err(|error| failed(&error))?;
                }
                pause = clock.sleep(SAYS_SOMETHING_EVERY);
            }
        }
    }
}
