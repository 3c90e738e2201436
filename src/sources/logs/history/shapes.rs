//! The shapes that the files of logs held before yesterday: so that a new one can be told from an old one.

use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::config::sections::log::Log;
use crate::logs::pattern;
use crate::logs::pattern::ShapeHistory;
use crate::logs::record::RecordKind;
use crate::sources::logs::history::History;
use crate::text::redact::Redactor;

/// Records of one log that are read.
const MOST_RECORDS: usize = 2_000_000;
/// Shapes that are kept.
const MOST_SHAPES: usize = 65_536;

/// The shapes of `logs` in `[since, until)`, rotated files included, packed or not. Ends early where `ended` says that
/// nobody wants them any more. It reads files and takes its time: never on the loop.
pub(crate) fn read_shapes(
    logs: &[Log],
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    redactor: &Redactor,
    clock: Clock,
    ended: &dyn Fn() -> bool,
) -> ShapeHistory {
    let mut found = ShapeHistory::default();
    for log in logs {
        let mut reach: Option<DateTime<Utc>> = None;
        let mut history = History::open(log, since, redactor.clone(), clock);
        found.cut |= history.is_cut();
        let mut read = 0;
        while let Some(record) = history.next() {
            if ended() {
                return found;
            }
            let Ok(record) = record else { continue };
            let Some(at) = record.time else { continue };
            reach = Some(reach.map_or(at, |reach| reach.min(at)));
            if at >= until {
                // Each file goes on in time: what follows in this one is later still.
                history.pass_over();
                continue;
            }
            if record.kind == RecordKind::Line {
                found.shapes.insert(pattern::hash_of(record.message.as_str()));
            }
            read += 1;
            if read >= MOST_RECORDS || found.shapes.len() >= MOST_SHAPES {
                found.cut = true;
                break;
            }
        }
        found.reach.insert(log.name.clone(), reach);
    }
    found
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests are the writers of the logs")]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn text(lines: &[(DateTime<Utc>, &str)]) -> String {
        let lines: Vec<_> = lines.iter().map(|(at, message)| format!("{} INFO {message}\n", at.to_rfc3339())).collect();
        lines.concat()
    }

    #[test]
    fn rotated_files_are_the_past_and_today_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let clock = Clock::start();
        let now = clock.now().utc;
        let ago = |hours| now - TimeDelta::hours(hours);
        let old = text(&[(ago(60), "long ago 1"), (ago(40), "job 1 done"), (ago(30), "user 5 came")]);
        std::fs::write(folder.path().join("app.log.1"), old).unwrap();
        std::fs::write(&path, text(&[(ago(26), "cart 7 lost"), (ago(3), "something else")])).unwrap();
        let read = |ended: bool| {
            read_shapes(
                &[Log::of_file("app".into(), path.clone())],
                ago(48),
                ago(24),
                &Redactor::default(),
                clock,
                &|| ended,
            )
        };
        let history = read(false);
        for (message, there) in [
            ("job 2 done", true),
            ("user 6 came", true),
            ("cart 8 lost", true),
            ("something else", false),
            ("long ago 2", false),
        ] {
            assert_eq!(history.shapes.contains(&pattern::hash_of(message)), there, "{message}");
        }
        assert!(!history.cut && history.reach.keys().all(|log| history.reaches(log, now)), "{history:?}");
        assert_eq!(read(true), ShapeHistory::default(), "nobody waits");
    }

    #[test]
    fn a_young_log_has_no_past() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let clock = Clock::start();
        let now = clock.now().utc;
        std::fs::write(&path, text(&[(now - TimeDelta::hours(3), "job 1 done")])).unwrap();
        let (since, until) = (now - TimeDelta::hours(48), now - TimeDelta::hours(24));
        let history = read_shapes(
            &[Log::of_file("app".into(), path.clone())],
            since,
            until,
            &Redactor::default(),
            clock,
            &|| false,
        );
        assert!(history.shapes.is_empty());
        assert!(!history.reach.keys().any(|log| history.reaches(log, now)));
        assert_eq!(history.earliest().map(|first| (now - first).num_hours()), Some(3));
    }
}
