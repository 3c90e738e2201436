//! What reading a configuration costs, small and large, and what follows it up to the first frame. Prints figures;
//! judges nothing.
//!
//! `cargo bench --bench config [-- CHECKS…]`
#![expect(clippy::print_stdout, reason = "figures for a person")]
#![expect(clippy::disallowed_methods, reason = "a stopwatch")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use opsroom::app::state::State;
use opsroom::config::Config;
use opsroom::config::load::load_text;
use opsroom::lang::time::Stamp;
use opsroom::theme::{Catalogue, ColorDepth, GlyphSet, Styles};
use opsroom::ui;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Checks of one service.
const OF_A_SERVICE: usize = 10;
/// Services of which each depends on the one before.
const CHAIN: usize = 5;

/// Every second check has a metric of its latency, every twentieth its log, every fiftieth its action.
fn text(checks: usize) -> String {
    let mut text = String::from(
        "[console]\nname = \"bench\"\n[secret]\ntoken = { env = \"TOKEN\" }\n[adapter.systemd]\nkind = \"systemd\"\n",
    );
    for service in 0..checks.div_ceil(OF_A_SERVICE) {
        let on = if service % CHAIN == 0 { String::new() } else { format!("\"s{:04}\"", service - 1) };
        writeln!(text, "[service.s{service:04}]\ndepends_on = [{on}]").expect("a string takes all");
    }
    for check in 0..checks {
        things_of(check, &mut text);
    }
    text
}

/// A check, and what comes with it.
fn things_of(check: usize, text: &mut String) {
    let service = check / OF_A_SERVICE;
    let mut add = |thing: String| text.push_str(&thing);
    add(format!(
        "[check.c{check:05}]\nservice = \"s{service:04}\"\nhttp = \"http://127.0.0.1:8080/health/{check}\"\n\
         headers = {{ Authorization = \"Bearer {{secret:token}}\" }}\nevery = \"30s\"\nexpect = \".body.status == \\\"ok\\\"\"\n\
         alert = {{ critical = \"down\", high = \"down for 10m\" }}\n"
    ));
    if check.is_multiple_of(2) {
        add(format!(
            "[metric.m{check:05}]\nservice = \"s{service:04}\"\ncheck = \"c{check:05}\"\nlatency = \"p95\"\n\
             window = \"15m\"\nalert = {{ high = \"> 5s for 5m\" }}\n"
        ));
    }
    if check.is_multiple_of(20) {
        add(format!("[log.l{check:05}]\nservice = \"s{service:04}\"\nfile = \"/var/log/{check}.log\"\n"));
    }
    if check.is_multiple_of(50) {
        add(format!(
            "[action.a{check:05}]\nservice = \"s{service:04}\"\nadapter = \"systemd\"\ndo = \"restart\"\n\
             target = \"unit{check}\"\nverify = {{ checks = [\"c{check:05}\"], within = \"2m\" }}\n"
        ));
    }
}

/// The best of some rounds: what it takes when nothing else is in the way.
fn best<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    const ROUNDS: usize = 5;
    let mut timed = || {
        let began = Instant::now();
        let made = work();
        (began.elapsed(), made)
    };
    let first = timed();
    (1..ROUNDS).fold(first, |best, _| {
        let next = timed();
        if next.0 < best.0 { next } else { best }
    })
}

/// The figures of one size, in order.
fn figures(checks: usize, styles: &Styles) -> Vec<(&'static str, Duration)> {
    let text = text(checks);
    let (read, config) = best(|| {
        let loaded = load_text(Path::new("/srv/opsroom.toml"), &text);
        loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics.iter().find(|problem| problem.is_error())))
    });
    let config: Arc<Config> = Arc::new(config);
    let now = Stamp { mono: Duration::from_secs(100), utc: DateTime::UNIX_EPOCH + Duration::from_hours(500_000) };
    let (made, state) = best(|| State::new(Arc::clone(&config), now, (120, 40)));
    let area = Rect::new(0, 0, 120, 40);
    let (drawn, _) = best(|| ui::view(&state, styles, area, &mut Buffer::empty(area)));
    vec![("read", read), ("state made", made), ("first frame", drawn), ("together", read + made + drawn)]
}

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![100, 10_000] } else { given };
    let styles = Catalogue::shipped().styles("midnight", ColorDepth::True, GlyphSet::UTF8);
    let all: Vec<_> = sizes.iter().map(|checks| (*checks, figures(*checks, &styles))).collect();
    let Some((least, base)) = all.first() else { return };
    for (checks, figures) in &all {
        println!("--- {checks} checks");
        for ((what, time), (_, small)) in figures.iter().zip(base) {
            let growth = time.as_secs_f64() / small.as_secs_f64().max(1e-9);
            let size = *checks as f64 / *least as f64;
            println!(
                "{what:<14} {:>12.3} ms {:>10.3} µs a check   {growth:>7.1} times at {size:.0} times the size",
                time.as_secs_f64() * 1e3,
                time.as_secs_f64() * 1e6 / *checks as f64,
            );
        }
    }
}
