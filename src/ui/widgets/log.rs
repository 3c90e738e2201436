//! Log records as rows: time, level, source, message with what was found in it, fields.

mod fields;

use std::ops::Range;

use crate::lang::tz::Tz;
use chrono::TimeDelta;
use ratatui::layout::Rect;

use crate::app::layout::Target;
use crate::app::screens::logs::{FieldColumns, Timestamps};
use crate::lang::time::Stamp;
use crate::logs::record::{Level, Record, RecordKind};
use crate::text::StyleSpan;
use crate::theme::{GlyphSet, Role};
use crate::ui::figures;
use crate::ui::line::{Line, Span};
use crate::ui::paint::{Painter, split_top};

use fields::RowFields;

/// One record to draw.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts about one row")]
pub(crate) struct LogRow<'a> {
    /// The record.
    pub record: &'a Record,
    /// The cursor stands on it.
    pub selected: bool,
    /// A person marked it.
    pub marked: bool,
    /// It is shown only as context of another.
    pub context: bool,
    /// It came later than its time says.
    pub late: bool,
    /// Time since the record above it, in this list; `None` where there is none.
    pub since: Option<TimeDelta>,
    /// How often its like came, where it stands for all of them; 1 elsewhere.
    pub times: u64,
}

/// Finds what is to be highlighted in a text.
pub(crate) type Finder<'a> = dyn Fn(&str) -> Vec<Range<usize>> + 'a;

/// How records are drawn.
#[expect(clippy::struct_excessive_bools, reason = "independent choices of a person, and what is in sight")]
pub(crate) struct LogStyle<'a> {
    /// How times are shown.
    pub timestamps: Timestamps,
    pub zone: Tz,
    /// For ages.
    pub now: Stamp,
    /// Whether times are shown with their day: see [`is_dated`].
    pub dated: bool,
    /// Columns for the name of service or log; 0 for none.
    pub source: usize,
    /// Whether long messages go on in further rows.
    pub wrap: bool,
    /// The first column of the message that is shown, where it is not wrapped.
    pub column: usize,
    /// What the search found in a text.
    pub finder: &'a Finder<'a>,
    /// Whether the colours that messages ask for are drawn.
    pub colours: bool,
    /// The fields that have a column, and whether the others follow the message.
    pub columns: &'a FieldColumns,
    /// Whether keys go to this list.
    pub focused: bool,
}

/// Whether any of the records is of another day than `now`: without the day, what is old would look like what is new.
pub(crate) fn is_dated<'a>(records: impl IntoIterator<Item = &'a Record>, now: Stamp, zone: Tz) -> bool {
    records.into_iter().any(|record| !figures::same_day(record.at(), now.utc, zone))
}

/// Bytes of a message that a row shows; the record in full has the rest.
const SHOWN: usize = 8 << 10;

/// The part of a message that a row shows.
fn shown(message: &str) -> &str {
    &message[..message.floor_char_boundary(SHOWN)]
}

/// What a row does not show of its record: `+12 KiB`, and what had no room in it: `+3 MiB cut`.
fn left_out(record: &Record) -> Option<Line<'static>> {
    let rest = record.message.len() - shown(record.message.as_str()).len();
    let bytes = |n: u64| figures::bytes(n).replace(".0 ", " ");
    let rest = (rest > 0).then(|| format!("+{}", bytes(rest as u64)));
    let cut = (record.cut_bytes > 0).then(|| format!("+{} cut", bytes(record.cut_bytes)));
    let words = [rest, cut].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| Line::styled(words, Role::LevelWarn))
}

