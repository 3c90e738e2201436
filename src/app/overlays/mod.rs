//! What lies over a screen, one file an overlay: each implements [`crate::app::state::overlay::Overlay`]. The stack of
//! those that are open is in [`crate::app::state::overlays`].

pub mod alert_dialog;
pub mod ask;
pub mod change_dialog;
pub mod choices;
pub mod columns;
pub mod confirm;
pub mod counting;
pub mod description;
pub mod fields;
pub mod grouped;
pub mod help;
pub mod incident_dialog;
pub mod line;
pub mod palette;
pub mod patterns;
pub mod reading;
pub mod record;
pub mod step_dialog;
pub mod top;
