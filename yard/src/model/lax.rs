//! What is not as safe as it should be, for those to find who look for it: by name in the first user's fleet, at every seventeenth place
//! of a large one.
//!
//! Separate from the rest of the building, so that a fleet's mistakes can be read in one place. The trap: AWS refuses some mistakes. A
//! privileged container, for one, cannot be registered for Fargate, so only tasks on hosts of one's own have it.

use crate::model::{
    Fleet, arn,
    definition::Container,
    deployment::{Breaker, Configuration},
    names::{DEFAULT_SERVICES, Outline},
};

/// Whose circuit breaker nobody ever switched on.
const WITHOUT_BREAKER: [&str; 2] = ["npc-behavior-nats", "knowledge-base-nats"];
/// Which runs as root.
const AS_ROOT: [&str; 1] = ["state-manager-nats"];
/// Which run as their images decide.
const AS_IMAGE: [&str; 2] = ["weather-manager-nats", "story-teller-nats"];
/// Which has a secret in plain text, beside one that keeps its own where secrets belong.
const PLAIN_SECRET: [&str; 1] = ["payment-nats"];
const KEPT_SECRET: [&str; 1] = ["auth-nats"];
/// Whose containers cannot write to their root filesystem.
const READ_ONLY: &str = "infrastructure";

/// From so many services on a made-up fleet has its own share of these.
const MANY: usize = 100;
const EVERY: usize = 17;

impl Fleet {
    fn is_lax(&self, outline: &Outline, index: usize, named: &[&str], place: usize) -> bool {
        match self.planned {
            DEFAULT_SERVICES => named.contains(&outline.name.as_str()),
            planned => planned >= MANY && index % EVERY == place,
        }
    }

    /// How a service's tasks are replaced.
    pub(super) fn configuration_of(&self, outline: &Outline, index: usize) -> Configuration {
        let plain = Configuration::default();
        if self.is_lax(outline, index, &WITHOUT_BREAKER, 4) {
            let breaker = Breaker { enable: false, rollback: false, ..plain.breaker };
            return Configuration { breaker, ..plain };
        }
        plain
    }

    /// The one container that a service's tasks begin with.
    pub(super) fn app_of(&self, outline: &Outline, index: usize, image: String, tls: bool) -> Container {
        let mut environment = vec![
            ("AWS_REGION".to_owned(), arn::REGION.to_owned()),
            ("HEALTH_PORT".to_owned(), "8080".to_owned()),
            ("NATS_URL".to_owned(), format!("{}://nats.gaming-system.internal:4222", if tls { "tls" } else { "nats" })),
            ("SERVICE_NAME".to_owned(), outline.name.clone()),
        ];
        if self.is_lax(outline, index, &PLAIN_SECRET, 11) {
            environment.push(("PAYMENT_API_KEY".to_owned(), "the-yard-made-this-up".to_owned()));
        }
        let mut secrets = Vec::new();
        if self.is_lax(outline, index, &KEPT_SECRET, 13) {
            secrets.push(("JWT_SIGNING_KEY".to_owned(), arn::secret("jwt-signing-key")));
        }
        let user = match (self.is_lax(outline, index, &AS_IMAGE, 9), self.is_lax(outline, index, &AS_ROOT, 7)) {
            (true, _) => None,
            (false, true) => Some("root".to_owned()),
            (false, false) => Some("1000:1000".to_owned()),
        };
        Container {
            name: "app".to_owned(),
            image,
            essential: true,
            environment,
            secrets,
            user,
            read_only_root: outline.group == READ_ONLY,
            health_check: None,
        }
    }
}
