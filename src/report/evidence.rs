//! What is saved beside a screen, so that a moment can be read later without the console and without the store.

use std::fmt::Write as _;

use super::lines::{self, Style};
use super::status::Report;
use crate::lang::time::rfc3339_millis;
use crate::world::World;
use crate::world::timeline::TimelineEntry;

/// Files by their names: the readings as `opsroom status` has them, the timeline, and what was running. `by` is who saves them,
/// and on which host.
pub(crate) fn files(world: &World, by: &str) -> Vec<(&'static str, String)> {
    let report = Report::new(world, &[]);
    let style = Style { ascii: false, colour: false };
    vec![
        ("readings.json", report.json()),
        ("readings.txt", lines::lines(&report, style)),
        ("timeline.txt", timeline(world)),
        ("versions.txt", versions(world, by)),
    ]
}

/// What the panel shows, oldest first, with the day and in UTC: it is read elsewhere and later.
fn timeline(world: &World) -> String {
    let mut out = String::new();
    let newest_first: Vec<&TimelineEntry> = world.timeline.shown().collect();
    for entry in newest_first.into_iter().rev() {
        let at = entry.at.utc.format("%Y-%m-%d %H:%M:%SZ");
        let service = entry.service.as_deref().unwrap_or("-");
        let _ = writeln!(out, "{at}  {service}  {}", entry.text);
    }
    out
}

/// Who saved it and when, and what was in use: this program, its configuration, and the versions that services say they run.
fn versions(world: &World, by: &str) -> String {
    let console = &world.config.console;
    let mut out = format!("opsroom {}\n", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(out, "console {}", console.name);
    if !console.environment.is_empty() {
        let _ = writeln!(out, "environment {}", console.environment);
    }
    let _ = writeln!(out, "saved at {}", rfc3339_millis(world.now.utc));
    let _ = writeln!(out, "saved by {by}");
    let _ = writeln!(out, "time zone of the screen {}", console.timezone);
    let _ = writeln!(out, "configuration sha256:{}", world.config.digest());
    for check in &world.checks {
        if let Some(version) = check.last.as_ref().and_then(|reading| reading.version.as_ref()) {
            let _ = writeln!(out, "check {} runs {version}", check.name);
        }
    }
    out
}
