//! Figures about the console itself, in groups.

use std::time::Duration;

use ratatui::layout::Rect;

use super::{PanelView, frame, log, note};
use crate::app::state::State;
use crate::config::panels::PanelId;
use crate::logs::record::LogState;
use crate::model::fact::login_of;
use crate::model::lease::{LateFigures, LeaseHolder, LeaseView};
use crate::model::outcome::{StoreAbsence, StoreAway, StoreFigures};
use crate::text::SafeText;
use crate::theme::Role;
use crate::ui::figures;
use crate::ui::line::Line;
use crate::ui::paint::Painter;
use crate::ui::widgets::frame::Frame;
use crate::ui::widgets::table::position;

pub(super) struct Figures;

impl PanelView for Figures {
    fn width(&self) -> (u16, u16) {
        (46, 46)
    }

    fn draw(&self, state: &State, painter: &mut Painter<'_>, id: &PanelId, area: Rect) {
        let inner = Frame::inner(area);
        let lines = lines(state, usize::from(inner.width).saturating_sub(2));
        let height = usize::from(inner.height);
        let start = state.console.screens.diagnostics.figures.min(lines.len().saturating_sub(height));
        let shown = start..(start + height).min(lines.len());
        let place = position(&shown, lines.len());
        frame(state, painter, id, "the console itself").foot(place).draw(painter, area);
        note(painter, inner, id.clone());
        for (row, line) in (0..inner.height).zip(&lines[shown]) {
            painter.put_at(inner, 1, row, line);
        }
    }
}

/// The rows, where a reason has the room of `width` columns.
fn lines(state: &State, width: usize) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    // Who writes alerts is what a person looks for here first: it is above the fold at 80×24.
    store(state, width, &mut out);
    company(state, width, &mut out);
    polling(state, &mut out);
    screen(state, &mut out);
    process(state, &mut out);
    configuration(state, width, &mut out);
    logs(state, &mut out);
    out
}

