//! The newest records of the service that is shown.

use ratatui::layout::Rect;

use super::{PanelView, log, name_of};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::ui::line::Line;
use crate::ui::paint::Painter;

pub(super) struct ServiceLogs;

impl PanelView for ServiceLogs {
    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let Some(service) = state.shown_service() else { return };
        let logs: Vec<_> = service.logs.iter().filter_map(|at| state.seen().logs.get(*at)).collect();
        let title = Line::plain(name_of("logs", Some(service)));
        let of = log::ShownTail { logs: &logs, naming: service.configured(), filtered: None };
        log::tail(state, painter, id, title, &of, area);
    }
}
