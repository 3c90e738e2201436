//! Widgets: how one thing is drawn, from plain data. None of them knows the state.

pub mod chart;
pub mod dialog;
pub mod frame;
pub mod hints;
pub mod input;
pub mod levels;
pub mod log;
pub mod notice;
pub mod progress;
pub mod scale;
pub mod spark;
pub mod status;
pub mod table;
pub mod time_axis;
pub mod tree;
