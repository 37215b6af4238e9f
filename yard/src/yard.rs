//! An open yard: both faces and the clock's hand, from start to stop.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    aws::{self, AwsFace, fault::Fault},
    control,
    model::{Fleet, NodeOrder, Plan, arn},
    nats::{self, Cluster, NatsTls},
    options::{Endpoints, Error, NatsOptions, Options, Scenario},
    serve,
    site::{NodeAct, Site},
    wishes::{CheckVerdict, ForeignAct, PushedImage},
    world::World,
};

/// A simulated fleet that can be reached. Dropping it closes every face; [`stop`](Self::stop) also waits until all is gone.
pub struct Yard {
    site: Arc<Site>,
    endpoints: Endpoints,
    end: DropGuard,
    workers: TaskTracker,
}

impl Yard {
    /// Opens a yard. When this returns, every endpoint answers.
    ///
    /// # Errors
    /// When a face cannot listen, or the NATS cluster does not come up.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        let tell = |step: &str| {
            if let Some(progress) = &options.progress {
                progress(step);
            }
        };
        let world = Arc::new(build_world(&options));
        let cluster = match &options.nats {
            Some(nats) => Some(Arc::new(start_cluster(nats, &world).await?)),
            None => None,
        };
        if let Some(cluster) = &cluster {
            tell(&format!("{} NATS nodes up, each connected with every other", cluster.urls.len()));
        }
        let aws = Arc::new(AwsFace::new(Arc::clone(&world), options.throttles));
        let site = Arc::new(Site { world: Arc::clone(&world), aws: Arc::clone(&aws), cluster, endpoints: OnceLock::new() });
        let workers = TaskTracker::new();
        let aws_at = serve::listen(options.aws_listen, aws::router(aws), end.clone(), workers.clone())
            .await
            .map_err(|source| unheard("AWS face", options.aws_listen, source))?;
        let control_at = serve::listen(options.control_listen, control::router(Arc::clone(&site)), end.clone(), workers.clone())
            .await
            .map_err(|source| unheard("control face", options.control_listen, source))?;
        let endpoints = describe(&site, aws_at, control_at);
        site.endpoints.get_or_init(|| endpoints.clone());
        tell(&format!("{} services, AWS at {}", options.services, endpoints.aws));
        keep_alive(&site, &end, &workers);
        workers.close();
        Ok(Self { site, endpoints, end: guard, workers })
    }

    /// Where everything is reached.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Closes all faces and waits until every connection and every node is gone.
    pub async fn stop(self) {
        drop(self.end);
        self.workers.wait().await;
        if let Some(cluster) = &self.site.cluster {
            cluster.stop().await;
        }
    }

    /// How often each operation was asked for (`ecs:ListTasks`), refused requests included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.site.counts().requests
    }

    /// The state as the control face's `GET /state` shows it.
    pub fn state(&self) -> serde_json::Value {
        self.site.state()
    }

    /// Every NATS connection that should be there and whose it is, as the control face's `GET /ownership` shows it.
    pub fn ownership(&self) -> serde_json::Value {
        self.site.ownership()
    }

    /// Everything that happened so far: microseconds since the start, and a sentence.
    pub fn story(&self) -> Vec<(i64, String)> {
        self.site.story().into_iter().map(|line| (line.after_micros, line.what)).collect()
    }

    /// Ends a service's oldest running task; answers its ARN. With an exit code the container ends by itself; without, as if by StopTask.
    ///
    /// # Errors
    /// When there is no such service, or none of its tasks runs.
    pub fn stop_task(&self, service: &str, exit_code: Option<i32>, reason: Option<String>) -> Result<String, Error> {
        self.site.stop_task(service, exit_code, reason)
    }

    /// Makes every stopped task indescribable now instead of an hour after its stop; answers how many.
    pub fn forget_stopped(&self) -> usize {
        self.site.forget_stopped()
    }

    /// Sets how many tasks a service wants.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_desired(&self, service: &str, desired: u32) -> Result<(), Error> {
        self.site.set_desired(service, desired)
    }

    /// Makes a service's tasks exit soon after they run, for so many seconds of the clock.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn crash_loop(&self, service: &str, seconds: u32) -> Result<(), Error> {
        self.site.crash_loop(service, seconds)
    }

    /// Holds an alarm in a state (`OK`, `ALARM`, `INSUFFICIENT_DATA`) for so many seconds of the clock; none: until [`release_alarm`](Self::release_alarm).
    ///
    /// # Errors
    /// When there is no such alarm or no such state.
    pub fn set_alarm(&self, name: &str, state: &str, reason: Option<String>, seconds: Option<u32>) -> Result<(), Error> {
        self.site.set_alarm(name, state, reason, seconds)
    }

    /// Lets an alarm follow its metric again from its next period on.
    ///
    /// # Errors
    /// When there is no such alarm.
    pub fn release_alarm(&self, name: &str) -> Result<(), Error> {
        self.site.release_alarm(name)
    }

    /// Makes an alarm ring and fall silent at once.
    ///
    /// # Errors
    /// When there is no such alarm.
    pub fn flap_alarm(&self, name: &str) -> Result<(), Error> {
        self.site.flap(name)
    }

    /// Makes a service's oldest running task print a line; answers its log stream.
    ///
    /// # Errors
    /// When there is no such service, or none of its tasks runs.
    pub fn say(&self, service: &str, text: impl Into<String>) -> Result<String, Error> {
        self.site.say(service, text.into())
    }

    /// Puts a value in place of a service's metric (`CPUUtilization`, …) for so many seconds of the clock.
    ///
    /// # Errors
    /// When there is no such service or metric.
    pub fn force_metric(&self, service: &str, metric: &str, value: f64, seconds: u32) -> Result<(), Error> {
        self.site.force_metric(service, metric, value, seconds)
    }

    /// Decides what a service's health checks find from now on; [`CheckVerdict::Evaluated`] lets the command decide again.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn set_check(&self, service: &str, verdict: CheckVerdict) -> Result<(), Error> {
        self.site.set_check(service, verdict)
    }

    /// Leaves no room for new tasks of a service (none: of any service) for so many seconds of the clock; 0 makes room again.
    ///
    /// # Errors
    /// When there is no such service.
    pub fn no_room(&self, service: Option<&str>, seconds: u32) -> Result<(), Error> {
        self.site.no_room(service, seconds)
    }

    /// Pushes an image into the fleet's registry, or takes it away.
    pub fn push_image(&self, image: PushedImage) {
        self.site.push_image(image);
    }

    /// Has somebody else in the account act on a service; answers the ARN of the revision it was about.
    ///
    /// # Errors
    /// When there is no such service, or no earlier revision to deregister.
    pub fn meddle(&self, service: &str, act: ForeignAct) -> Result<String, Error> {
        self.site.meddle(service, act)
    }

    /// Changes who deploys a service: `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    ///
    /// # Errors
    /// When there is no such service or controller.
    pub fn set_controller(&self, service: &str, controller: &str) -> Result<(), Error> {
        self.site.set_controller(service, controller)
    }

    /// Lays a fault on the AWS face.
    pub fn lay_fault(&self, fault: Fault) {
        self.site.lay_fault(fault);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.site.clear_faults();
    }

    /// Stops a NATS node. It is gone when this returns.
    ///
    /// # Errors
    /// When there is no such node.
    pub async fn stop_node(&self, node: usize) -> Result<(), Error> {
        self.site.node(node, NodeAct::Stop).await
    }

    /// Starts a stopped NATS node on its old ports. It is part of the cluster when this returns.
    ///
    /// # Errors
    /// When there is no such node, or it does not come up.
    pub async fn start_node(&self, node: usize) -> Result<(), Error> {
        self.site.node(node, NodeAct::Start).await
    }

    /// Stops and starts a NATS node.
    ///
    /// # Errors
    /// As of both.
    pub async fn restart_node(&self, node: usize) -> Result<(), Error> {
        self.site.node(node, NodeAct::Restart).await
    }
}

