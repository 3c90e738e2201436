//! From text to schedules: `DAYS [TIME | FROM-TO] [ZONE]`, a cron line, two dates with a slash.

use chrono::NaiveTime;

use super::cron::Cron;
use super::days::{DayOfMonth, DayRule, Weekdays, weekday};
use super::{LocalMoment, MomentForm, MomentSchedule, ScheduleError, WindowForm, WindowSchedule};
use crate::lang::nearest;
use crate::lang::tz::Tz;

const WINDOW_HINT: &str =
    "write Sun 02:00-04:00 UTC, daily 22:00-07:00, Mon-Fri 09:00-17:00, or 2026-03-02T09:00/2026-03-02T11:00";
const MOMENT_HINT: &str = "write daily 09:00, weekly Mon 09:00, Mon-Fri 09:00, monthly first Mon 10:00, quarterly, or a cron line: 0 9 * * 1-5";

fn error(offset: usize, message: impl Into<String>, hint: impl Into<String>) -> ScheduleError {
    ScheduleError { offset, message: message.into(), hint: hint.into() }
}

/// The words of a text, each with the character at which it begins.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut offset, mut rest) = (0, text);
    while let Some(begin) = rest.find(|c: char| !c.is_whitespace()) {
        offset += rest[..begin].chars().count();
        rest = &rest[begin..];
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        found.push((offset, &rest[..end]));
        offset += rest[..end].chars().count();
        rest = &rest[end..];
    }
    found
}

/// The words that are not read yet.
struct Words<'a> {
    all: &'a [(usize, &'a str)],
    next: usize,
    hint: &'static str,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<(usize, &'a str)> {
        self.all.get(self.next).copied()
    }

    fn take(&mut self) -> Option<(usize, &'a str)> {
        let word = self.peek();
        self.next += usize::from(word.is_some());
        word
    }

    /// The next word, or the error that one is missing behind the last.
    fn expect(&mut self, what: &str) -> Result<(usize, &'a str), ScheduleError> {
        let end = self.all.last().map_or(0, |(offset, word)| offset + word.chars().count().saturating_sub(1));
        self.take().ok_or_else(|| error(end, format!("{what} is missing"), self.hint))
    }

    /// A zone behind everything else, and then nothing.
    fn zone(&mut self) -> Result<Option<Tz>, ScheduleError> {
        let Some((offset, word)) = self.take() else { return Ok(None) };
        let zone = word.parse::<Tz>().map_err(|_| {
            let hint = nearest::suggest(nearest::nearest(word, Tz::names()), || {
                "write an IANA name like UTC or Europe/Vienna".to_owned()
            });
            error(offset, format!("unknown time zone `{word}`"), hint)
        })?;
        match self.take() {
            Some((offset, word)) => Err(error(offset, format!("`{word}` follows the end of the schedule"), self.hint)),
            None => Ok(Some(zone)),
        }
    }
}

pub(super) fn window(text: &str) -> Result<WindowSchedule, ScheduleError> {
    let all = words(text);
    let mut words = Words { all: &all, next: 0, hint: WINDOW_HINT };
    let (offset, first) = words.expect("a schedule")?;
    if let Some((start, end)) = first.split_once('/').filter(|_| first.starts_with(|c: char| c.is_ascii_digit())) {
        let within =
            |at: usize| move |fault: ScheduleError| ScheduleError { offset: offset + at + fault.offset, ..fault };
        let end_at = start.chars().count() + 1;
        let form = WindowForm::Once {
            start: LocalMoment::parse(start).map_err(within(0))?,
            end: LocalMoment::parse(end).map_err(within(end_at))?,
        };
        let zone = words.zone()?;
        let schedule = WindowSchedule { form, zone, written: text.into() };
        if let WindowForm::Once { start, end } = schedule.form
            && super::once(start, end, zone.unwrap_or(Tz::UTC)).is_none()
        {
            return Err(error(offset + end_at, "the window ends before it starts", WINDOW_HINT));
        }
        return Ok(schedule);
    }
    words.next = 0;
    let days = days(&mut words)?;
    let (offset, range) = words.expect("a span of time")?;
    let (from, to) = range.split_once('-').ok_or_else(|| {
        error(
            offset,
            format!("`{range}` is not a span of time"),
            format!("write {range}-04:00: when it starts and ends"),
        )
    })?;
    let end_at = offset + from.chars().count() + 1;
    let (from, to) = (clock(from, offset, false)?, clock(to, end_at, true)?);
    if from == to && from != NaiveTime::MIN {
        return Err(error(end_at, "the window ends when it starts", "write 00:00-24:00 for the whole day"));
    }
    Ok(WindowSchedule { form: WindowForm::Again { days, from, to }, zone: words.zone()?, written: text.into() })
}