fn heading(words: &'static str) -> Line<'static> {
    Line::styled(words, Role::Title)
}

fn bad(wrong: bool) -> Role {
    if wrong { Role::StatusDegraded } else { Role::Text }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

fn polling(state: &State, out: &mut Vec<Line<'static>>) {
    let all = &state.seen().diagnostics;
    out.push(heading("polling"));
    out.push(fact("scheduler lag", format!("{}, worst {}", ms(all.lag), ms(all.lag_max)), bad(all.lag > LAG)));
    let and =
        |count: u64, what: &str| if count == 0 { String::new() } else { format!(", {} {what}", figures::count(count)) };
    let flying = figures::count(all.in_flight as u64) + &and(all.waiting as u64, "waiting");
    out.push(fact("in flight", flying, bad(all.waiting > 0)));
    let overruns: u64 = state.seen().checks.iter().map(|check| check.overruns).sum();
    let overrun = figures::count(overruns) + &and(all.not_asked, "not asked");
    out.push(fact("overruns", overrun, bad(overruns + all.not_asked > 0)));
    out.push(fact("observations", figures::count(all.observations), Role::Text));
    let gaps = match all.gaps {
        (0, _) => "none".to_owned(),
        (n, together) => format!("{n}, {} together", figures::span(together)),
    };
    out.push(fact("gaps", gaps, bad(all.gaps.0 > 0)));
    let network =
        if state.seen().connectivity.ok { "reached".to_owned() } else { state.seen().connectivity.detail.to_string() };
    out.push(fact("our network", network, if state.seen().connectivity.ok { Role::Text } else { Role::LevelError }));
}

fn screen(state: &State, out: &mut Vec<Line<'static>>) {
    let meters = &state.seen().diagnostics.meters;
    out.push(heading("screen"));
    out.push(fact("frame", format!("{}, worst {}", ms(meters.frame_time), ms(meters.frame_time_max)), Role::Text));
    out.push(fact(
        "key to frame",
        format!("{}, worst {}", ms(meters.key_latency), ms(meters.key_latency_max)),
        Role::Text,
    ));
    out.push(fact("frames", figures::count(meters.frames), Role::Text));
    let written = format!("{}, {}/min", figures::bytes(meters.bytes_written), figures::bytes(meters.bytes_last_minute));
    out.push(fact("written", written, Role::Text));
}

fn process(state: &State, out: &mut Vec<Line<'static>>) {
    let meters = &state.seen().diagnostics.meters;
    out.push(heading("process"));
    out.push(fact("up", figures::age(state.seen().now.since(state.seen().started)), Role::Text));
    out.push(fact("memory", meters.resident.map_or_else(|| "unknown".to_owned(), figures::bytes), Role::Text));
    out.push(fact("tasks", figures::count(meters.tasks as u64), Role::Text));
    let queue = format!("{} of {}", figures::count(meters.queued as u64), figures::count(meters.queue_capacity as u64));
    out.push(fact("queue", queue, bad(meters.queued * 2 > meters.queue_capacity)));
    out.push(fact("dropped messages", figures::count(meters.dropped), bad(meters.dropped > 0)));
}

fn store(state: &State, width: usize, out: &mut Vec<Line<'static>>) {
    out.push(heading("store"));
    let store = state.seen().store_away.as_ref();
    let absent = |away: &StoreAway| match away.how {
        StoreAbsence::NotMade => ("none yet".to_owned(), None),
        StoreAbsence::LostEntries | StoreAbsence::Replaced | StoreAbsence::Unusable => {
            let since = figures::away_since(away, state.seen());
            let all = format!("away {since}");
            if 20 + all.chars().count() > width { ("away".to_owned(), Some(since)) } else { (all, None) }
        }
    };
    let role = match store.map(|away| away.how) {
        None | Some(StoreAbsence::NotMade) => Role::Text,
        Some(StoreAbsence::LostEntries | StoreAbsence::Replaced | StoreAbsence::Unusable) => Role::LevelError,
    };
    let kept = state.seen().diagnostics.store;
    let size = kept.size.map_or_else(String::new, |size| format!(", {}", figures::bytes(size)));
    let only_read = state.seen().store_only_read.as_ref().filter(|_| store.is_none());
    let answers = if only_read.is_some() { "read-only" } else { "answers" };
    let (words, since) = store.map_or_else(|| (format!("{answers}{size}"), None), absent);
    out.push(fact("state", words, role));
    out.extend(since.map(|since| fact("", since, role)));
    if store.is_some_and(|away| away.how == StoreAbsence::LostEntries) {
        out.push(fact("", "it lost entries".to_owned(), Role::LevelError));
    }
    out.extend(store.into_iter().flat_map(|away| reason(&away.why, role, width)));
    out.extend(only_read.into_iter().flat_map(|why| reason(why, Role::TextDim, width)));
    let StoreFigures { waiting, lost, .. } = kept;
    if waiting > 0 || lost > 0 {
        let words = format!("{waiting} min waiting, {} lost", figures::count(lost));
        out.push(fact("stored readings", words, bad(lost > 0)));
    }
    lease(state, out);
}

/// Who writes alerts and history for all.
fn lease(state: &State, out: &mut Vec<Line<'static>>) {
    let zone = state.seen().config.console.timezone;
    let since = |at| format!("since {}", figures::moment(at, state.seen().now.utc, zone));
    let named = |holder: &LeaseHolder| {
        // How somebody came in is for the audit: the name is enough here.
        let who = login_of(&holder.who).to_owned();
        SafeText::new(&format!("{who}@{}", holder.host)).to_string()
    };
    let process = |holder: &LeaseHolder| {
        let role = if holder.watcher { "watcher" } else { "console" };
        let pid = holder.pid.map_or_else(String::new, |pid| format!(" {pid}"));
        format!("{role}{pid} {}", since(holder.since))
    };
    let indented = |words: String| Line::plain(" ".repeat(20)).and(words, Role::Text);
    match &state.seen().lease {
        LeaseView::Unknown if state.seen().leaves_unrecorded() => {
            out.push(fact("alerts written by", "not this console".to_owned(), Role::StatusDegraded));
            out.push(indented("nothing is recorded".to_owned()));
            out.push(indented("until the store is back".to_owned()));
        }
        LeaseView::Unknown => {}
        LeaseView::Free => {
            out.push(fact("alerts written by", "nobody".to_owned(), Role::StatusDegraded));
            out.push(indented("nothing is recorded".to_owned()));
        }
        LeaseView::Ours { since: at, .. } => {
            out.push(fact("alerts written by", "this console".to_owned(), Role::Text));
            out.push(indented(since(*at)));
        }
        LeaseView::Away { .. } => {
            let place = if state.seen().diagnostics.late.in_memory > 0 { "in memory" } else { "to disk" };
            out.push(fact("alerts written by", format!("this console, {place}"), Role::StatusDegraded));
        }
        LeaseView::Other(holder) => {
            out.push(fact("alerts written by", named(holder), bad(holder.overdue)));
            out.push(indented(process(holder)));
            if holder.overdue {
                out.push(indented("late to renew; it may be gone".to_owned()));
            }
        }
        LeaseView::OtherConfiguration(holder) => {
            let who = holder.as_ref().map_or_else(|| "nobody".to_owned(), named);
            out.push(fact("alerts written by", who, Role::StatusDegraded));
            out.extend(holder.as_ref().map(|holder| indented(process(holder))));
            out.push(indented("other configuration".to_owned()));
        }
    }
    let LateFigures { on_disk, in_memory, dropped, .. } = state.seen().diagnostics.late;
    for (name, count) in [("waiting on disk", on_disk), ("waiting in memory", in_memory), ("dropped", dropped)] {
        if count > 0 {
            out.push(fact(name, figures::count(count as u64), bad(true)));
        }
    }
}

/// Who else uses the store.
fn company(state: &State, width: usize, out: &mut Vec<Line<'static>>) {
    if state.seen().present.is_empty() {
        return;
    }
    out.push(heading("here"));
    let zone = state.seen().config.console.timezone;
    for one in &state.seen().present {
        let place = if one.watcher { "watcher" } else { one.screen.as_str() };
        out.extend(Line::styled(format!("  {}@{}", one.who, one.host), Role::Text).wrapped(width, 4));
        let since = figures::moment(one.since, state.seen().now.utc, zone);
        out.push(Line::styled(format!("    {place}, process {}, since {since}", one.pid), Role::TextDim));
    }
}

fn configuration(state: &State, width: usize, out: &mut Vec<Line<'static>>) {
    let all = &state.seen().diagnostics;
    out.push(heading("configuration"));
    let read = figures::age_of(all.configured_at, state.seen().now, "never");
    out.push(fact("read", format!("{read} ago"), Role::Text));
    // What another terminal has to be given, to be of the same console.
    if let Some(file) = state.seen().config.files.first() {
        let file = SafeText::new(&file.display().to_string());
        out.extend(Line::styled(format!("    {file}"), Role::TextDim).wrapped(width, 4));
    }
    if let Some((at, why)) = &all.rejected {
        out.push(fact("file", format!("rejected {} ago", figures::age(state.seen().now.since(*at))), Role::LevelError));
        out.extend(reason(why, Role::LevelError, width));
        out.push(Line::plain("    the previous one stays in effect"));
    }
    out.push(fact("reloads", format!("{} good, {} refused", all.reloads.0, all.reloads.1), bad(all.reloads.1 > 0)));
}

fn logs(state: &State, out: &mut Vec<Line<'static>>) {
    if !state.seen().logs.is_empty() {
        out.push(heading("logs"));
    }
    for view in &state.seen().logs {
        let held =
            format!("{} held, {}", figures::count(view.ring.len() as u64), figures::bytes(view.ring.bytes() as u64));
        out.push(fact_of(&view.name, format!("{} read", figures::count(view.read())), Role::Text));
        out.push(fact_of("", held, Role::Text));
        out.extend(log::losses_of(&[view]).into_iter().map(|loss| Line::plain(" ".repeat(20)).join(loss)));
        if !matches!(view.state, LogState::Following(_) | LogState::FollowingNewest { .. }) {
            out.push(Line::plain("  ").join(log::log_state(view)));
        }
    }
}

/// Why something failed, whole.
fn reason(why: &SafeText, role: Role, width: usize) -> Vec<Line<'static>> {
    Line::styled(format!("    {why}"), role).wrapped(width, 4)
}

/// A lag that a person would want to know of.
const LAG: Duration = Duration::from_millis(250);

fn fact(label: &'static str, value: String, role: Role) -> Line<'static> {
    fact_of(label, value, role)
}

fn fact_of(label: &str, value: String, role: Role) -> Line<'static> {
    Line::styled(format!("  {label:<17} "), Role::TextLabel).and(value, role)
}
