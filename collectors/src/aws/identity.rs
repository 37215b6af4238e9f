//! Which account the credentials belong to.
//!
//! Asked once of STS, before anything else is read, so that a wrong profile cannot fill the store with another
//! account's fleet. Some endpoints offer ECS but no STS, some networks reach one and not the other, and some policies
//! deny even this: then the account is taken from the ARNs that ECS and CloudWatch answer, and checked before the
//! reading leaves the collector. Only refused credentials and a wrong account stop a sweep here.

use std::time::Duration;

use domain::Timestamp;
use domain::source::{Fault, FaultKind};

use super::{AwsEnvironment, Connection, account_in};
use crate::call::Tally;
use crate::operations::GET_CALLER_IDENTITY;

/// How long STS is left alone after it could not tell.
const ASK_AGAIN: Duration = Duration::from_secs(600);

/// What is known of the account.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    account: Option<String>,
    not_before: Option<Timestamp>,
}

impl AwsEnvironment {
    /// The account as STS says; `None` when STS could not tell and the ARNs must.
    ///
    /// # Errors
    /// Credentials refused, or they belong to another account than the scope names.
    pub(crate) async fn account(&self, connection: &Connection, tally: &Tally) -> Result<Option<String>, Fault> {
        // held while asking: two collectors starting together ask once
        let mut identity = self.identity.lock().await;
        if identity.account.is_some() {
            return Ok(identity.account.clone());
        }
        let now = self.clock.now();
        if identity.not_before.is_some_and(|at| now < at && at.since(now) <= ASK_AGAIN) {
            return Ok(None);
        }
        let answer = connection.caller.call(GET_CALLER_IDENTITY, tally, || connection.sts.get_caller_identity().send()).await;
        match answer {
            Ok(caller) => {
                let account = caller.account.or_else(|| caller.arn.as_deref().and_then(account_in).map(str::to_owned));
                self.check(account.as_deref())?;
                identity.account.clone_from(&account);
                Ok(account)
            }
            Err(fault) if fault.kind == FaultKind::Credentials => Err(self.whose(&fault)),
            Err(fault) => {
                tracing::info!(environment = %self.scope.environment, message = %fault.message, "STS cannot name the account; taking it from ARNs");
                identity.not_before = Some(self.clock.now().plus(ASK_AGAIN));
                Ok(None)
            }
        }
    }

    /// The same fault with the profile or role whose credentials they are, which the SDK leaves out.
    fn whose(&self, fault: &Fault) -> Fault {
        let profile = self.scope.profile.as_ref().map(|profile| format!(" (profile \"{profile}\" of the config)"));
        let role = self.scope.role_arn.as_ref().map(|role| format!(" (to assume {role})"));
        let message = format!("{}{}{}", fault.message, profile.unwrap_or_default(), role.unwrap_or_default());
        Fault::new(fault.kind, fault.operation.as_deref(), &message)
    }

    /// Compares an account with the one the scope names.
    ///
    /// # Errors
    /// They differ.
    pub(crate) fn check(&self, account: Option<&str>) -> Result<(), Fault> {
        match (&self.scope.account_id, account) {
            (Some(named), Some(found)) if named != found => {
                let message = format!("the credentials belong to account {found}, but the config says account_id = \"{named}\"");
                Err(Fault::new(FaultKind::WrongAccount, Some(GET_CALLER_IDENTITY.name), &message))
            }
            _ => Ok(()),
        }
    }
}
