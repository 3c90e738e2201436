//! Lists: a selection that stays with its row while rows come, go and change places.

use std::fmt;

use super::keymap::Command;
use super::row::RowKey;

/// What a list remembers: the selection by what its row is about, and the first row shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListState {
    /// The selected row; `None` selects the first.
    pub selected: Option<RowKey>,
    /// Where the selected row stood when it was last seen: there the selection stays where the row goes away. `None`: it was not
    /// seen yet.
    at: Option<usize>,
    /// The first row shown. The view clamps it to what there is.
    pub scroll: usize,
    /// Words that a row must hold to be shown; empty shows all.
    pub filter: String,
}

impl ListState {
    /// Position of the selection among `rows`; where its row is gone, the place at which that was.
    pub(crate) fn position(&self, rows: &[RowKey]) -> usize {
        let Some(selected) = &self.selected else { return 0 };
        let place = || self.at.unwrap_or(0).min(rows.len().saturating_sub(1));
        rows.iter().position(|row| row == selected).unwrap_or_else(place)
    }

    /// These rows were shown: notes where the selected one is. Where it is gone for good, what is in its place is selected
    /// from now on; a filter may bring it back.
    pub(crate) fn shown(&mut self, rows: &[RowKey]) {
        let Some(selected) = &self.selected else { return };
        match rows.iter().position(|row| row == selected) {
            Some(at) => self.at = Some(at),
            None if self.at.is_some() && self.filter.is_empty() && !rows.is_empty() => {
                let at = self.position(rows);
                (self.selected, self.at) = (rows.get(at).cloned(), Some(at));
            }
            None => {}
        }
    }

    /// Selects a row, which need not be among `rows` yet; `None` selects the first.
    pub(crate) fn select(&mut self, row: Option<RowKey>, rows: &[RowKey]) {
        self.at = row.as_ref().and_then(|row| rows.iter().position(|known| known == row));
        self.selected = row;
    }

    /// Moves by a command of lists. `false` where the command is none of these.
    pub(crate) fn command(&mut self, command: Command, rows: &[RowKey], height: usize) -> bool {
        let last = rows.len().saturating_sub(1);
        let Some(to) = moved(command, self.position(rows), last, height) else { return false };
        self.selected = rows.get(to).cloned();
        self.at = Some(to);
        self.scroll = kept_visible(self.scroll, to, height);
        true
    }
}

/// The filter of a list: it lets a row through whose text holds every word, in any case.
#[derive(Debug)]
pub(crate) struct RowFilter {
    words: Vec<String>,
    /// The text of the row that is looked at: one for thousands of rows.
    text: String,
}

impl RowFilter {
    /// The words of a filter as it is written.
    pub(crate) fn new(filter: &str) -> Self {
        Self { words: filter.split_whitespace().map(str::to_lowercase).collect(), text: String::new() }
    }

    /// Whether a row is let through; `text` writes what it says, and is asked only where there are words.
    pub(crate) fn hold(&mut self, text: impl FnOnce(&mut String) -> fmt::Result) -> bool {
        if self.words.is_empty() {
            return true;
        }
        self.text.clear();
        if text(&mut self.text).is_err() {
            return false;
        }
        if self.text.is_ascii() {
            self.text.make_ascii_lowercase();
        } else {
            self.text = self.text.to_lowercase();
        }
        self.words.iter().all(|word| self.text.contains(word.as_str()))
    }
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
    use std::fmt::Write as _;

    use super::*;

    fn rows(names: &[&str]) -> Vec<RowKey> {
        names.iter().map(|name| RowKey::Service((*name).into())).collect()
    }

    #[test]
    fn what_is_selected_without_keys_of_lists_has_its_place_too() {
        let all = rows(&["a", "b", "c", "d"]);
        let mut list = ListState::default();
        list.select(Some(all[2].clone()), &all);
        list.shown(&rows(&["a", "b", "d"]));
        assert_eq!(list.selected, Some(all[3].clone()), "what is in its place");
        let to_come = RowKey::Service("e".into());
        list.select(Some(to_come.clone()), &all);
        list.shown(&all);
        assert_eq!(list.selected, Some(to_come), "one that is not there yet is waited for");
    }

    #[test]
    fn a_row_holds_every_word_in_any_case() {
        let holds = |filter: &str, row: &str| RowFilter::new(filter).hold(|text| write!(text, "{row}"));
        assert!(
            holds("", "api") && holds("  ", "api") && holds("PI a", "Api OK") && holds("straẞe É", "éa STRASSE straße")
        );
        assert!(!holds("api down", "api OK"));
    }

    #[test]
    fn the_selection_stays_with_its_row() {
        let mut list = ListState::default();
        assert!(list.command(Command::Down, &rows(&["api", "db", "web"]), 10));
        assert_eq!(list.position(&rows(&["web", "api", "db"])), 2);
        // Its row goes away: what takes its place is selected, and stays so.
        assert_eq!(
            [list.position(&rows(&["web", "api"])), list.position(&rows(&["web"])), list.position(&[])],
            [1, 0, 0]
        );
        list.shown(&rows(&["web", "api"]));
        assert_eq!(list.position(&rows(&["api", "web", "db"])), 0);
        // A filter that hides it does not take it away.
        let mut filtered = ListState { filter: "web".to_owned(), ..list.clone() };
        filtered.shown(&rows(&["web"]));
        assert_eq!(filtered.selected, list.selected);
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
