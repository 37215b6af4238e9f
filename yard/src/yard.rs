//! An open yard: both faces and the clock's hand, from start to stop.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    aws::{self, AwsFace, fault::Fault},
    control,
    model::{Fleet, Plan, arn},
    options::{Endpoints, Error, Options},
    site::{NodeAct, Site},
    world::World,
};

/// A simulated fleet that can be reached. Dropping it closes every face; [`stop`](Self::stop) also waits until all is gone.
pub struct Yard {
    site: Arc<Site>,
    endpoints: Endpoints,
    end: DropGuard,
}

impl Yard {
    /// Opens a yard. When this returns, every endpoint answers.
    ///
    /// # Errors
    /// When a face cannot listen, or the NATS cluster does not come up.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        let clock = Arc::clone(&options.clock);
        let plan = Plan {
            services: options.services,
            seed: options.seed,
            calm: options.script.then_some(options.calm),
            hostile: options.hostile,
            composite_alarms: options.composite_alarms,
            nats_nodes: options.nats.as_ref().map_or(0, |nats| nats.nodes),
        };
        let world = Arc::new(World::new(Fleet::new(&plan, clock.now_micros()), clock));
        let aws = Arc::new(AwsFace::new(Arc::clone(&world), options.throttles));
        let site = Arc::new(Site { world: Arc::clone(&world), aws: Arc::clone(&aws), endpoints: OnceLock::new() });
        let aws_at =
            aws::listen(aws, options.aws_listen, end.clone()).await.map_err(|source| unheard("AWS face", options.aws_listen, source))?;
        let control_at = control::listen(Arc::clone(&site), options.control_listen, end.clone())
            .await
            .map_err(|source| unheard("control face", options.control_listen, source))?;
        let endpoints = Endpoints {
            aws: format!("http://{aws_at}"),
            control: format!("http://{control_at}"),
            account: arn::ACCOUNT.to_owned(),
            region: arn::REGION.to_owned(),
            cluster: arn::CLUSTER.to_owned(),
            ..Endpoints::default()
        };
        if let Some(progress) = &options.progress {
            progress(&format!("{} services, AWS at {}", options.services, endpoints.aws));
        }
        site.endpoints.get_or_init(|| endpoints.clone());
        tokio::spawn(world.keep_moving(end, |_| {}));
        Ok(Self { site, endpoints, end: guard })
    }

    /// Where everything is reached.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Closes both faces and waits until every node and connection is gone.
    pub async fn stop(self) {
        drop(self.end);
    }

    /// How often each operation was asked for (`ecs:ListTasks`), refused requests included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.site.counts().requests
    }

    /// The state as the control face's `GET /state` shows it.
    pub fn state(&self) -> serde_json::Value {
        self.site.state()
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

fn unheard(face: &'static str, address: SocketAddr, source: std::io::Error) -> Error {
    Error::Listen { face, address, source }
}
