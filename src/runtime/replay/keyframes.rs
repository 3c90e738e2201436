//! What a recording showed at whole minutes of it, as far as they were played: who goes back is shown that, and what
//! follows is played again.
//!
//! *Invariant:* of a recording of any length no more than [`MOST`] are held. Those of the last minutes stay; of the others
//! those go first that lie closest to their neighbours.

use crate::app::recording::player::Player;
use crate::runtime::recording::reader::LinePlace;

/// Between two of them, in milliseconds.
const EVERY: i64 = 60_000;
/// Held at most. Log records are shared between them, readings are not.
const MOST: usize = 40;
/// The latest ones, of which none goes: who goes back goes back a little.
const RECENT: usize = 10;

/// What was shown at a moment.
#[derive(Debug, Clone)]
pub(super) struct Keyframe {
    /// In milliseconds since 1970: all lines up to then are in it.
    pub at: i64,
    /// What was shown.
    pub player: Player,
    /// The line that follows.
    pub place: LinePlace,
}

/// Those that are held, the earliest first.
#[derive(Debug)]
pub(super) struct Keyframes {
    first: i64,
    held: Vec<Keyframe>,
}

impl Keyframes {
    /// None, of a recording that begins at a moment.
    pub(super) fn new(first: i64) -> Self {
        Self { first, held: Vec::new() }
    }

    /// The latest one that is not after a moment.
    pub(super) fn latest(&self, moment: i64) -> Option<&Keyframe> {
        self.held[..self.held.partition_point(|frame| frame.at <= moment)].last()
    }

    /// The first moment after this one of which one is held.
    pub(super) fn after(&self, moment: i64) -> i64 {
        self.first + (moment - self.first).div_euclid(EVERY).saturating_add(1).saturating_mul(EVERY)
    }

    /// Whether one is to be held of a moment, and is not.
    pub(super) fn is_wanted(&self, moment: i64) -> bool {
        (moment - self.first) % EVERY == 0 && self.held.binary_search_by_key(&moment, |frame| frame.at).is_err()
    }

    /// Holds one.
    pub(super) fn keep(&mut self, frame: Keyframe) {
        let place = self.held.partition_point(|held| held.at < frame.at);
        self.held.insert(place, frame);
        if self.held.len() > MOST {
            let gap = |at: &usize| self.held[at + 1].at - self.held[at - 1].at;
            let closest = (1..self.held.len() - RECENT).min_by_key(gap);
            if let Some(at) = closest {
                self.held.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::app::recording::Header;
    use crate::app::recording::player::PlayOptions;
    use crate::app::state::State;
    use crate::config::load::load_text;
    use crate::lang::time::Stamp;

    #[test]
    fn a_long_recording_keeps_the_last_minutes_and_some_of_the_others() {
        let now = Stamp { mono: std::time::Duration::ZERO, utc: chrono::DateTime::UNIX_EPOCH };
        let config = load_text(Path::new("/nowhere/opsroom.toml"), "[console]\nname = \"shop\"\n").config.unwrap();
        let header = Header::new(&State::new(config.into(), now, (80, 24)), false);
        let player = Player::new(&header, PlayOptions::default()).unwrap();
        let mut frames = Keyframes::new(0);
        let mut at = 0;
        while at < 24 * 3_600_000 {
            at = frames.after(at);
            assert!(frames.is_wanted(at));
            frames.keep(Keyframe { at, player: player.clone(), place: LinePlace::default() });
        }
        assert_eq!(frames.held.len(), MOST);
        let minutes: Vec<i64> = frames.held.iter().map(|frame| frame.at / EVERY).collect();
        assert_eq!(minutes[MOST - RECENT..], (1_431..=1_440).collect::<Vec<_>>()[..]);
        let widest = minutes.windows(2).map(|two| two[1] - two[0]).max();
        assert!(widest.is_some_and(|widest| usize::try_from(widest).is_ok_and(|widest| widest <= 3 * 1_440 / (MOST - RECENT))), "{minutes:?}");
        assert_eq!(frames.latest(at + 5).map(|frame| frame.at), Some(at));
        assert!(frames.latest(0).is_none() && !frames.is_wanted(at) && !frames.is_wanted(at + 1));
    }
}
