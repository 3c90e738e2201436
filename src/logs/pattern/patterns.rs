//! Shapes, counted in a bounded space.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use chrono::{DateTime, Utc};

use super::context::loosened;
use super::group::Group;
use super::mask::{shape_hash, shape_of};
use super::trend::Trend;
use crate::logs::record::Level;

/// How groups are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The most frequent first.
    #[default]
    Count,
    /// The worst level first, among equals the most frequent.
    Level,
    /// What was first seen last comes first.
    Newest,
    /// What was seen last comes first.
    Latest,
}

/// How often each shape was seen. At most [`Patterns::MOST`] shapes are held, by default: when another comes, a
/// quarter of them is let go into [`Patterns::others`], rare and mild ones first, so that a new error always finds
/// room. `E` is what the caller needs to find an example again.
#[derive(Debug, Clone)]
pub struct Patterns<E> {
    groups: HashMap<u64, Group<E>, BuildHasherDefault<AsItIs>>,
    most: usize,
    others: u64,
    let_go: u64,
    total: u64,
    scratch: String,
    /// Groups whose shape has a word that may be an id, by the hash of the shape in which it is one.
    doubtful: HashMap<u64, Vec<u64>, BuildHasherDefault<AsItIs>>,
}

impl<E> Default for Patterns<E> {
    fn default() -> Self {
        Self::with_most(Self::MOST)
    }
}

impl<E> Patterns<E> {
    /// Shapes that are held where nothing else is said.
    pub(crate) const MOST: usize = 4096;

    /// Patterns that hold at most `most` shapes, four at least.
    pub(crate) fn with_most(most: usize) -> Self {
        Self {
            groups: HashMap::default(),
            most: most.max(4),
            others: 0,
            let_go: 0,
            total: 0,
            scratch: String::new(),
            doubtful: HashMap::default(),
        }
    }

    /// Counts a record by the first line of its message. `example` is asked for where the shape is new here. The
    /// group is returned so that the caller may put a later example in; `None` where the record is with the others.
    pub fn add(
        &mut self,
        message: &str,
        level: Level,
        at: DateTime<Utc>,
        example: impl FnOnce() -> E,
    ) -> Option<&mut Group<E>> {
        let mut shape = std::mem::take(&mut self.scratch);
        shape_of(message, &mut shape);
        let hash = self.place(&mut shape);
        self.total += 1;
        let is_new = !self.groups.contains_key(&hash);
        if is_new && self.groups.len() >= self.most {
            self.let_go();
        }
        let words = if is_new { self.words_of(hash) } else { Vec::new() };
        let group = self.groups.entry(hash).or_insert_with(|| Group {
            shape: shape.as_str().into(),
            hash,
            count: 0,
            levels: [0; Level::WORDS.len()],
            first: at,
            last: at,
            trend: Trend::default(),
            example: example(),
        });
        // Two shapes with one hash are as good as never seen, unless somebody makes them: they hide nothing.
        let same = *group.shape == *shape;
        self.scratch = shape;
        if same {
            for words in words {
                group.merge(words);
            }
            group.note(level, at);
            Some(group)
        } else {
            self.others += 1;
            None
        }
    }

    /// The hash of the group for a shape. A word that may be an id is one where there is a group with an id in its
    /// place: then `shape` becomes that of the group.
    fn place(&mut self, shape: &mut String) -> u64 {
        let hash = shape_hash(shape);
        let Some(loose) = loosened(shape) else { return hash };
        let loose_hash = shape_hash(&loose);
        if self.groups.get(&loose_hash).is_some_and(|group| *group.shape == *loose) {
            *shape = loose;
            return loose_hash;
        }
        if !self.groups.contains_key(&hash) && self.doubtful.len() < self.most {
            let held = self.doubtful.entry(loose_hash).or_default();
            if held.len() < self.most && !held.contains(&hash) {
                held.push(hash);
            }
        }
        hash
    }

    /// Takes out the groups whose word turns out to be an id, because a group with this hash begins.
    fn words_of(&mut self, hash: u64) -> Vec<Group<E>> {
        let words = self.doubtful.remove(&hash).unwrap_or_default();
        words.into_iter().filter_map(|hash| self.groups.remove(&hash)).collect()
    }

