//! Lists: a selection that stays with its row while rows come, go and change places.

use crate::app::keymap::Command;

/// What a list remembers: the selection by key, and the first row shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListState {
    /// The key of the selected row; `None` selects the first.
    pub selected: Option<String>,
    /// The first row shown. The view clamps it to what there is.
    pub scroll: usize,
    /// Words that a row must hold to be shown; empty shows all.
    pub filter: String,
}

impl ListState {
    /// Position of the selection among `keys`; the first where it is gone.
    pub(crate) fn position<K: AsRef<str>>(&self, keys: &[K]) -> usize {
        let selected = self.selected.as_deref();
        selected.and_then(|name| keys.iter().position(|key| key.as_ref() == name)).unwrap_or(0)
    }

    /// The selected key, if there is any row.
    pub(crate) fn key<'a, K: AsRef<str>>(&self, keys: &'a [K]) -> Option<&'a str> {
        keys.get(self.position(keys)).map(AsRef::as_ref)
    }

    /// Moves by a command of lists. `false` where the command is none of these.
    pub(crate) fn command<K: AsRef<str>>(&mut self, command: Command, keys: &[K], height: usize) -> bool {
        let last = keys.len().saturating_sub(1);
        let Some(to) = moved(command, self.position(keys), last, height) else { return false };
        self.selected = keys.get(to).map(|key| key.as_ref().to_owned());
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

    #[test]
    fn the_selection_stays_with_its_row() {
        let mut list = ListState::default();
        assert!(list.command(Command::Down, &["api", "db", "web"], 10));
        assert_eq!(list.key(&["web", "db", "api"]), Some("db"));
        assert_eq!(list.key(&["web", "api"]), Some("web"));
        assert!(!list.command(Command::Zoom, &["web"], 10));
    }

    #[test]
    fn the_selected_row_is_kept_on_the_screen() {
        let keys: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        let mut list = ListState::default();
        list.command(Command::Bottom, &keys, 10);
        assert_eq!(list.scroll, 40);
        list.command(Command::PageUp, &keys, 10);
        assert_eq!((list.position(&keys), list.scroll), (40, 40));
        list.command(Command::Top, &keys, 10);
        assert_eq!(list.scroll, 0);
    }
}
