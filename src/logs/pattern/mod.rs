//! Patterns: what a log says most, with the numbers, ids and addresses taken out.
//!
//! [`mask()`] makes the shape of a message; [`Patterns`] counts shapes with their levels, times and an example.

mod context;
mod group;
mod history;
mod mask;
mod patterns;
mod token;
mod trend;

pub(crate) use group::Group;
pub use history::{FARTHEST, Novelty, ShapeHistory, YESTERDAY};
pub use mask::{hash_of, is_of, mask, shape_hash, shape_of};
pub use patterns::{Order, Patterns};
