//! What AWS answered, byte for byte, beside what the SDK made of it.
//!
//! Separate because a typed answer silently drops the fields that its library does not know yet. What is handed back to AWS
//! later (a copy of a task definition, a service's own deployment settings) must not lose any of them. The trap: it holds
//! the answer to the newest try, a refusal as well; so it is asked only after the call has come back well.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use serde_json::Value;

/// Keeps the body of the answer to one call. A clone of it goes along with the call as an interceptor
/// (`.customize().interceptor(answered.clone())`), which changes nothing of either.
#[derive(Clone, Default)]
pub struct Answered(Arc<Mutex<Bytes>>);

impl Answered {
    /// What was answered, where it is JSON.
    pub fn json(&self) -> Option<Value> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        serde_json::from_slice(&kept).ok()
    }
}

/// An answer may hold the passwords of a task definition's environment.
impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answered(…)")
    }
}

impl Intercept for Answered {
    fn name(&self) -> &'static str {
        "Answered"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // the SDK has gathered the body by now
        let body = context.response().body().bytes().unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Bytes::copy_from_slice(body);
        Ok(())
    }
}
