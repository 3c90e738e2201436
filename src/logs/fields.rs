//! The fields of a log line, read from the line itself at the moment they are asked for.
//!
//! Nothing is stored per field: at 200,000 lines a second the allocations would cost more than everything else,
//! and hardly any record is ever looked at closely. The readers here are tolerant: a line that was cut in the
//! middle yields what it still holds.

mod json;
mod pairs;
mod program;
mod scan;
mod servers;
mod syslog;
mod value;
mod web;

use std::ops::ControlFlow;

use super::format::Format;
pub(crate) use value::FieldValue;

/// What a reader of fields is called with: the name (dotted where nested) and the value.
pub(crate) type Visit<'v, 'a> = &'v mut dyn FnMut(&str, FieldValue<'a>) -> ControlFlow<()>;

/// Calls `visit` with every field of `line`, in order, until it breaks. Returns whether the line is of that format,
/// as far as it was read; where it is not, text formats have no fields, and a JSON object has those before the fault.
pub fn walk<'a>(format: Format, line: &'a str, visit: Visit<'_, 'a>) -> bool {
    let known = match format {
        Format::Json | Format::Mongodb => return json::walk(line, visit),
        Format::Unknown | Format::Plain | Format::Logfmt => return pairs::walk(line, visit),
        // Source lines within a trace are no pairs; a pattern finds its own fields.
        Format::Traceback | Format::Pattern => return true,
        Format::Access => web::access(line, visit),
        Format::NginxError => web::nginx_error(line, visit),
        Format::HttpdError => web::httpd_error(line, visit),
        Format::Syslog => syslog::walk(line, visit),
        Format::Haproxy => syslog::haproxy(line, visit),
        Format::Klog => servers::klog(line, visit),
        Format::Postgres => servers::postgres(line, visit),
        Format::Redis => servers::redis(line, visit),
        Format::Python => program::python(line, visit),
        Format::Java => program::java(line, visit),
        Format::Ruby => program::ruby(line, visit),
        Format::Rust => program::rust(line, visit),
    };
    known.is_some()
}

/// The value of the field `name` among those that `walk` visits: an exact match, else one that ends in `.name`, both
/// without regard to case.
pub(crate) fn find<'a>(name: &str, walk: impl FnOnce(Visit<'_, 'a>) -> bool) -> Option<FieldValue<'a>> {
    let mut exact = None;
    let mut nested = None;
    walk(&mut |key, value| {
        // Most keys differ in length, and looking at that first spares a call.
        if key.len() == name.len() && key.eq_ignore_ascii_case(name) {
            exact = Some(value);
            return ControlFlow::Break(());
        }
        if nested.is_none() && ends_in(key, name) {
            nested = Some(value);
        }
        ControlFlow::Continue(())
    });
    exact.or(nested)
}

fn ends_in(key: &str, name: &str) -> bool {
    let (key, name) = (key.as_bytes(), name.as_bytes());
    key.len() > name.len() + 1
        && key[key.len() - name.len() - 1] == b'.'
        && key[key.len() - name.len()..].eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(format: Format, line: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        walk(format, line, &mut |key, value| {
            found.push((key.to_owned(), value.text().into_owned()));
            ControlFlow::Continue(())
        });
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn json_fields_come_in_order_with_dotted_names() {
        let line =
            r#"{"a":"x \"y\" \u00e9\ud83d\ude00","n": -1.5e3 ,"b":true,"o":{"p":{"q":null},"r":[1,{"s":"]"}]},"e":{}}"#;
        let expected = pairs(&[
            ("a", "x \"y\" é😀"),
            ("n", "-1.5e3"),
            ("b", "true"),
            ("o.p.q", "null"),
            ("o.r", r#"[1,{"s":"]"}]"#),
        ]);
        assert_eq!(all(Format::Json, line), expected);
    }

    #[test]
    fn a_cut_json_line_yields_what_it_holds() {
        assert_eq!(all(Format::Json, r#"{"a":1,"b":"hel"#), pairs(&[("a", "1"), ("b", "hel")]));
        assert!(!walk(Format::Json, r#"{"a":1,"b":"hel"#, &mut |_, _| ControlFlow::Continue(())));
        assert!(!walk(Format::Json, r#"{"a":1} and more"#, &mut |_, _| ControlFlow::Continue(())));
    }

    #[test]
    fn pairs_are_found_in_text_too() {
        assert_eq!(
            all(Format::Plain, r#"took=20ms (user=7) path="/a b" x==y ==z 1=2 url=http://h/?q=1"#),
            pairs(&[("took", "20ms"), ("user", "7"), ("path", "/a b"), ("x", "=y"), ("url", "http://h/?q=1")])
        );
    }

    #[test]
    fn access_lines_have_names() {
        let line = r#"10.0.0.1 - bob [21/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 503 12 "-" "curl/8 \"x\"""#;
        let found = all(Format::Access, line);
        assert!(found.contains(&("status".into(), "503".into())));
        assert!(found.contains(&("user".into(), "bob".into())));
        assert!(found.iter().any(|(key, value)| key == "agent" && value.starts_with("curl")));
    }

    #[test]
    fn find_prefers_the_exact_name() {
        let line = r#"{"meta":{"id":"1"},"id":"2"}"#;
        let of =
            |line, name| find(name, |visit| walk(Format::Json, line, visit)).map(|value| value.text().into_owned());
        assert_eq!(of(line, "ID"), Some("2".into()));
        assert_eq!(of(r#"{"meta":{"id":"1"}}"#, "id"), Some("1".into()));
    }

    proptest! {
        #[test]
        fn no_line_is_refused_with_a_panic(line in ".{0,200}") {
            for format in Format::ALL {
                all(format, &line);
            }
        }

        #[test]
        fn json_like_text_never_panics(line in r#"[\{\}\[\]":,\\u0-9a-d é]{0,80}"#) {
            all(Format::Json, &line);
            all(Format::Access, &line);
        }

        #[test]
        fn strings_come_back_as_serde_wrote_them(key in "[a-z]{1,5}", value in any::<String>()) {
            let line = serde_json::to_string(&std::collections::BTreeMap::from([(&key, &value)])).unwrap();
            prop_assert_eq!(all(Format::Json, &line), vec![(key, value)]);
        }
    }
}