/// What stands at the right edge of a row: how often its like came, else what is left out of it.
fn at_the_end(row: &LogRow<'_>, glyphs: GlyphSet) -> Option<Line<'static>> {
    let sign = if glyphs.ascii { "x" } else { "×" };
    let times = (row.times > 1).then(|| Line::styled(format!("{sign}{}", figures::count(row.times)), Role::TextStrong));
    times.or_else(|| left_out(row.record))
}

/// Stands behind the level of what a program wrote to its stderr.
pub(crate) const STDERR: &str = "!";

impl LogStyle<'_> {
    /// What stands before the message: mark, time, level, source. The same columns in every row.
    fn head<'r>(&self, row: &LogRow<'r>, width: usize, glyphs: GlyphSet) -> Line<'r> {
        let record = row.record;
        let sign = match (row.marked, row.late) {
            (true, _) => glyphs.mark,
            (false, true) => glyphs.up,
            (false, false) => " ",
        };
        let mut head = Line::styled(sign, Role::LogMark);
        let at = record.at();
        let time = match self.timestamps {
            Timestamps::None | Timestamps::Elapsed => String::new(),
            Timestamps::Age => format!("{:>4}", figures::age(self.now.since(record.read_at))),
            Timestamps::Full => figures::full(at, self.zone),
            Timestamps::Short if self.dated && width < 40 => at.with_timezone(&self.zone).format("%m-%d").to_string(),
            Timestamps::Short if self.dated => figures::dated(at, self.zone),
            Timestamps::Short if width < 40 => at.with_timezone(&self.zone).format("%H:%M").to_string(),
            Timestamps::Short => figures::time(at, self.zone),
        };
        if self.timestamps == Timestamps::Elapsed {
            let (words, role) = elapsed(row.since);
            head = head.and(format!("{words:>8}"), role).and(" ", Role::Text);
        }
        if !time.is_empty() {
            head = head.and(time, Role::LogTime).and(" ", Role::Text);
        }
        let (word, letter, role) = level(record.level);
        head = match width {
            ..60 => head.and(letter, role),
            _ => head.and(word, role).and(" ".repeat(5 - word.len()), Role::Text),
        };
        let (sign, role) = if record.stderr { (STDERR, Role::StatusDegraded) } else { (" ", Role::Text) };
        head = head.and(sign, role);
        if self.source > 0 && width >= 50 {
            let name = record.service.as_ref().map_or_else(|| Span::from(&record.log), Span::from);
            let role = Role::of_service(record.service.as_ref().map_or(&record.log, |service| service.as_str()));
            let name = name.fitted(self.source, glyphs.ellipsis);
            let rest = self.source.saturating_sub(name.width());
            head = head.and(name, role).and(" ".repeat(rest + 1), Role::Text);
        }
        head
    }

    /// Cells of the columns of fields: half of a row at the most, and none where the message is short of room.
    fn room_for_columns(width: usize) -> usize {
        if width >= 50 { width / 2 } else { 0 }
    }

    /// Draws the names of the columns in the first row where any were chosen; the rest is for the records.
    pub(crate) fn head_row(&self, painter: &mut Painter<'_>, area: Rect, rows: &[LogRow<'_>]) -> Rect {
        let glyphs = painter.glyphs();
        let words = fields::headings(self.columns, Self::room_for_columns(usize::from(area.width)), glyphs.ellipsis);
        let Some(like) = rows.first().filter(|_| !words.is_empty() && area.height >= 3) else { return area };
        let (row, rest) = split_top(area, 1);
        let before = u16::try_from(self.head(like, usize::from(area.width), glyphs).width()).unwrap_or(area.width);
        painter.put_at(row, before, 0, &words);
        rest
    }

    /// `text`, which is the message or a part of it, with what was found in it, in its own colours where nothing else is to
    /// be seen.
    fn message<'r>(&self, row: &LogRow<'r>, text: &'r str) -> Line<'r> {
        let record = row.record;
        let role = match record.kind {
            RecordKind::Marker => Role::LogMarker,
            RecordKind::Partial => Role::TextDim,
            RecordKind::Line => Role::Text,
        };
        let inks = if self.colours && !row.context { record.styles() } else { &[] };
        inked(text, (role, Role::LogMatch), self.finder, (inks, row.selected))
    }

    /// The rows of one record in `width` columns.
    pub(crate) fn rows(&self, row: &LogRow<'_>, width: usize, glyphs: GlyphSet) -> Vec<Line<'static>> {
        let record = row.record;
        let fields = RowFields::read(record, self.columns);
        let head = self.head(row, width, glyphs).join(fields.columns(Self::room_for_columns(width), glyphs.ellipsis));
        let indent = head.width();
        // Fields belong to the first line: behind the last one of many nobody would see them.
        let text = shown(record.message.as_str());
        let (first, others) = text.split_at(if self.wrap { text.len() } else { text.find('\n').unwrap_or(text.len()) });
        let mut message = self.message(row, first).join(fields.rest(self.finder));
        message = message.join(Line::styled(Span::borrowed(others), Role::Text));
        if record.kind == RecordKind::Marker {
            message = Line::styled(glyphs.marker, Role::LogMarker).and(" ", Role::Text).join(message);
        }
        if row.context {
            message = message.all(Role::TextDim);
        }
        let room = width.saturating_sub(indent);
        if self.wrap && room >= 8 {
            if let Some(rest) = left_out(record) {
                message = message.and(glyphs.ellipsis, Role::LevelWarn).and(" ", Role::Text).join(rest);
            }
            let blank = " ".repeat(indent);
            let lines = message.wrapped(room, 0);
            return lines
                .into_iter()
                .enumerate()
                .map(|(at, line)| {
                    let start = if at == 0 { owned(&head) } else { Line::plain(blank.clone()) };
                    start.join(line)
                })
                .collect();
        }
        let message = if self.column > 0 { message.skipped(self.column) } else { owned(&message) };
        vec![owned(&head).join(message)]
    }

    /// The first record to draw so that the selected one, else the last one, ends in sight.
    pub(crate) fn first_in_sight(&self, rows: &[LogRow<'_>], area: Rect, glyphs: GlyphSet) -> usize {
        if !self.wrap && rows.len() <= usize::from(area.height) {
            return 0;
        }
        let wanted = rows.iter().position(|row| row.selected).unwrap_or(rows.len().saturating_sub(1));
        let mut left = usize::from(area.height);
        let mut first = wanted;
        for at in (0..=wanted.min(rows.len().saturating_sub(1))).rev() {
            let lines = self.rows(&rows[at], usize::from(area.width), glyphs).len();
            if lines > left {
                break;
            }
            left -= lines;
            first = at;
        }
        first
    }

    /// Draws records from the top of `area` down; how many rows were used.
    pub(crate) fn draw(&self, painter: &mut Painter<'_>, area: Rect, rows: &[LogRow<'_>]) -> u16 {
        let glyphs = painter.glyphs();
        let mut y = 0;
        for row in rows {
            let lines = self.rows(row, usize::from(area.width), glyphs);
            let top = y;
            // A row that is not wrapped is cut where the panel ends: what is left out stands there.
            let rest = at_the_end(row, glyphs).filter(|rest| !self.wrap && rest.width() < usize::from(area.width) / 2);
            for line in &lines {
                if y >= area.height {
                    break;
                }
                match &rest {
                    Some(rest) => {
                        let taken = u16::try_from(rest.width() + 1).unwrap_or(area.width);
                        painter.put(Rect { width: area.width.saturating_sub(taken), ..area }, y, line);
                        painter.put_right(area, y, rest);
                    }
                    None => {
                        painter.put(area, y, line);
                    }
                }
                y += 1;
            }
            let spot = Rect { y: area.y + top, height: y - top, ..area };
            let first = Rect { height: spot.height.min(1), ..spot };
            if row.selected && self.focused {
                painter.highlight(first);
            } else if row.selected {
                painter.tint(first, Role::SelectionIdle);
            }
            painter.note(spot, Target::LogLine(row.record.log.clone(), row.record.seq));
        }
        y
    }
}

