//! `opsroom snapshot SCREEN`: one frame to stdout, as text, with colours, or as a picture.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::demo::simulate::{self, Scene, Story};
use super::output::{self, exit};
use super::{Global, configuration, screens, themes};
use crate::app::message::{Event, Learned, Message};
use crate::app::screens::{Screen, Wall};
use crate::app::state::State;
use crate::app::update::update;
use crate::cli::run_service;
use crate::config::panels;
use crate::config::sections::service::Service;
use crate::lang::key::{Key, KeyError};
use crate::lang::unit::parse_duration;
use crate::logs::record::LogState;
use crate::model::effect::Effect;
use crate::runtime::core::{ConsolePart, StartOptions};
use crate::runtime::headless::Headless;
use crate::runtime::painter::FramePainter;
use crate::runtime::runbook;
use crate::text::redact::Redactor;
use crate::theme::{ColorDepth, GlyphSet};
use crate::ui::export::ExportFormat;
use crate::world::one_round;

/// What `opsroom snapshot` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(help = subjects())]
    screen: String,
    /// Size in columns and rows
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x40", value_parser = size)]
    size: (u16, u16),
    /// Output format
    #[arg(long, value_enum, default_value_t = As::Txt)]
    format: As,
    /// Longest time to wait for the first answers
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    within: Duration,
    /// Keys to press before the frame is taken, as written in the configuration
    #[arg(long, value_name = "KEY", num_args = 1.., value_parser = key)]
    keys: Vec<Key>,
    /// Show the demo with this seed instead of the configuration; the frame is always the same
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Time since the start of the demo
    #[arg(long, value_name = "DURATION", default_value = "4m", value_parser = duration, requires = "seed")]
    at: Duration,
}

/// The name by which the wall is asked for.
const WALL: &str = "wall";

/// What can be asked for.
fn subjects() -> String {
    let names: Vec<&str> = Screen::BUILT_IN.iter().map(Screen::name).collect();
    format!("A screen: {}, a custom one, or {WALL}", names.join(", "))
}

/// The form of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// A picture
    Svg,
    /// Text with colours
    Ansi,
    /// Text
    Txt,
}

fn size(written: &str) -> Result<(u16, u16), String> {
    let parsed = written.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    match parsed {
        Some((columns @ 1..=1000, rows @ 1..=500)) => Ok((columns, rows)),
        Some(_) => Err("up to 1000 columns and 500 rows".to_owned()),
        None => Err("columns and rows, as in 120x40".to_owned()),
    }
}

fn key(written: &str) -> Result<Key, String> {
    written.parse().map_err(|error: KeyError| format!("{}; {}", error.message, error.hint))
}

fn duration(written: &str) -> Result<Duration, String> {
    parse_duration(written).map_err(|error| error.to_string())
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let shown = match arguments.seed {
        Some(seed) => simulated(arguments, global, seed),
        None => observed(arguments, global),
    };
    match shown.and_then(|mut shown| frame(arguments, global, &mut shown)) {
        Ok(frame) => output::print_coloured(&frame),
        Err(code) => code,
    }
}

/// What a frame is taken of, and who answers what it asks for.
struct Shown {
    state: State,
    answers: Answers,
}

enum Answers {
    /// The demo.
    Story(Box<Story>),
    /// The files of a true configuration, where runbooks may be in the frame.
    Files(Option<Redactor>),
}

impl Shown {
    /// Takes in what happens now, and what is answered to it. What else is asked of the world is not done, for a picture
    /// changes nothing.
    fn take(&mut self, event: Event) {
        let at = self.state.world.now;
        self.take_at(Message { at, event });
    }

    fn take_at(&mut self, message: Message) {
        match &mut self.answers {
            Answers::Story(story) => story.apply(&mut self.state, message),
            Answers::Files(redactor) => {
                let effects = update(&mut self.state, message);
                let answer = |effect: &Effect| runbook::answer(effect, redactor.as_ref()?);
                for outcome in effects.iter().filter_map(answer) {
                    let at = self.state.world.now;
                    drop(update(&mut self.state, Message { at, event: Event::Outcome(outcome) }));
                }
            }
        }
    }
}

/// The demo's world at a moment.
fn simulated(arguments: &Arguments, global: &Global, seed: u64) -> Result<Shown, u8> {
    let broken = |problem: &str| output::fail(exit::SOFTWARE, problem, "");
    let mut config = simulate::configuration().map_err(|problem| broken(&problem))?;
    if let Some(theme) = &global.theme {
        config.console.theme.clone_from(theme);
    }
    config.console.read_only |= global.read_only;
    let subject = subject(&arguments.screen, &config)?;
    let scene = Scene { seed, at: arguments.at, size: arguments.size };
    let (state, story) =
        output::block_on(simulate::play(config, &scene)).map_err(|error| broken(&format!("no threads: {error}")))?;
    let mut shown = Shown { state, answers: Answers::Story(Box::new(story)) };
    arrive(&mut shown, subject, arguments);
    Ok(shown)
}

