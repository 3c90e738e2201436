//! The newest records of the service that is shown.

use ratatui::layout::Rect;

use super::{PanelView, log};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::theme::Role;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

pub(super) struct ServiceLogs;

impl PanelView for ServiceLogs {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(service) = state.shown_service() else { return };
        let logs: Vec<_> = service.logs.iter().filter_map(|at| state.seen().logs.get(*at)).collect();
        let mut title = Line::plain("logs");
        for log in &logs {
            title = title.then(&log.name, Role::Text);
        }
        let of = log::ShownTail { logs: &logs, naming: Some(&service.name).filter(|_| !service.own), filtered: None };
        log::tail(state, painter, id, title, &of, area);
    }
}
