//! A request as it is, in place of what the SDK would make of it.
//!
//! Separate because it is the one place that reaches below the SDK. The SDK still chooses the operation, the endpoint and the
//! credentials, and signs: this takes its place right before the signature, so what is signed is what is sent. The trap is
//! the length, which the SDK has written down already.

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use serde_json::Value;

/// The body that is sent.
#[derive(Clone)]
pub(super) struct Exactly(Bytes);

impl Exactly {
    pub(super) fn this(request: &Value) -> Self {
        Self(request.to_string().into())
    }
}

/// A request may hold the passwords of a task definition's environment.
impl fmt::Debug for Exactly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exactly(…)")
    }
}

impl Intercept for Exactly {
    fn name(&self) -> &'static str {
        "Exactly"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().try_insert("content-length", self.0.len().to_string())?;
        *request.body_mut() = SdkBody::from(self.0.clone());
        Ok(())
    }
}