fn build_world(options: &Options) -> World {
    let plan = Plan {
        services: options.services,
        seed: options.seed,
        calm: options.script.then_some(options.calm),
        hostile: options.hostile,
        composite_alarms: options.composite_alarms,
        nats_nodes: options.nats.as_ref().map_or(0, |nats| nats.nodes),
        tls: options.nats.as_ref().map_or(NatsTls::Mixed, |nats| nats.tls),
        ownership: options.scenario == Some(Scenario::Ownership),
        same_value_deploys: options.same_value_deploys,
    };
    World::new(Fleet::new(&plan, options.clock.now_micros()), Arc::clone(&options.clock))
}

async fn start_cluster(options: &NatsOptions, world: &World) -> Result<Cluster, Error> {
    if options.nodes == 0 {
        return Err(Error::Invalid("a NATS cluster needs at least one node: ask for none by leaving NATS out".to_owned()));
    }
    let server = nats::find_server(options.server.as_deref())?;
    let users = world.look(|fleet| {
        let hand = fleet.nobody.map(|_| nats::MAINTENANCE_USER.to_owned());
        fleet.services.iter().map(|service| service.name.clone()).chain(hand).collect()
    });
    Ok(Cluster::start(options.nodes, server, users, options.tls).await?)
}

/// Starts what goes on by itself: time, the tasks' connections, and the script's doings to nodes.
fn keep_alive(site: &Arc<Site>, end: &CancellationToken, workers: &TaskTracker) {
    let (order, orders) = mpsc::unbounded_channel();
    workers.spawn(Arc::clone(&site.world).keep_moving(end.clone(), move |asked| {
        if order.send(asked).is_err() {
            tracing::debug!(?asked, "the yard closes: the script's order is not carried out");
        }
    }));
    workers.spawn(carry_out(Arc::clone(site), orders, end.clone()));
    if let Some(cluster) = &site.cluster {
        let own_addresses = nats::loopback_is_wide();
        workers.spawn(nats::keep_connected(Arc::clone(&site.world), Arc::clone(cluster), own_addresses, end.clone()));
    }
}

