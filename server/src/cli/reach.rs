//! How commands without a config reach AWS: the SDK's own chain, and what the command line says in its place.

use clap::Args;

use crate::config::Environment;

#[derive(Clone, Debug, Args)]
pub(super) struct Reach {
    /// Profile of the shared AWS config files; absent, the SDK's own chain
    #[arg(long, env = "AWS_PROFILE")]
    profile: Option<String>,
    /// Region; absent, the SDK's own chain
    #[arg(long)]
    region: Option<String>,
    /// Role to assume
    #[arg(long)]
    role_arn: Option<String>,
    /// The external id that role asks for
    #[arg(long, requires = "role_arn")]
    external_id: Option<String>,
    /// Where to send every call instead of AWS: tests and the yard
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    endpoint_url: Option<String>,
    /// Only this ECS cluster; may be given several times
    #[arg(long = "cluster", value_name = "NAME")]
    clusters: Vec<String>,
}

impl Reach {
    /// An environment reached so. An empty variable is as good as none.
    pub(super) fn environment(self, name: Option<String>) -> Environment {
        let given = |value: Option<String>| value.filter(|value| !value.is_empty());
        let profile = given(self.profile);
        let name = given(name).or_else(|| profile.clone()).unwrap_or_else(|| "default".to_owned());
        Environment {
            region: given(self.region),
            role_arn: given(self.role_arn),
            external_id: given(self.external_id),
            endpoint_url: given(self.endpoint_url),
            clusters: self.clusters,
            profile,
            // it stands in addresses, where these two have a meaning
            ..Environment::from_sdk_chain(&name.replace(['/', ':'], "-"))
        }
    }
}
