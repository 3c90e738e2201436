//! The forms of the filter language with what each means: what `opsroom logs --help` and the man page print.

#[derive(Debug, Clone, Copy)]
pub(crate) struct FilterForm {
    /// Filters of this form, each in backquotes where there are several.
    pub examples: &'static [&'static str],
    /// What passes them.
    pub meaning: &'static str,
}

const fn form(examples: &'static [&'static str], meaning: &'static str) -> FilterForm {
    FilterForm { examples, meaning }
}

/// Every form, in the order in which they are learned.
pub(crate) const FORMS: &[FilterForm] = &[
    form(&["timeout", "\"connection reset\""], "records that contain the word or phrase; case does not matter"),
    form(&["timeout database"], "records that contain both; a blank means and"),
    form(&["timeout or refused"], "records that contain one of the two; binds weaker than and"),
    form(&["-healthz", "not healthz", "not (a or b)"], "records that do not match"),
    form(&["/5\\d\\d in \\d+ms/", "/error/i"], "a regular expression; `i` ignores case"),
    form(&["level>=warn", "level:error"], "by level: trace, debug, info, warn, error, fatal"),
    form(&["service:api", "log:web"], "by service, by log"),
    form(&["status:500", "status:5xx", "status:400..499"], "a field with a value, a class of statuses, a range"),
    form(&["path:\"/api/*\"", "name:/^a/"], "a field that matches a pattern or a regular expression"),
    form(&["user:*", "trace!=*"], "records that have the field; records that lack it"),
    form(&["path!=/health"], "records whose field has another value"),
    form(&["took>200ms", "status>=500", "size<1MB"], "a number in a field, with its unit"),
    form(&["\"user agent\":curl*"], "a field whose name has blanks"),
    form(&["trace:4bf92f"], "by trace or request id, under any of its usual names"),
    form(&["pattern:\"job <n> done in <n>\""], "messages of one shape, with numbers and ids left out"),
    form(&["since:10m", "since:17:54", "until:2026-11-21T10:00:00Z"], "by time; a time of day is the last one"),
    form(&["since:02:30 until:02:45", "since:23:50 until:00:10"], "a window; its end is the first after its beginning"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::filter::Filter;

    #[test]
    fn every_example_is_a_filter() {
        for example in FORMS.iter().flat_map(|form| form.examples) {
            assert!(Filter::parse(example).is_ok(), "{example}");
        }
    }
}
