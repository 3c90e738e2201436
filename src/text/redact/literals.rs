//! Values of secrets that stand in a text in clear.

use std::ops::Range;

use super::Redactor;
use crate::text::name::Name;
use crate::text::secret::{Secrets, Template};

/// A shorter match counts as a whole word only: `pass` is in `bypass` by chance.
const LONG: usize = 8;

/// Finds which secret is written in a text, in clear or encoded. Values of fewer than [`super::MIN_SECRET`] bytes are not
/// looked for.
#[derive(Clone, Default)]
pub struct Literals(Vec<(Name, Redactor, Option<String>)>);

/// Never a value.
impl std::fmt::Debug for Literals {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.0.iter().map(|(name, ..)| name)).finish()
    }
}

impl Literals {
    /// Of the values that are in use.
    pub(crate) fn from_secrets<'a>(secrets: impl IntoIterator<Item = (&'a Name, &'a str)>) -> Self {
        Self(secrets.into_iter().map(|(name, value)| (name.clone(), Redactor::new([value]), user_of(value))).collect())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts stars in the place of every value in `text`, one for each of its characters.
    pub(crate) fn mask(&self, text: &mut String) {
        while let Some((_, range)) = self.find(text) {
            let stars = "*".repeat(text[range.clone()].chars().count());
            if text[range.clone()] == stars {
                return;
            }
            text.replace_range(range, &stars);
        }
    }

    /// The first secret whose value stands in `text`, and where. `{secret:NAME}` is no value, whatever the name is.
    pub(crate) fn find(&self, text: &str) -> Option<(&Name, Range<usize>)> {
        let references = Template::references(text);
        let is_word = |range: &Range<usize>| {
            let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !joins(text[..range.start].chars().next_back()) && !joins(text[range.end..].chars().next())
        };
        let counts = |range: &Range<usize>| {
            let refers = references.iter().any(|inside| inside.start < range.end && range.start < inside.end);
            !refers && (range.len() >= LONG || is_word(range))
        };
        self.0.iter().find_map(|(name, redactor, user)| {
            let is_user = |range: &Range<usize>| user.as_deref() == Some(&text[range.clone()]);
            let mut ranges = Vec::new();
            redactor.find_values(text.as_bytes(), &mut ranges);
            let found = ranges.into_iter().find(|range| counts(range) && !is_user(range));
            found.map(|range| (name, range))
        })
    }
}

/// The user of an address, whose name may be the password too: `postgres://postgres:postgres@db` makes no secret of it.
fn user_of(value: &str) -> Option<String> {
    let user = value.split_once("://")?.1.split([':', '@', '/']).next()?;
    Some(user.to_owned())
}

impl From<&Secrets> for Literals {
    fn from(secrets: &Secrets) -> Self {
        Self::from_secrets(secrets.iter())
    }
}
