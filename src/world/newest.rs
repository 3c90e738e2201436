//! Which fact changed each object last, so that an older one that comes later changes nothing.

use std::collections::BTreeMap;

use crate::text::name::Name;

/// Objects of which that is held; of more the first by their ids, which begin with the time, are forgotten.
const HELD: usize = 1_000;

/// The last fact about each object, by its id.
#[derive(Debug, Clone, Default)]
pub(super) struct Newest(BTreeMap<Name, u64>);

impl Newest {
    /// Whether the fact `seq` about an object is newer than what is known of it, which is noted.
    pub(super) fn is_news(&mut self, id: &str, seq: u64) -> bool {
        let is_news = self.0.get(id).is_none_or(|known| *known < seq);
        if is_news {
            self.0.insert(Name::from(id), seq);
            while self.0.len() > HELD {
                self.0.pop_first();
            }
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_fact_is_no_news_and_of_many_the_latest_are_held() {
        let mut newest = Newest::default();
        assert!(newest.is_news("a", 7));
        assert_eq!([6, 7, 8].map(|seq| newest.is_news("a", seq)), [false, false, true]);
        (0..HELD).for_each(|nth| assert!(newest.is_news(&format!("x{nth:05}"), 9)));
        assert_eq!((newest.0.len(), newest.is_news("x00999", 9)), (HELD, false));
    }
}
