//! Time zones of the tz database, which is in the binary: a host without `/usr/share/zoneinfo` knows them too.
//!
//! The database is read as jiff packs it. As tables of Rust values (`chrono-tz`) it took a tenth of the binary.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{LazyLock, OnceLock},
};

use chrono::{
    DateTime, Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike,
    Utc,
};
use jiff::{
    Timestamp, civil,
    tz::{self, AmbiguousOffset, TimeZoneDatabase},
};

/// Every zone by its name, and its rules once somebody asked for them.
static ZONES: LazyLock<BTreeMap<String, OnceLock<tz::TimeZone>>> =
    LazyLock::new(|| DATABASE.available().map(|name| (name.as_str().to_owned(), OnceLock::new())).collect());

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

static UTC: OnceLock<tz::TimeZone> = OnceLock::new();

/// A time zone, by its name in the tz database.
#[derive(Clone, Copy)]
pub struct Tz {
    name: &'static str,
    rules: &'static OnceLock<tz::TimeZone>,
}

impl Tz {
    /// Greenwich's without summer time, and the default everywhere.
    pub const UTC: Self = Self { name: "UTC", rules: &UTC };

    /// Every name that can be parsed, in order.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        ZONES.keys().map(String::as_str)
    }

    /// The zone of this name, which must be there.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        name.parse().unwrap_or_else(|_| panic!("no zone {name}"))
    }

    /// The moment at which the clocks of the zone first show `local`; where they skip it, the moment at which they are
    /// set forward over it. Never earlier for a later `local`.
    pub(crate) fn first_moment(self, local: NaiveDateTime) -> DateTime<Utc> {
        if let Some(at) = local.and_local_timezone(self).earliest() {
            return at.to_utc();
        }
        let AmbiguousOffset::Gap { after, .. } = self.rules().to_ambiguous_timestamp(civil(local)).offset() else {
            return local.and_utc();
        };
        // By the offset that is not in force yet, the moment lies before the change.
        let before = timestamp(local.and_utc().timestamp() - i64::from(after.seconds()));
        let change = self.rules().following(before).next().map_or(before, |change| change.timestamp());
        DateTime::from_timestamp(change.as_second(), 0).unwrap_or_else(|| local.and_utc())
    }

    /// Whether the clocks of the zone ever show `local`: they skip what lies in the hour by which they are set forward.
    pub(crate) fn shows(self, local: NaiveDateTime) -> bool {
        local.and_local_timezone(self).earliest().is_some()
    }

    /// Whether the clocks of the zone show the time of a moment at another one too, where they are set back.
    pub(crate) fn shows_twice(self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self).naive_local();
        matches!(local.and_local_timezone(self), MappedLocalTime::Ambiguous(..))
    }

    /// What tells a moment from the other one that clocks show alike, to stand behind the time: ` CEST`; else nothing.
    pub(crate) fn told_apart(self, at: DateTime<Utc>) -> String {
        if self.shows_twice(at) { format!(" {}", at.with_timezone(&self).offset()) } else { String::new() }
    }

    /// When the clocks of the zone are set after a moment, the earliest first.
    pub(crate) fn changes(self, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        let changes = self.rules().following(timestamp(after.timestamp()));
        changes.filter_map(|change| DateTime::from_timestamp(change.timestamp().as_second(), 0))
    }

    fn rules(self) -> &'static tz::TimeZone {
        self.rules.get_or_init(|| DATABASE.get(self.name).unwrap_or(tz::TimeZone::UTC))
    }

    fn offset(self, utc: Timestamp) -> TzOffset {
        let east = self.rules().to_offset(utc).seconds();
        TzOffset { zone: self, at: utc, fixed: fixed(east) }
    }
}

impl FromStr for Tz {
    type Err = UnknownTz;

    /// Exactly as the database writes it: `japan` is a word, `Japan` a zone.
    fn from_str(name: &str) -> Result<Self, UnknownTz> {
        if name == Self::UTC.name {
            return Ok(Self::UTC);
        }
        let (name, rules) = ZONES.get_key_value(name).ok_or(UnknownTz)?;
        Ok(Self { name, rules })
    }
}

impl PartialEq for Tz {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Tz {}

impl fmt::Display for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// No zone of the tz database has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownTz;

/// What the clocks of a zone showed at one moment.
#[derive(Debug, Clone, Copy)]
pub struct TzOffset {
    zone: Tz,
    at: Timestamp,
    fixed: FixedOffset,
}

impl TzOffset {
    /// Whether `short` is what this offset is called in its zone: `CET`.
    pub(crate) fn is_called(&self, short: &str) -> bool {
        self.zone.rules().to_offset_info(self.at).abbreviation() == short
    }
}

impl fmt::Display for TzOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.zone.rules().to_offset_info(self.at).abbreviation())
    }
}

impl Offset for TzOffset {
    fn fix(&self) -> FixedOffset {
        self.fixed
    }
}

impl TimeZone for Tz {
    type Offset = TzOffset;

