//! The design system: shapes, words and controls that know nothing of fleets.
//!
//! Nothing here imports `domain` (a lint checks), so a piece can be judged, and changed, by how it looks alone.
//! Components take enums, never class names.

#[cfg(feature = "ssr")]
pub(crate) mod copy;
pub(crate) mod export;
pub(crate) mod ignored;
pub(crate) mod keys;
pub(crate) mod lamp;
pub(crate) mod pager;
#[cfg(feature = "ssr")]
pub(crate) mod panel;
pub(crate) mod rows;
pub(crate) mod tag;
pub(crate) mod title;