    /// Takes over what another has counted, as a thread that read another part of a file.
    pub(crate) fn merge(&mut self, other: Self) {
        self.others += other.others;
        self.let_go += other.let_go;
        self.total += other.total;
        for (_, mut group) in other.groups {
            let mut shape = group.shape.to_string();
            let hash = self.place(&mut shape);
            group.shape = shape.into();
            group.hash = hash;
            if !self.groups.contains_key(&hash) {
                self.words_of(hash).into_iter().for_each(|words| group.merge(words));
            }
            if !self.groups.contains_key(&hash) && self.groups.len() >= self.most {
                self.let_go();
            }
            match self.groups.entry(hash) {
                std::collections::hash_map::Entry::Occupied(mut held) if held.get().shape == group.shape => {
                    held.get_mut().merge(group);
                }
                std::collections::hash_map::Entry::Occupied(_) => self.others += group.count,
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(group);
                }
            }
        }
    }

    /// Lets a quarter of the groups go: the mild before those with a warning, the rare before the frequent, the old
    /// before the new.
    fn let_go(&mut self) {
        let mut ranked: Vec<(bool, u64, DateTime<Utc>, u64)> = self
            .groups
            .values()
            .map(|group| (group.worst() >= Level::Warn, group.count, group.last, group.hash))
            .collect();
        let quarter = (ranked.len() / 4).max(1);
        ranked.select_nth_unstable(quarter - 1);
        for (_, count, _, hash) in &ranked[..quarter] {
            self.groups.remove(hash);
            self.others += count;
        }
        self.let_go += quarter as u64;
    }

    /// The groups in an order; equal ones by their shape, so that the list does not flicker.
    pub(crate) fn ranked(&self, order: Order) -> Vec<&Group<E>> {
        let mut groups: Vec<&Group<E>> = self.groups.values().collect();
        groups.sort_unstable_by(|a, b| {
            let by = match order {
                Order::Count => b.count.cmp(&a.count),
                Order::Level => (b.worst(), b.count).cmp(&(a.worst(), a.count)),
                Order::Newest => b.first.cmp(&a.first),
                Order::Latest => b.last.cmp(&a.last),
            };
            by.then_with(|| a.shape.cmp(&b.shape))
        });
        groups
    }

    /// The group that a message belongs to.
    pub fn group_of(&self, message: &str) -> Option<&Group<E>> {
        let mut shape = String::new();
        shape_of(message, &mut shape);
        let found = self.groups.get(&shape_hash(&shape)).filter(|group| *group.shape == *shape);
        found.or_else(|| {
            let loose = loosened(&shape)?;
            self.groups.get(&shape_hash(&loose)).filter(|group| *group.shape == *loose)
        })
    }

    /// Shapes that are held.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// How many different shapes there were, where that is known exactly; else `None`, and it is more than
    /// [`Patterns::len`].
    pub(crate) fn distinct(&self) -> Option<usize> {
        (self.let_go == 0 && self.others == 0).then_some(self.groups.len())
    }

    /// Records that were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Records of shapes that are not held any more. A shape that comes again after it was let go is counted again.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    /// From the earliest to the latest time of what is held.
    pub(crate) fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let first = self.groups.values().map(|group| group.first).min()?;
        let last = self.groups.values().map(|group| group.last).max()?;
        Some((first, last))
    }
}

/// Keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn counted(patterns: &Patterns<u64>) -> Vec<(&str, u64)> {
        patterns.ranked(Order::Count).iter().map(|group| (&*group.shape, group.count)).collect()
    }

    #[test]
    fn records_are_grouped_by_what_they_say() {
        let mut patterns = Patterns::default();
        for number in 0..10 {
            patterns.add(&format!("user {number} came"), Level::Info, at(number), || number.unsigned_abs());
        }
        patterns.add("disk 7 is full⏎  at main.rs:7", Level::Warn, at(3), || 100);
        let group = patterns.add("disk 8 is full", Level::Error, at(2), || 101).unwrap();
        assert_eq!(
            (group.count, group.worst(), group.first, group.last, group.example),
            (2, Level::Error, at(2), at(3), 100)
        );
        assert_eq!(counted(&patterns), [("user <n> came", 10), ("disk <n> is full", 2)]);
        assert_eq!(patterns.ranked(Order::Level)[0].levels[Level::Warn as usize], 1);
        assert_eq!(patterns.distinct(), Some(2));
        assert_eq!(patterns.span(), Some((at(0), at(9))));
        assert_eq!(patterns.group_of("user 77 came").map(|group| group.hash), Some(shape_hash("user <n> came")));
    }

    #[test]
    fn a_word_is_an_id_where_ids_stand_in_its_place() {
        let ids = ["cafe", "acdcff", "4bf92f3", "beef", "deadbeef"];
        for order in [[0, 1, 2, 3, 4], [0, 3, 4, 2, 1], [4, 3, 2, 1, 0]] {
            let (mut whole, mut part) = (Patterns::default(), Patterns::default());
            for at_ in order {
                whole.add(&format!("job {} done", ids[at_]), Level::Info, at(1), || 0);
            }
            for id in ids {
                part.add(&format!("job {id} done"), Level::Info, at(1), || 0);
            }
            whole.add("the cafe is open", Level::Info, at(1), || 0);
            assert_eq!(counted(&whole), [("job <id> done", 5), ("the cafe is open", 1)], "{order:?}");
            whole.merge(part);
            assert_eq!(counted(&whole), [("job <id> done", 10), ("the cafe is open", 1)]);
            let hash = whole.group_of("job cafe done").unwrap().hash;
            assert!(ids.iter().all(|id| crate::logs::pattern::is_of(&format!("job {id} done"), hash)));
        }
        let mut words = Patterns::default();
        words.add("node dead", Level::Info, at(1), || 0);
        words.add("node added", Level::Info, at(1), || 0);
        assert_eq!(words.len(), 2, "nothing says that these are ids");
    }

    fn word(number: usize) -> String {
        (0..4).map(|place| char::from(b'g' + (number / 16_usize.pow(place) % 16) as u8)).collect()
    }

    #[test]
    fn a_flood_of_shapes_is_bounded_and_errors_stay() {
        let mut patterns = Patterns::with_most(100);
        for _ in 0..50 {
            patterns.add("often", Level::Info, at(0), || 0);
        }
        patterns.add("broken", Level::Error, at(0), || 0);
        for number in 0..5_000 {
            patterns.add(&word(number), Level::Info, at(1), || 0);
            assert!(patterns.len() <= 100);
        }
        patterns.add("a new error", Level::Error, at(9), || 0);
        assert_eq!(patterns.distinct(), None);
        let held: u64 = counted(&patterns).iter().map(|(_, count)| count).sum();
        assert_eq!((patterns.total(), held + patterns.others()), (5_052, 5_052));
        for shape in ["often", "broken", "a new error"] {
            assert!(patterns.group_of(shape).is_some(), "{shape}");
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (mut whole, mut left, mut right) = (Patterns::default(), Patterns::default(), Patterns::default());
        for number in 0..200_i32 {
            let text = format!("{} {number}", word(number.unsigned_abs() as usize % 7));
            let level = if number % 3 == 0 { Level::Error } else { Level::Info };
            whole.add(&text, level, at(number.into()), || number);
            let part = if number < 90 { &mut left } else { &mut right };
            part.add(&text, level, at(number.into()), || number);
        }
        right.merge(left);
        assert_eq!(right.ranked(Order::Newest), whole.ranked(Order::Newest));
        assert_eq!(right.total(), 200);
    }

    #[test]
    fn long_messages_are_told_apart_by_their_beginning() {
        let mut patterns = Patterns::default();
        let long = "é".repeat(2_000);
        patterns.add(&long, Level::None, at(0), || 0);
        patterns.add(&(long + "x"), Level::None, at(0), || 1);
        assert_eq!(patterns.len(), 1);
        assert!(patterns.ranked(Order::Count)[0].shape.len() <= 512);
    }
}