    fn from_offset(offset: &TzOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<TzOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<TzOffset> {
        let at = |offset: tz::Offset| TzOffset {
            zone: *self,
            at: timestamp(local.and_utc().timestamp() - i64::from(offset.seconds())),
            fixed: fixed(offset.seconds()),
        };
        match self.rules().to_ambiguous_timestamp(civil(*local)).offset() {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(at(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => MappedLocalTime::Ambiguous(at(before), at(after)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> TzOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> TzOffset {
        self.offset(timestamp(utc.and_utc().timestamp()))
    }
}

/// The database knows offsets of less than a day alone.
fn fixed(east: i32) -> FixedOffset {
    FixedOffset::east_opt(east).unwrap_or_else(|| Utc.fix())
}

/// The moment for the rules: years beyond 9999 follow those of 9999.
fn timestamp(seconds: i64) -> Timestamp {
    let end = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(seconds).unwrap_or(end)
}

/// The same for what a clock shows. The rules know no part of a second.
fn civil(local: NaiveDateTime) -> civil::DateTime {
    let end = if local.year() < 0 { civil::DateTime::MIN } else { civil::DateTime::MAX };
    let small = |number: u32| i8::try_from(number).ok();
    let of = || {
        let year = i16::try_from(local.year()).ok()?;
        let (month, day) = (small(local.month())?, small(local.day())?);
        let (hour, minute, second) = (small(local.hour())?, small(local.minute())?, small(local.second())?);
        civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()
    };
    of().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_those_of_the_database_to_the_letter() {
        assert_eq!("UTC".parse(), Ok(Tz::UTC));
        assert_eq!(format!("{:?}", Tz::named("Europe/Zurich")), "Europe/Zurich");
        for no in ["", "europe/zurich", "Europe/Nowhere", "utc", "CET+1", "../Europe/Zurich"] {
            assert_eq!(no.parse::<Tz>(), Err(UnknownTz), "{no}");
        }
        for name in Tz::names() {
            assert_eq!(Tz::named(name).name, name);
        }
        assert!(Tz::names().count() > 500);
    }

    #[test]
    fn clocks_are_moved_as_the_database_says() {
        let shown = |name: &str, at: &str| {
            let at: DateTime<Utc> = at.parse().unwrap();
            at.with_timezone(&Tz::named(name)).format("%H:%M %Z").to_string()
        };
        assert_eq!(shown("UTC", "2026-11-20T10:00:00Z"), "10:00 UTC");
        assert_eq!(shown("Europe/Zurich", "2026-10-25T00:59:59Z"), "02:59 CEST");
        assert_eq!(shown("Europe/Zurich", "2026-10-25T01:00:00Z"), "02:00 CET");
        assert_eq!(shown("Asia/Kolkata", "2026-10-25T01:00:00Z"), "06:30 IST");
        assert_eq!(shown("Europe/Zurich", "2045-07-01T10:00:00Z"), "12:00 CEST");
    }

    #[test]
    fn what_a_clock_shows_twice_or_never() {
        let found = |local: &str| Tz::named("Europe/Zurich").from_local_datetime(&local.parse().unwrap());
        assert_eq!(found("2026-03-29T02:30:00"), MappedLocalTime::None);
        let MappedLocalTime::Ambiguous(first, then) = found("2026-10-25T02:30:00") else { panic!("shown twice") };
        assert_eq!(first.to_utc().to_string(), "2026-10-25 00:30:00 UTC");
        assert_eq!(then.to_utc().to_string(), "2026-10-25 01:30:00 UTC");
        assert!(first.offset().is_called("CEST") && then.offset().is_called("CET"));
        for (name, at, apart) in [
            ("Europe/Zurich", "2026-10-24T23:59:59Z", ""),
            ("Europe/Zurich", "2026-10-25T00:00:00Z", " CEST"),
            ("Europe/Zurich", "2026-10-25T01:59:59Z", " CET"),
            ("Europe/Zurich", "2026-10-25T02:00:00Z", ""),
            ("Europe/Zurich", "2026-03-29T01:00:00Z", ""),
            ("Australia/Lord_Howe", "2026-04-04T14:40:00Z", " +11"),
            ("Australia/Lord_Howe", "2026-04-04T15:10:00Z", " +1030"),
            ("UTC", "2026-10-25T01:30:00Z", ""),
        ] {
            assert_eq!(Tz::named(name).told_apart(at.parse().unwrap()), apart, "{name} {at}");
        }
    }

    #[test]
    fn a_time_that_clocks_skip_is_the_moment_of_the_change() {
        let first = |name: &str, local: &str| Tz::named(name).first_moment(local.parse().unwrap()).to_string();
        for local in ["2026-03-29T02:00:00", "2026-03-29T02:30:00", "2026-03-29T02:59:59", "2026-03-29T03:00:00"] {
            assert_eq!(first("Europe/Berlin", local), "2026-03-29 01:00:00 UTC", "{local}");
        }
        assert_eq!(first("Europe/Berlin", "2026-10-25T02:30:00"), "2026-10-25 00:30:00 UTC");
        assert_eq!(first("America/New_York", "2026-03-08T02:30:00"), "2026-03-08 07:00:00 UTC");
        assert_eq!(first("Pacific/Apia", "2011-12-30T12:00:00"), "2011-12-30 10:00:00 UTC");
    }

    #[test]
    fn the_first_and_the_last_moment_have_an_offset() {
        for at in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            for name in ["UTC", "Europe/Zurich", "Pacific/Kiritimati"] {
                Tz::named(name).offset_from_utc_datetime(&at);
                assert!(Tz::named(name).offset_from_local_datetime(&at).earliest().is_some());
            }
        }
    }

    proptest! {
        #[test]
        fn a_moment_shown_in_a_zone_is_found_again(
            seconds in -2_000_000_000_i64..8_000_000_000,
            name in prop::sample::select(Tz::names().collect::<Vec<_>>()),
        ) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let local = at.with_timezone(&Tz::named(name)).naive_local();
            let found = Tz::named(name).from_local_datetime(&local);
            let moments: Vec<_> = [found.earliest(), found.latest()].into_iter().flatten().map(|at| at.to_utc()).collect();
            prop_assert!(moments.contains(&at), "{name} {at} {local} {moments:?}");
        }
    }
}
