//! Numbers of things, as they are read.

/// A whole number with commas between thousands: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of what `noun` names, which is given in the singular: `1 line`, `1,204 lines`, `0 entries`. What stands before
/// the noun may be part of it: `more change`.
pub(crate) fn counted(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    let figure = count(number);
    // One word for one and for many.
    if number == 1 || noun.ends_with("series") {
        return format!("{figure} {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{figure} {stem}ies"),
        _ => format!("{figure} {noun}s"),
    }
}

/// Names that are spelled out where there may be any number.
const NAMED: usize = 3;

/// The names of the first of several things, and how many more there are: `a, b, c, 37 more`.
pub(crate) fn first_names<T>(things: impl IntoIterator<Item = T>, name: impl FnMut(T) -> String) -> String {
    let mut things = things.into_iter();
    let mut first: Vec<String> = things.by_ref().take(NAMED).map(name).collect();
    match things.count() {
        0 => {}
        more => first.push(format!("{more} more")),
    }
    first.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_the_first_are_spelled_out() {
        let named = |many: usize| first_names(["a", "b", "c", "d", "e"].into_iter().take(many), str::to_owned);
        assert_eq!([0, 1, 3, 4, 5].map(named), ["", "a", "a, b, c", "a, b, c, 1 more", "a, b, c, 2 more"]);
    }

    #[test]
    fn one_is_singular_and_any_other_number_is_not() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        let lines = [0_u64, 1, 2, 1_204].map(|number| counted(number, "line"));
        assert_eq!(lines, ["0 lines", "1 line", "2 lines", "1,204 lines"]);
        let others = [(1_usize, "entry"), (2, "entry"), (2, "key"), (3, "more change")];
        let others = others.map(|(number, noun)| counted(number, noun));
        assert_eq!(others, ["1 entry", "2 entries", "2 keys", "3 more changes"]);
    }
}