pub(super) fn moment(text: &str) -> Result<MomentSchedule, ScheduleError> {
    let all = words(text);
    let mut words = Words { all: &all, next: 0, hint: MOMENT_HINT };
    let (_, first) = words.expect("a schedule")?;
    words.next = 0;
    let written = text.into();
    if first.starts_with(|c: char| c.is_ascii_digit() || c == '*') {
        let Some(fields) = all.get(..5) else {
            let (message, hint) = (format!("`{text}` is not a schedule"), MOMENT_HINT);
            return Err(error(all[0].0, message, hint));
        };
        let form = MomentForm::Cron(Cron::parse(fields)?);
        words.next = 5;
        return Ok(MomentSchedule { form, zone: words.zone()?, written });
    }
    let days = days(&mut words)?;
    let at = match words.peek() {
        Some((offset, word)) if word.starts_with(|c: char| c.is_ascii_digit()) => {
            words.take();
            if word.contains('-') {
                let (message, hint) = (format!("`{word}` is a span, and a moment is meant"), MOMENT_HINT);
                return Err(error(offset, message, hint));
            }
            clock(word, offset, false)?
        }
        _ => NaiveTime::MIN,
    };
    Ok(MomentSchedule { form: MomentForm::Days { days, at }, zone: words.zone()?, written })
}

/// `09:00`; `24:00` as the end of a day.
fn clock(word: &str, offset: usize, is_end: bool) -> Result<NaiveTime, ScheduleError> {
    if is_end && word == "24:00" {
        return Ok(NaiveTime::MIN);
    }
    let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = word.split_once(':').filter(|(hour, minute)| two(hour) && two(minute));
    parts
        .and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0))
        .ok_or_else(|| error(offset, format!("`{word}` is not a valid time"), "write two digits each: 09:00"))
}

/// `daily`, `Sun`, `Mon-Fri`, `Mon,Thu`, `weekly Mon`, `fortnightly Mon`, `monthly first Mon`, `monthly 15`, `mid-month`,
/// `month-end`, `quarterly`.
fn days(words: &mut Words<'_>) -> Result<DayRule, ScheduleError> {
    let (offset, word) = words.expect("a schedule")?;
    match word.to_ascii_lowercase().as_str() {
        "daily" => Ok(DayRule::Weekly(Weekdays::ALL)),
        "weekly" => {
            let (offset, word) = words.expect("the day of the week")?;
            weekdays(word, offset, words.hint).map(DayRule::Weekly)
        }
        "fortnightly" => {
            let (offset, word) = words.expect("the day of the week")?;
            weekdays(word, offset, words.hint).map(DayRule::Fortnightly)
        }
        "monthly" => day_of_month(words).map(DayRule::Monthly),
        "mid-month" => Ok(DayRule::Monthly(DayOfMonth::Number(15))),
        "month-end" => Ok(DayRule::Monthly(DayOfMonth::LastDay)),
        "quarterly" => match words.peek() {
            Some((_, word)) if is_day_of_month(word) => day_of_month(words).map(DayRule::Quarterly),
            _ => Ok(DayRule::Quarterly(DayOfMonth::Number(1))),
        },
        _ => weekdays(word, offset, words.hint).map(DayRule::Weekly),
    }
}

fn weekdays(word: &str, offset: usize, hint: &str) -> Result<Weekdays, ScheduleError> {
    let mut found = Weekdays::default();
    let mut at = offset;
    for part in word.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (Some(from), Some(to)) = (weekday(from), weekday(to)) else {
            const KNOWN: [&str; 14] = [
                "daily",
                "weekly",
                "fortnightly",
                "monthly",
                "mid-month",
                "month-end",
                "quarterly",
                "Mon",
                "Tue",
                "Wed",
                "Thu",
                "Fri",
                "Sat",
                "Sun",
            ];
            let hint = nearest::suggest(nearest::nearest(part, KNOWN.into_iter()), || hint.to_owned());
            return Err(error(at, format!("`{part}` is not a day"), hint));
        };
        found.add_range(from, to);
        at += part.chars().count() + 1;
    }
    Ok(found)
}

/// Which of a weekday in a month.
const NTH: [(&str, u32); 4] = [("first", 1), ("second", 2), ("third", 3), ("fourth", 4)];

fn is_day_of_month(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower == "last" || NTH.iter().any(|(name, _)| *name == lower) || word.bytes().all(|byte| byte.is_ascii_digit())
}

fn day_of_month(words: &mut Words<'_>) -> Result<DayOfMonth, ScheduleError> {
    const HINT: &str = "write first Mon, last Fri, last day, or a number from 1 to 31";
    let (offset, word) = words.expect("the day of the month")?;
    let lower = word.to_ascii_lowercase();
    if let Ok(number) = word.parse::<u32>() {
        return match number {
            1..=31 => Ok(DayOfMonth::Number(number)),
            _ => Err(error(offset, format!("no month has a day {number}"), HINT)),
        };
    }
    let nth = NTH.iter().find(|(name, _)| *name == lower).map(|(_, nth)| *nth);
    if nth.is_none() && lower != "last" {
        return Err(error(offset, format!("`{word}` is not a day of the month"), HINT));
    }
    let (offset, day) = words.expect("the day of the week")?;
    match (nth, weekday(day)) {
        (Some(nth), Some(day)) => Ok(DayOfMonth::Nth(nth, day)),
        (None, Some(day)) => Ok(DayOfMonth::Last(day)),
        (None, None) if day.eq_ignore_ascii_case("day") => Ok(DayOfMonth::LastDay),
        _ => Err(error(offset, format!("`{day}` is not a day of the week"), HINT)),
    }
}
