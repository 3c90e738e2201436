//! Lists: a selection that stays with its row while rows come, go and change places.

use super::keymap::Command;
use super::row::RowKey;

/// What a list remembers: the selection by what its row is about, and the first row shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListState {
    /// The selected row; `None` selects the first.
    pub selected: Option<RowKey>,
    /// The first row shown. The view clamps it to what there is.
    pub scroll: usize,
    /// Words that a row must hold to be shown; empty shows all.
    pub filter: String,
}

impl ListState {
    /// Position of the selection among `rows`; the first where it is gone.
    pub(crate) fn position(&self, rows: &[RowKey]) -> usize {
        let selected = self.selected.as_ref();
        selected.and_then(|selected| rows.iter().position(|row| row == selected)).unwrap_or(0)
    }

    /// Moves by a command of lists. `false` where the command is none of these.
    pub(crate) fn command(&mut self, command: Command, rows: &[RowKey], height: usize) -> bool {
        let last = rows.len().saturating_sub(1);
        let Some(to) = moved(command, self.position(rows), last, height) else { return false };
        self.selected = rows.get(to).cloned();
        self.scroll = kept_visible(self.scroll, to, height);
        true
    }
}

/// Whether a row with this text is shown: it holds every word, in any case.
pub(crate) fn holds(text: &str, filter: &str) -> bool {
    let text = text.to_lowercase();
    filter.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
}

/// Where a movement leads from position `at` in `0..=last`, a page being `height` rows. `None`: it is no movement.
pub(crate) fn moved(command: Command, at: usize, last: usize, height: usize) -> Option<usize> {
    let page = height.saturating_sub(1).max(1);
    let half = (height / 2).max(1);
    Some(match command {
        Command::Up => at.saturating_sub(1),
        Command::Down => (at + 1).min(last),
        Command::PageUp => at.saturating_sub(page),
        Command::PageDown => (at + page).min(last),
        Command::HalfPageUp => at.saturating_sub(half),
        Command::HalfPageDown => (at + half).min(last),
        Command::Top => 0,
        Command::Bottom => last,
        _ => return None,
    })
}

/// The first row shown so that row `at` is among `height` rows, moving as little as possible.
pub(crate) fn kept_visible(scroll: usize, at: usize, height: usize) -> usize {
    if at < scroll {
        at
    } else if height > 0 && at >= scroll + height {
        at + 1 - height
    } else {
        scroll
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[&str]) -> Vec<RowKey> {
        names.iter().map(|name| RowKey::Service((*name).into())).collect()
    }

    #[test]
    fn the_selection_stays_with_its_row() {
        let mut list = ListState::default();
        assert!(list.command(Command::Down, &rows(&["api", "db", "web"]), 10));
        assert_eq!(list.position(&rows(&["web", "api", "db"])), 2);
        assert_eq!(list.position(&rows(&["web", "api"])), 0);
        assert!(!list.command(Command::Zoom, &rows(&["web"]), 10));
    }

    #[test]
    fn the_selected_row_is_kept_on_the_screen() {
        let keys: Vec<RowKey> = (0..50).map(|n| RowKey::Service(n.to_string().into())).collect();
        let mut list = ListState::default();
        list.command(Command::Bottom, &keys, 10);
        assert_eq!(list.scroll, 40);
        list.command(Command::PageUp, &keys, 10);
        assert_eq!((list.position(&keys), list.scroll), (40, 40));
        list.command(Command::Top, &keys, 10);
        assert_eq!(list.scroll, 0);
    }
}