/// Word (at most five letters), letter and role of a level.
pub(crate) fn level(level: Level) -> (&'static str, &'static str, Role) {
    match level {
        Level::Fatal => ("FATAL", "F", Role::LevelFatal),
        Level::Error => ("ERROR", "E", Role::LevelError),
        Level::Warn => ("WARN", "W", Role::LevelWarn),
        Level::Info => ("INFO", "I", Role::LevelInfo),
        Level::Debug => ("DEBUG", "D", Role::LevelDebug),
        Level::Trace => ("TRACE", "T", Role::LevelTrace),
        Level::None => ("", " ", Role::Text),
    }
}

/// `+1.2s`: how long after the record above. From ten seconds on it is a gap and stands out.
fn elapsed(since: Option<TimeDelta>) -> (String, Role) {
    let Some(since) = since else { return (String::new(), Role::LogTime) };
    let (sign, millis) = if since < TimeDelta::zero() { ('-', -since) } else { ('+', since) };
    let millis = u64::try_from(millis.num_milliseconds()).unwrap_or(0);
    let seconds = millis / 1_000;
    let words = match seconds {
        0 => format!("{sign}{millis}ms"),
        1..60 => format!("{sign}{seconds}.{}s", millis % 1_000 / 100),
        60..3_600 => format!("{sign}{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{sign}{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{sign}{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    };
    let role = match seconds {
        0..10 => Role::LogTime,
        10..60 => Role::LevelWarn,
        _ => Role::LevelError,
    };
    (words, role)
}

/// The same, and what was not found in the colours that it asks for. Where a tint lies behind it, that is the only ground.
fn inked<'a>(
    text: &'a str,
    (role, found): (Role, Role),
    finder: &Finder<'_>,
    (inks, tinted): (&[StyleSpan], bool),
) -> Line<'a> {
    if inks.is_empty() {
        return highlighted(text, role, found, finder);
    }
    let mut words = Line::new();
    let plain = |from: usize, to: usize, words: &mut Line<'a>| {
        let mut at = from;
        for (range, ink) in inks.iter().filter(|(range, _)| range.start < to && range.end > from) {
            let (start, end) = (range.start.max(at), range.end.min(to));
            words.push(Span::borrowed(text.get(at..start).unwrap_or_default()), role);
            let ink = if tinted { ink.without_ground() } else { *ink };
            words.push_inked(Span::borrowed(text.get(start..end).unwrap_or_default()), role, ink);
            at = end;
        }
        words.push(Span::borrowed(text.get(at..to).unwrap_or_default()), role);
    };
    let mut at = 0;
    for hit in finder(text) {
        plain(at, hit.start, &mut words);
        words.push(Span::borrowed(text.get(hit.clone()).unwrap_or_default()), found);
        at = hit.end;
    }
    plain(at, text.len(), &mut words);
    words
}

/// A text with the found parts in their own role.
pub(crate) fn highlighted<'a>(text: &'a str, role: Role, found: Role, finder: &Finder<'_>) -> Line<'a> {
    let mut words = Line::new();
    let mut at = 0;
    for hit in finder(text) {
        let (Some(before), Some(part)) = (text.get(at..hit.start), text.get(hit.clone())) else { continue };
        words.push(Span::borrowed(before), role);
        words.push(Span::borrowed(part), found);
        at = hit.end;
    }
    words.push(Span::borrowed(text.get(at..).unwrap_or_default()), role);
    words
}

fn owned(words: &Line<'_>) -> Line<'static> {
    words.skipped(0)
}
