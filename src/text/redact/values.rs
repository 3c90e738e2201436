//! The registered values in their variants.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

/// So many bytes of a variant are looked for; the rest of a longer one is compared where they stand. An automaton of
/// whole key files and certificates would take seconds to build, and hundreds of megabytes.
const ANCHOR: usize = 32;

/// Finds them, with two automata over how they begin.
pub(super) struct Values {
    /// Finds quickly that there is none, with vector instructions where the values are few.
    any: AhoCorasick,
    /// Finds all, those that overlap too.
    all: AhoCorasick,
    /// The variants that begin so, for each of what `all` looks for.
    variants: Vec<Vec<Vec<u8>>>,
}

impl Values {
    /// `None` where they can't be looked for.
    pub(super) fn from_variants(variants: BTreeSet<Vec<u8>>) -> Option<Self> {
        let mut begin: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        for variant in variants {
            begin.entry(variant[..variant.len().min(ANCHOR)].to_owned()).or_default().push(variant);
        }
        let (anchors, variants): (Vec<_>, Vec<_>) = begin.into_iter().unzip();
        let build = |kind| AhoCorasick::builder().match_kind(kind).build(&anchors).ok();
        Some(Self { any: build(MatchKind::LeftmostFirst)?, all: build(MatchKind::Standard)?, variants })
    }

    /// Adds where they stand in `bytes`; the ranges may overlap.
    pub(super) fn find(&self, bytes: &[u8], ranges: &mut Vec<Range<usize>>) {
        if !self.any.is_match(bytes) {
            return;
        }
        ranges.extend(self.all.find_overlapping_iter(bytes).filter_map(|anchor| {
            let here = &bytes[anchor.start()..];
            let variants = &self.variants[anchor.pattern().as_usize()];
            let longest = variants.iter().filter(|variant| here.starts_with(variant)).map(Vec::len).max()?;
            Some(anchor.start()..anchor.start() + longest)
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Redactor, variants};
    use super::*;

    /// As large as a secret can be, in lines.
    fn certificates() -> String {
        let line = |number: u32| format!("{number:05}{}\n", "Ab+/9_-\"&xyz".repeat(5));
        (0..1000).map(line).collect()
    }

    #[test]
    fn a_large_value_makes_no_large_automaton() {
        for value in [certificates(), certificates().replace('\n', "+")] {
            let mut forms = BTreeSet::new();
            variants::add_variants(&value, &mut forms);
            let bytes: usize = forms.iter().map(Vec::len).sum();
            let values = Values::from_variants(forms).unwrap();
            let used = values.any.memory_usage() + values.all.memory_usage();
            assert!(used < 16 << 20, "{used} bytes for variants of {bytes}");
        }
    }

    #[test]
    fn of_a_long_value_the_whole_is_masked_and_its_beginning_alone_is_not() {
        let value = certificates().replace('\n', "+");
        let redactor = Redactor::new([value.as_str()]);
        assert_eq!(redactor.redact(&format!("a {value} b")), "a *** b");
        let other = format!("a {} b", &value[..value.len() - 1]);
        assert_eq!(redactor.redact(&other), other);
        let lines = certificates();
        let redactor = Redactor::new([lines.as_str()]);
        assert_eq!(redactor.redact(&lines), "***");
        assert_eq!(redactor.redact(&format!("line {}.", lines.lines().nth(77).unwrap())), "line ***.");
    }

    #[test]
    fn values_that_begin_alike_are_told_apart() {
        let long = "the-same-beginning-of-both-of-them-";
        let (short, one, two) = (&long[..20], format!("{long}one"), format!("{long}one-and-more"));
        let redactor = Redactor::new([short, &one, &two]);
        assert_eq!(
            redactor.redact(&format!("{one}; {two}; {short}; {long}")),
            format!("***; ***; ***; ***{}", &long[20..])
        );
    }
}