/// A restarted node stays down for this long, in the yard's time.
const NODE_IS_DOWN_FOR: Duration = Duration::from_secs(8);

/// Does to the NATS nodes what the script wants done, one after the other.
async fn carry_out(site: Arc<Site>, mut orders: mpsc::UnboundedReceiver<NodeOrder>, end: CancellationToken) {
    let work = async {
        while let Some(NodeOrder::Restart(node)) = orders.recv().await {
            if let Err(error) = restart(&site, node).await {
                tracing::warn!(%error, node, "the script could not restart a NATS node");
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = end.cancelled() => {}
    }
}

/// How often a node that does not come up again is started: another process may hold its port for a while.
const START_ATTEMPTS: usize = 5;

async fn restart(site: &Site, node: usize) -> Result<(), Error> {
    site.node(node, NodeAct::Stop).await?;
    let mut started = Ok(());
    for _ in 0..START_ATTEMPTS {
        site.world.clock().sleep(NODE_IS_DOWN_FOR).await;
        started = site.node(node, NodeAct::Start).await;
        if started.is_ok() {
            break;
        }
    }
    started
}

fn describe(site: &Site, aws: SocketAddr, control: SocketAddr) -> Endpoints {
    let cluster = site.cluster.as_deref();
    Endpoints {
        aws: format!("http://{aws}"),
        events_queue: format!("http://{aws}/{}/{}", arn::ACCOUNT, arn::EVENT_QUEUE),
        control: format!("http://{control}"),
        nats: cluster.map(|cluster| cluster.urls.clone()).unwrap_or_default(),
        monitor: cluster.map(|cluster| cluster.monitors.clone()).unwrap_or_default(),
        ca_file: cluster.and_then(|cluster| cluster.ca.clone()),
        system_user: cluster.map(|_| nats::SYSTEM_USER.to_owned()).unwrap_or_default(),
        system_password: cluster.map(|cluster| cluster.accounts.system_password.clone()).unwrap_or_default(),
        account: arn::ACCOUNT.to_owned(),
        region: arn::REGION.to_owned(),
        cluster: arn::CLUSTER.to_owned(),
        notes: cluster.map(|_| notes(site)).unwrap_or_default(),
    }
}

/// What the NATS face cannot do here as it should.
fn notes(site: &Site) -> Vec<String> {
    let mut notes = Vec::new();
    if !nats::loopback_is_wide() {
        notes.push("only 127.0.0.1 can be connected from on this system: every task's NATS connection comes from there, not from the task's own address".to_owned());
    }
    if !nats::is_watched() {
        notes.push("there is no /bin/sh on this system: NATS nodes go on running if this process is killed".to_owned());
    }
    let running = site.world.look(|fleet| fleet.tasks.values().filter(|task| task.runs()).count());
    if running > nats::MOST_CONNECTIONS {
        notes.push(format!("{running} tasks run, of which only the first {} are connected to NATS", nats::MOST_CONNECTIONS));
    }
    notes
}

fn unheard(face: &'static str, address: SocketAddr, source: std::io::Error) -> Error {
    Error::Listen { face, address, source }
}