/// What the configuration names, asked once, beside what is on record.
fn observed(arguments: &Arguments, global: &Global) -> Result<Shown, u8> {
    let found = configuration::find_for_console(global)?;
    let subject = subject(&arguments.screen, &found.config)?;
    let start = found.start(global, ConsolePart::LooksOnce, run_service::state_directory()?);
    // One answer decides what a check is: nobody waits for the others. Since when it is so is on record.
    let config = Arc::new(one_round::configuration(&start.config));
    let start = StartOptions { loader: None, config, ..start };
    let work = async {
        let mut headless = Headless::start(start, arguments.size);
        headless.run(arguments.within, |state| answered(state) && state.world.has_read_record()).await;
        // What belongs together comes together: the logs of the check that was last.
        headless.run(Duration::from_millis(300), |_| false).await;
        let reads = may_show_runbook(headless.state(), &subject, arguments);
        let redactor = if reads { Some(headless.redactor().await) } else { None };
        (headless.finish().await, redactor)
    };
    let (state, redactor) = output::block_on(work)
        .map_err(|error| output::fail(exit::SOFTWARE, &format!("can't start threads: {error}"), ""))?;
    let mut shown = Shown { state, answers: Answers::Files(redactor) };
    arrive(&mut shown, subject, arguments);
    Ok(shown)
}

/// Whether a runbook may be in the frame. Secrets are taken out of it, and may take long.
fn may_show_runbook(state: &State, subject: &Subject, arguments: &Arguments) -> bool {
    let Subject::Screen(screen) = subject else { return false };
    // Keys lead anywhere.
    let has_keys = !arguments.keys.is_empty();
    let mut layouts = state.console.layouts.iter().filter(|layout| has_keys || *layout.name == *screen.name());
    let is_file = |service: &Service| service.runbook_file(Path::new("")).is_some();
    layouts.any(|layout| layout.has(&panels::SERVICE_RUNBOOK)) && state.world.config.services.iter().any(is_file)
}

/// Whether everything has been heard of once.
fn answered(state: &State) -> bool {
    state.world.checks.iter().all(|check| check.last.is_some())
        && state.world.logs.iter().all(|log| !matches!(log.state, LogState::Starting | LogState::CatchingUp { .. }))
}

/// What a frame is taken of.
enum Subject {
    Screen(Screen),
    /// What a wall shows.
    Wall,
}

fn subject(name: &str, config: &crate::config::Config) -> Result<Subject, u8> {
    if name == WALL { Ok(Subject::Wall) } else { screens::find(name, config, &[WALL]).map(Subject::Screen) }
}

/// Goes to the screen, presses the keys, and counts what is left to count.
fn arrive(shown: &mut Shown, subject: Subject, arguments: &Arguments) {
    shown.take(match subject {
        Subject::Screen(screen) => Event::Open(screen),
        Subject::Wall => Event::Wall(Wall::default()),
    });
    for key in &arguments.keys {
        // A dialog ignores the first keys after it was drawn.
        let at = shown.state.world.now.plus(Duration::from_millis(500));
        shown.take_at(Message { at, event: Event::Key(*key) });
    }
    while shown.state.next_tick() == Some(Duration::ZERO) {
        shown.take(Event::Clock);
    }
}

fn frame(arguments: &Arguments, global: &Global, shown: &mut Shown) -> Result<String, u8> {
    let catalogue = themes::with_wished(global, &shown.state.world.config.files)?;
    let (format, coloured) = match arguments.format {
        As::Svg => (ExportFormat::Svg, true),
        As::Ansi => (ExportFormat::Ansi, true),
        As::Txt => (ExportFormat::Text, false),
    };
    let depth = if coloured && !global.wants_no_colour() { ColorDepth::True } else { ColorDepth::None };
    // A picture that is no text shows every sign whatever the locale.
    let is_plain = matches!(format, ExportFormat::Text | ExportFormat::Ansi) && !super::status::is_utf8();
    let ascii = shown.state.world.config.console.ascii.unwrap_or(is_plain);
    let glyphs = if ascii { GlyphSet::ASCII } else { GlyphSet::UTF8 };
    let mut painter = FramePainter::new(catalogue, depth, glyphs);
    let area = Rect::new(0, 0, shown.state.console.size.0, shown.state.console.size.1);
    let mut buffer = Buffer::empty(area);
    // More than once: what is selected scrolls into view once the first frame has said how high its panel is, and what charts
    // show of the store is asked for by then.
    for _ in 0..3 {
        buffer.reset();
        let layout = painter.paint(&shown.state, area, &mut buffer);
        shown.take(Event::Learned(Learned::Layout(layout)));
    }
    let title = format!("opsroom · {}", shown.state.world.config.console.name);
    let mut text = painter.export(&shown.state.console.theme, &buffer, format, &title);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_bounded_parts() {
        assert_eq!(size("120x40"), Ok((120, 40)));
        for wrong in ["120", "0x40", "120x0", "axb", "70000x3", "1001x40", "-1x2"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
