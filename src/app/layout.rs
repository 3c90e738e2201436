//! Where things were drawn: how the view tells the core what a mouse click means and how high a panel is.

use chrono::{DateTime, Utc};

use crate::config::panels::PanelId;
use crate::model::rollup::SeriesKey;
use crate::text::name::Name;

use super::row::RowKey;
use super::screens::Screen;

/// A rectangle in cells. The core may not name the drawing library's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether the cell is inside.
    pub(crate) const fn contains(self, column: u16, row: u16) -> bool {
        column >= self.x
            && row >= self.y
            && (column as u32) < self.x as u32 + self.width as u32
            && (row as u32) < self.y as u32 + self.height as u32
    }
}

/// What is under a cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// The screen: what header, bars and footer leave of the frame.
    Screen,
    /// The inside of a panel (without its border): also how the core learns how many rows it shows.
    Panel(PanelId),
    /// A row of the panel under it.
    Row(RowKey),
    /// The plot of a metric among several in one panel.
    Plot(SeriesKey),
    /// A record: its log and its `seq`.
    LogLine(Name, u64),
    /// A bar of the level histogram: where it begins.
    Bar(DateTime<Utc>),
    /// The name of a screen in the header or footer.
    Tab(Screen),
    /// A row of the topmost overlay, from 0.
    OverlayRow(usize),
    /// A button of the topmost overlay, from 0.
    OverlayButton(usize),
    /// The text of the topmost overlay that must be read to its end: how the core learns how much of it was shown.
    OverlayText {
        /// The row after the last one that is shown.
        end: usize,
        /// All rows.
        of: usize,
    },
}

/// Everything that the last frame drew and that can be pointed at. Later areas lie over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayoutMap {
    /// Rectangles with what they mean.
    pub areas: Vec<(Area, Target)>,
}

impl LayoutMap {
    /// Adds an area.
    pub fn push(&mut self, area: Area, target: Target) {
        self.areas.push((area, target));
    }

    /// Where the screen was drawn.
    pub(crate) fn screen(&self) -> Option<Area> {
        self.areas.iter().find_map(|(area, target)| (*target == Target::Screen).then_some(*area))
    }

    /// The topmost thing under a cell.
    pub(crate) fn at(&self, column: u16, row: u16) -> Option<&Target> {
        self.areas.iter().rev().find(|(area, _)| area.contains(column, row)).map(|(_, target)| target)
    }

    /// The panel under a cell, whatever lies on it.
    pub(crate) fn panel_at(&self, column: u16, row: u16) -> Option<&PanelId> {
        self.areas.iter().rev().find_map(|(area, target)| match target {
            Target::Panel(id) if area.contains(column, row) => Some(id),
            _ => None,
        })
    }

    /// The text of an overlay that must be read to its end: how many rows of it are shown, the row after the last one, and
    /// how many there are.
    pub(crate) fn overlay_text(&self) -> Option<(usize, usize, usize)> {
        self.areas.iter().rev().find_map(|(area, target)| match target {
            Target::OverlayText { end, of } => Some((usize::from(area.height), *end, *of)),
            _ => None,
        })
    }

    /// Where the plot of a series was drawn.
    pub(crate) fn plot(&self, series: &SeriesKey) -> Option<Area> {
        self.areas.iter().rev().find_map(|(area, target)| match target {
            Target::Plot(other) if other == series => Some(*area),
            _ => None,
        })
    }

    /// The panels that were drawn.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &PanelId> {
        self.areas.iter().filter_map(|(_, target)| match target {
            Target::Panel(id) => Some(id),
            _ => None,
        })
    }

    /// Where a panel was drawn.
    pub(crate) fn panel(&self, id: &PanelId) -> Option<Area> {
        self.areas.iter().rev().find_map(|(area, target)| match target {
            Target::Panel(other) if other == id => Some(*area),
            _ => None,
        })
    }
}
