//! CloudWatch Logs.

use domain::log::Stream;

use super::{Trial, Tried};
use crate::aws::Connection;
use crate::operations::GET_LOG_EVENTS;

/// A name nobody has.
const NOBODY: &str = "signalbox-doctor";

/// Reads one line of `stream`; where no task tells of one, of a stream that does not exist.
pub(super) async fn tried(connection: &Connection, stream: Option<Stream>) -> Vec<Tried> {
    let mut trial = Trial::new(connection);
    let (group, name) = stream.map_or((NOBODY.to_owned(), NOBODY.to_owned()), |stream| (stream.group, stream.stream));
    let on = if group == NOBODY { String::new() } else { group.clone() };
    let get = || connection.logs.get_log_events().log_group_name(&group).log_stream_name(&name).limit(1).send();
    trial
        .ask(GET_LOG_EVENTS, &on, &["ResourceNotFoundException"], get, |answer| domain::text::count(answer.events().len() as u64, "line"))
        .await;
    trial.tried
}
