//! The nearest of known names, for hints.

/// So many names are compared with one that is wrong: there may be as many wrong ones.
const MOST: usize = 1_000;

/// The known name that was probably meant.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let length = written.chars().count();
    known
        .take(MOST)
        .filter_map(|name| {
            let known = name.chars().count();
            let longest = length.max(known);
            let most = (longest / 3).max(1);
            // The distance is at least the difference in length, and costs the product of both.
            if length.abs_diff(known) > most {
                return None;
            }
            let distance = strsim::osa_distance(&lower, &name.to_lowercase());
            (distance <= most && distance < longest).then_some((distance, name))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The hint where a name is not known: the one that was probably meant, or else what to do.
pub(crate) fn suggest(near: Option<&str>, otherwise: impl FnOnce() -> String) -> String {
    near.map_or_else(otherwise, did_you_mean)
}

/// The hint that names what was probably meant.
pub(crate) fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// The hint where a name is none of `known`: the one that was probably meant, else all of them.
pub(crate) fn hint_of<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    hint_or(written, known, "none is configured")
}

/// The same; `none` is what is said where there are none.
pub(crate) fn hint_or<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone, none: &str) -> String {
    suggest(nearest(written, known.clone()), || match listed(known) {
        names if names.is_empty() => none.to_owned(),
        names => format!("known: {names}"),
    })
}

/// As [`nearest`] for keys of the file, with the words that other tools use.
pub(crate) fn nearest_key<'a>(written: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    const OTHER_WORDS: [(&str, &str); 19] = [
        ("interval", "every"),
        ("period", "every"),
        ("url", "http"),
        ("endpoint", "http"),
        ("cmd", "command"),
        ("exec", "command"),
        ("path", "file"),
        ("cwd", "directory"),
        ("working_directory", "directory"),
        ("environment", "env"),
        ("retries", "fail_after"),
        ("threshold", "alert"),
        ("alerts", "alert"),
        ("shortcut", "key"),
        ("verb", "do"),
        ("requires", "depends_on"),
        ("source", "from"),
        ("jq", "value"),
        ("params", "set"),
    ];
    nearest(written, known.clone()).or_else(|| {
        let (_, ours) = OTHER_WORDS.iter().find(|(other, _)| *other == written)?;
        known.into_iter().find(|name| name == ours)
    })
}

/// `a, b, c`, cut after two dozen.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const LISTED: usize = 24;
    let names: Vec<&str> = names.take(LISTED + 1).collect();
    let mut text = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let known = ["timeout", "every", "expect", "http"];
        assert_eq!(nearest("tiemout", known.into_iter()), Some("timeout"));
        assert_eq!(nearest("Every", known.into_iter()), Some("every"));
        assert_eq!(nearest("colour", known.into_iter()), None);
        assert_eq!(nearest("x", ["y"].into_iter()), None);
        assert_eq!(nearest_key("interval", known.into_iter()), Some("every"));
        assert_eq!(nearest_key("cmd", known.into_iter()), None);
    }
}
