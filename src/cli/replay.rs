//! `opsroom replay FILE`: a recording in the true screens.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::output::{self, exit};
use super::{Global, themes};
use crate::app::recording::player::PlayOptions;
use crate::runtime::painter::FramePainter;
use crate::runtime::recording::reader::{Recording, moment};
use crate::runtime::replay::playing::{Playing, SPEEDS};
use crate::runtime::{panics, replay, terminal};
use crate::theme::{ColorDepth, GlyphSet};
use crate::ui::export::ExportFormat;

/// What `opsroom replay` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file that `--record FILE` has written
    file: PathBuf,
    /// Begin at this time, in UTC: 02:41, 02:41:30 or 2026-11-21T02:41:30Z
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Playback speed: 2 plays twice as fast
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Print the frame at that time, in the recorded size, and exit
    #[arg(long, value_enum, requires = "at")]
    format: Option<As>,
}

/// The form of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// A picture
    Svg,
    /// Text
    Txt,
}

fn speed(written: &str) -> Result<f64, String> {
    let (least, most) = (SPEEDS[0], SPEEDS[SPEEDS.len() - 1]);
    written
        .trim_end_matches('x')
        .parse()
        .ok()
        .filter(|speed| (least..=most).contains(speed))
        .ok_or_else(|| format!("a number from {least} to {most}"))
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let recording = match Recording::open(&arguments.file) {
        Ok(recording) => recording,
        Err(refused) => return output::fail(exit::CONFIG, &refused.problem, refused.hint),
    };
    for note in &recording.notes {
        output::eprint_error(&format!("warning: {note}\n"));
    }
    let at = match &arguments.at {
        Some(written) => match sought(written, &recording) {
            Ok(at) => at,
            Err(code) => return code,
        },
        None => recording.first,
    };
    let size = arguments.format.is_none().then(|| replay::screens_of(terminal::size()));
    let options = PlayOptions { size, theme: global.theme.clone(), is_watched: arguments.format.is_none() };
    let playing = match Playing::new(recording, options, arguments.speed) {
        Ok(playing) => playing,
        Err(why) => {
            let problem = format!("{} can't be replayed: {why}", arguments.file.display());
            return output::fail(exit::CONFIG, &problem, "use the version of opsroom that recorded it");
        }
    };
    match arguments.format {
        Some(format) => picture(playing, at, format, global),
        None => watch(playing, at, global),
    }
}

/// The moment of a text: of a time alone the first one in what goes from one moment to another, where there is one.
fn meant(written: &str, first: DateTime<Utc>, last: DateTime<Utc>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(written).ok().map(|at| at.with_timezone(&Utc)).or_else(|| {
        let time = written.trim_end_matches('Z');
        let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(time, form).ok())?;
        let that_day = first.date_naive().and_time(time).and_utc();
        let day_after = that_day + TimeDelta::days(1);
        // A minute is meant as a whole. A day on which nothing was recorded is not meant.
        let is_after = that_day + TimeDelta::minutes(1) <= first && day_after <= last;
        Some(if is_after { day_after } else { that_day })
    })
}

/// The moment that is meant, in milliseconds.
fn sought(written: &str, recording: &Recording) -> Result<i64, u8> {
    let (first, last) = (moment(recording.first), moment(recording.last));
    let Some(meant) = meant(written, first, last) else {
        let problem = format!("`{written}` is not a time");
        return Err(output::fail(exit::USAGE, &problem, "write 02:41, 02:41:30 or 2026-11-21T02:41:30Z, in UTC"));
    };
    if meant > last || meant + TimeDelta::minutes(1) <= first {
        let form = "%Y-%m-%d %H:%M:%SZ";
        let problem = format!("{} is not in the recording", meant.format(form));
        let hint = format!("it goes from {} to {}", first.format(form), last.format(form));
        return Err(output::fail(exit::USAGE, &problem, &hint));
    }
    Ok(meant.timestamp_millis())
}

fn picture(mut playing: Playing, at: i64, format: As, global: &Global) -> u8 {
    let (format, depth) = match format {
        As::Svg => (ExportFormat::Svg, ColorDepth::True),
        As::Txt => (ExportFormat::Text, ColorDepth::None),
    };
    let catalogue = match themes::with_wished(global, &[]) {
        Ok(catalogue) => catalogue,
        Err(code) => return code,
    };
    let mut painter = FramePainter::new(catalogue, depth, GlyphSet::UTF8);
    playing.seek(at, &mut |state| replay::layout_of(&mut painter, state));
    let state = &playing.player.state;
    let area = Rect::new(0, 0, state.console.size.0, state.console.size.1);
    let mut buffer = Buffer::empty(area);
    painter.paint(state, area, &mut buffer);
    let title = format!("opsroom · {}", state.world.config.console.name);
    let mut text = painter.export(&state.console.theme, &buffer, format, &title);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    output::print(&text)
}

fn watch(mut playing: Playing, at: i64, global: &Global) -> u8 {
    if !std::io::stdout().is_terminal() {
        let hint = "add --at TIME --format txt for one frame";
        return output::fail(exit::USAGE, "standard output is not a terminal", hint);
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let catalogue = match themes::with_wished(global, &[]) {
        Ok(catalogue) => catalogue,
        Err(code) => return code,
    };
    let ascii = playing.player.state.world.config.console.ascii;
    let painter = FramePainter::detect(catalogue, &environment, true, global.no_color, ascii);
    playing.head_for(at);
    panics::install();
    match output::block_on(replay::run(global.clock, playing, painter)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) | Err(error) => {
            output::fail(exit::SOFTWARE, &format!("the replay can't start: {error}"), "use another terminal")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_alone_is_of_a_day_that_was_recorded() {
        let moment = |written: &str| -> DateTime<Utc> { written.parse().unwrap() };
        let at = |written: &str, first: &str, last: &str| {
            meant(written, moment(first), moment(last)).map(|at| at.format("%d %H:%M:%S").to_string())
        };
        let (evening, night) = ("2026-12-01T23:50:20Z", "2026-12-02T00:20:00Z");
        assert_eq!(at("23:50", evening, night).as_deref(), Some("01 23:50:00"), "its seconds are not meant");
        assert_eq!(at("00:10", evening, night).as_deref(), Some("02 00:10:00"));
        assert_eq!(at("23:40", evening, night).as_deref(), Some("01 23:40:00"), "the next one was not recorded either");
        assert_eq!(at("2026-12-02T02:10:00+02:00", evening, night).as_deref(), Some("02 00:10:00"));
        assert_eq!(at("soon", evening, night), None);
    }
}
