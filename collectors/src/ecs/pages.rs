//! Reading lists to their end, and describing what they name in batches.
//!
//! Separate because every list of AWS has the same two traps: a page that fails must not lose the pages before it, and
//! a server that hands out the same token again must not keep us for ever.

use std::future::Future;

use domain::source::{Fault, FaultKind};
use futures::StreamExt;
use futures::stream;

use crate::call::IN_FLIGHT;

/// Reads pages until there is no next token. Returns what was read, and the fault that ended it early.
pub(crate) async fn pages<T, Page, Answer>(page: Page) -> (Vec<T>, Option<Fault>)
where
    Page: Fn(Option<String>) -> Answer,
    Answer: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    let mut items = Vec::new();
    let mut token: Option<String> = None;
    loop {
        match page(token.clone()).await {
            Ok((more, next)) => {
                items.extend(more);
                match next.filter(|next| !next.is_empty()) {
                    None => return (items, None),
                    Some(next) if token.as_ref() == Some(&next) => {
                        return (
                            items,
                            Some(Fault::new(FaultKind::Malformed, None, "the list never ends: its pages name themselves as the next")),
                        );
                    }
                    Some(next) => token = Some(next),
                }
            }
            Err(fault) => return (items, Some(fault)),
        }
    }
}

/// Describes `ids` in batches of `size`, a few at once, in order. Returns what was read, and the first fault.
///
/// A refusal or a dead connection ends it: the other batches would only meet the same. A batch that could not be
/// understood does not.
pub(crate) async fn batches<T, Batch, Answer>(ids: Vec<String>, size: usize, describe: Batch) -> (Vec<T>, Option<Fault>)
where
    Batch: Fn(Vec<String>) -> Answer,
    Answer: Future<Output = Result<Vec<T>, Fault>>,
{
    let batches: Vec<Vec<String>> = ids.chunks(size.max(1)).map(<[String]>::to_vec).collect();
    let mut answers = stream::iter(batches).map(describe).buffered(IN_FLIGHT);
    let mut items = Vec::new();
    let mut first = None;
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(more) => items.extend(more),
            Err(fault) => {
                let only_this_batch = matches!(fault.kind, FaultKind::Malformed | FaultKind::TooLarge | FaultKind::NotFound);
                first.get_or_insert(fault);
                if !only_this_batch {
                    break;
                }
            }
        }
    }
    (items, first)
}
