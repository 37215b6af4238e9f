//! Why a page has nothing to show, as one type and one way to show it.
//!
//! Every server function answers it, so it is safe to print: causes were logged where they arose. The HTTP status is
//! set here too, in the same breath in which a failure becomes an answer, because a server function called while a
//! page is rendered and one called by the browser both answer through the same context. The trap: leaving the status
//! to the components, where a page that says "not found" would be served, and cached, as a 200.

use std::fmt;

use domain::Failure;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppError {
    /// The server answered that it has none.
    Failed(Failure),
    /// The question or its answer was lost on the way.
    Transport(ServerFnErrorErr),
}

impl AppError {
    /// What a port answered instead of a value, told to the browser as a status as well.
    #[cfg(feature = "ssr")]
    pub(crate) fn failed(failure: Failure) -> Self {
        let status = match &failure {
            Failure::NotFound { .. } | Failure::NoSuch { .. } => http::StatusCode::NOT_FOUND,
            Failure::Refused { .. } => http::StatusCode::BAD_REQUEST,
            Failure::Unfit { .. } => http::StatusCode::UNPROCESSABLE_ENTITY,
            Failure::Unauthenticated => http::StatusCode::UNAUTHORIZED,
            Failure::Forbidden { .. } => http::StatusCode::FORBIDDEN,
            Failure::Internal { .. } => http::StatusCode::INTERNAL_SERVER_ERROR,
        };
        set_status(status);
        Self::Failed(failure)
    }

    /// A mistake of whoever assembled the server, found on the first request.
    #[cfg(feature = "ssr")]
    pub(crate) fn without_ports() -> Self {
        set_status(http::StatusCode::INTERNAL_SERVER_ERROR);
        Self::Transport(ServerFnErrorErr::ServerError("the server gave its pages nothing to read from".to_owned()))
    }

    /// An answer this half cannot read. It counts as lost on the way: the page is of another build than the server.
    pub(crate) fn unreadable(why: impl fmt::Display) -> Self {
        Self::Transport(ServerFnErrorErr::Deserialization(why.to_string()))
    }

    /// Whether what was on the page before may stay: the question was lost, so nothing is known to be wrong with it.
    pub(crate) fn lost_on_the_way(&self) -> bool {
        matches!(self, Self::Transport(_))
    }

    /// Whether the server does not know who asked, or no longer.
    pub(crate) fn signed_out(&self) -> bool {
        matches!(self, Self::Failed(Failure::Unauthenticated))
    }

    /// The heading under which it is shown.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Failed(Failure::NotFound { .. } | Failure::NoSuch { .. }) => "Not found",
            Self::Failed(Failure::Refused { .. }) => "That cannot be answered",
            Self::Failed(Failure::Unfit { .. }) => "Something in it is not right yet",
            Self::Failed(Failure::Unauthenticated) => "Not signed in",
            Self::Failed(Failure::Forbidden { .. }) => "Not allowed",
            Self::Failed(Failure::Internal { .. }) => "Signalbox itself failed",
            Self::Transport(_) => "Signalbox did not answer",
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Transport(cause) => {
                write!(f, "The page's question or its answer was lost ({cause}). Nothing is known about the fleet from that; try again.")
            }
        }
    }
}

impl std::error::Error for AppError {}

impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(cause: ServerFnErrorErr) -> Self {
        Self::Transport(cause)
    }
}

/// The status of the answer being made, a page's or a server function's.
#[cfg(feature = "ssr")]
pub(crate) fn set_status(status: http::StatusCode) {
    if let Some(options) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
        options.set_status(status);
    }
}
