//! What a further file of a recording says again of the time before it, so that it shows the true screens where the files
//! before it are gone.
//!
//! All that a person did and all that is on record is kept, of readings, values and records of logs as much as the screens
//! look back. What is no longer kept is missing in figures that reach further back than that, and nowhere else.
//!
//! *Invariant:* lines stay in their order, and what asked for something stays with its answer.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::{Header, RecordedLine};
use crate::app::message::{Event, Learned};
use crate::config::Config;
use crate::lang::time::Stamp;
use crate::logs::record::Record;
use crate::logs::ring::RingLimits;
use crate::model::effect::RequestId;
use crate::model::observation::Observation;
use crate::model::outcome::Outcome;
use crate::model::reading::Sign;
use crate::model::rollup::SeriesKey;
use crate::text::name::Name;

/// How far back what comes without end is kept.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// At least so long.
    pub span: Duration,
    /// At least so many of each check, each metric and the like.
    pub each: usize,
    /// Records of each log, as many as it holds.
    pub records: RingLimits,
}

impl Reach {
    /// As far as screens look back: an hour of latencies, the values that a series holds one by one, the records that logs
    /// hold, of many logs a share of [`MOST_BYTES`].
    pub fn of_screens(config: &Config) -> Self {
        let (records, bytes) = (config.console.log_records, config.console.log_bytes);
        let records = RingLimits { records, bytes: bytes.min(MOST_BYTES / config.logs.len().max(1)) };
        Self { span: Duration::from_hours(1), each: 512, records }
    }
}

/// Lines of what comes without end that are kept at the most, whatever the reach: each takes about a kilobyte.
const MOST_RECENT: usize = 64 << 10;
/// Lines of people and of the record that are kept at the most.
const MOST_ALWAYS: usize = 64 << 10;
/// Bytes of records of logs that are kept at the most, in memory; compressed they take a tenth of it.
const MOST_BYTES: usize = 64 << 20;

/// How a line is kept.
enum Keep {
    Always,
    /// The latest of this kind alone counts.
    Latest(String),
    /// As far as the screens look back.
    Recent(String),
    /// As long as that, and the latest however old it is.
    Lately(String),
    /// As far as the screens look back, of one that ends: of old ones not even the last is kept.
    Passing(String),
}

/// Lines of one check, one log and the like.
#[derive(Debug, Default)]
struct Recent {
    lines: VecDeque<u64>,
    /// So many of them stay however old they are.
    least: usize,
    /// Records of logs in them, and their bytes.
    records: usize,
    bytes: usize,
    /// Of a check: the line with which the sign began that what was let go ended with.
    turned: Option<(u64, Sign)>,
}

/// The lines that are kept.
#[derive(Debug)]
pub struct Carried {
    reach: Reach,
    /// How the state began to which they lead.
    header: Header,
    lines: BTreeMap<u64, RecordedLine>,
    next: u64,
    always: VecDeque<u64>,
    latest: HashMap<String, u64>,
    recent: HashMap<String, Recent>,
    /// All of the recent ones.
    recents: BTreeSet<u64>,
    /// The request that was named last.
    request: Option<RequestId>,
    /// Messages that were left out so far.
    thinned: u64,
    /// Lines that were written so far.
    written: u64,
}

/// Frames, in the names of [`Keep::Lately`]. The one before what a person did stays.
const DRAWN: &str = "drawn";

impl Carried {
    /// Nothing, of a recording that begins so.
    pub fn new(header: Header, reach: Reach) -> Self {
        Self {
            reach,
            header,
            lines: BTreeMap::new(),
            next: 0,
            always: VecDeque::new(),
            latest: HashMap::new(),
            recent: HashMap::new(),
            recents: BTreeSet::new(),
            request: None,
            thinned: 0,
            written: 0,
        }
    }

    /// How the state began to which they lead.
    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    /// How a file begins that goes on at a moment. Behind it come [`Self::lines`].
    pub fn begin(&self, at: Stamp) -> Header {
        let since = Some(self.header.since.unwrap_or(self.header.at));
        let (restated, thinned, after) = (self.lines.len(), self.thinned, Some(self.written));
        Header { at, since, continued: true, restated, thinned, after, ..self.header.clone() }
    }

    /// What is said again, in its order.
    pub fn lines(&self) -> impl Iterator<Item = &RecordedLine> {
        self.lines.values()
    }

    /// A line was written.
    pub fn note(&mut self, line: RecordedLine) {
        if matches!(line, RecordedLine::Begins(_)) {
            return;
        }
        self.written += 1;
        let keep = match &line {
            RecordedLine::Thinned { messages, .. } => {
                self.thinned += messages;
                return;
            }
            RecordedLine::Took { event, left, .. } => {
                let asks = left.is_some_and(|left| self.request.replace(left.request) != Some(left.request));
                // What is done is done where things lie, and what is shown is asked for.
                if (asks || is_of_a_person(event))
                    && let Some(drawn) = self.recent.get_mut(DRAWN).and_then(|drawn| drawn.lines.pop_back())
                {
                    self.recents.remove(&drawn);
                    self.always.push_back(drawn);
                }
                if asks { Keep::Always } else { kept_as(event) }
            }
            line => keep_of(line),
        };
        let (number, at) = (self.next, line.at());
        self.next += 1;
        self.lines.insert(number, line);
        match keep {
            Keep::Always => {
                self.always.push_back(number);
                // With a key goes the frame before it.
                while self.always.len() > MOST_ALWAYS {
                    self.let_oldest_go();
                }
            }
            Keep::Latest(name) => {
                if let Some(before) = self.latest.insert(name, number) {
                    self.let_go(before);
                }
            }
            Keep::Recent(name) | Keep::Passing(name) => self.note_recent(&name, number, at, self.reach.each),
            Keep::Lately(name) => self.note_recent(&name, number, at, 1),
        }
    }

    fn note_recent(&mut self, name: &str, number: u64, at: Stamp, least: usize) {
        let (records, bytes) = self.lines.get(&number).map(weight_of).unwrap_or_default();
        let recent = self.recent.entry(name.to_owned()).or_default();
        recent.least = least;
        recent.lines.push_back(number);
        recent.records += records;
        recent.bytes += bytes;
        self.recents.insert(number);
        while self.recent.get(name).is_some_and(|recent| self.is_out_of_reach(recent, at)) {
            self.let_recent_go(name);
        }
        while self.recents.len() > MOST_RECENT {
            let Some(oldest) = self.recents.first().copied() else { break };
            match self.lines.get(&oldest).map(keep_of) {
                // The last of its name stays, however many others there are.
                Some(Keep::Recent(name) | Keep::Lately(name))
                    if self.recent.get(&name).is_some_and(|recent| recent.lines.len() > 1) =>
                {
                    self.let_recent_go(&name);
                }
                Some(Keep::Passing(name)) => self.let_recent_go(&name),
                _ => _ = self.recents.remove(&oldest),
            }
        }
    }

    /// Whether the oldest of these lines is no longer needed.
    fn is_out_of_reach(&self, recent: &Recent, now: Stamp) -> bool {
        let Some(oldest) = recent.lines.front().and_then(|oldest| self.lines.get(oldest)) else { return false };
        let (reach, (records, bytes)) = (&self.reach, weight_of(oldest));
        if records == 0 {
            return recent.lines.len() > recent.least && now.since(oldest.at()) > reach.span;
        }
        recent.records - records >= reach.records.records || recent.bytes - bytes >= reach.records.bytes
    }

    /// Lets the oldest of these lines go, unless since when things are as they are is known from it alone.
    fn let_recent_go(&mut self, name: &str) {
        let Some(recent) = self.recent.get_mut(name) else { return };
        let Some(number) = recent.lines.pop_front() else { return };
        self.recents.remove(&number);
        let Some(line) = self.lines.get(&number) else { return };
        let (records, bytes) = weight_of(line);
        recent.records -= records;
        recent.bytes -= bytes;
        let sign = sign_of(line);
        if sign.is_none() && recent.lines.is_empty() && recent.turned.is_none() {
            self.recent.remove(name);
            return self.let_go(number);
        }
        let Some(sign) = sign else { return self.let_go(number) };
        let gone = match recent.turned {
            Some((_, before)) if before == sign => number,
            _ => match recent.turned.replace((number, sign)) {
                Some((before, _)) => before,
                None => return,
            },
        };
        self.let_go(gone);
    }

    /// Of what a person did and of the record the oldest goes: it is marked as left out.
    fn let_oldest_go(&mut self) {
        let Some(number) = self.always.pop_front() else { return };
        match self.lines.get(&number) {
            Some(RecordedLine::Drawn { .. }) => return self.let_go(number),
            Some(RecordedLine::Reloaded { config, .. }) => self.header.config = config.clone(),
            Some(RecordedLine::Took { event, .. }) => {
                if let Event::Resize(columns, rows) = **event {
                    self.header.size = (columns, rows);
                }
            }
            _ => {}
        }
        self.thinned += 1;
        self.let_go(number);
    }

    /// Drops a line. How it left the console is how the one before it leaves it now: what comes next finds it so.
    fn let_go(&mut self, number: u64) {
        let Some(RecordedLine::Took { left: Some(left), .. }) = self.lines.remove(&number) else { return };
        let mut before = self.lines.range_mut(..number).rev().map(|(_, line)| line);
        let took = before.find_map(|line| match line {
            RecordedLine::Took { left, .. } => Some(left),
            _ => None,
        });
        if let Some(before) = took {
            *before = Some(left);
        }
    }
}

/// The records of logs that a line holds.
fn records(line: &RecordedLine) -> &[Record] {
    match line {
        RecordedLine::Took { event, .. } => match &**event {
            Event::Observation(Observation::Records { batch, .. }) => &batch.records,
            _ => &[],
        },
        _ => &[],
    }
}

/// How many they are.
pub(crate) fn records_of(line: &RecordedLine) -> usize {
    records(line).len()
}

/// The same, with their bytes.
fn weight_of(line: &RecordedLine) -> (usize, usize) {
    let records = records(line);
    (records.len(), records.iter().map(Record::footprint).sum())
}

/// What a reading says.
fn sign_of(line: &RecordedLine) -> Option<Sign> {
    match line {
        RecordedLine::Took { event, .. } => match &**event {
            Event::Observation(Observation::Reading(reading)) => Some(reading.sign),
            _ => None,
        },
        _ => None,
    }
}

fn is_of_a_person(event: &Event) -> bool {
    matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Resize(..) | Event::Focus(_))
}

/// How a line is kept that is not kept because of what it asked for.
fn keep_of(line: &RecordedLine) -> Keep {
    match line {
        RecordedLine::Took { event, .. } => kept_as(event),
        RecordedLine::Drawn { .. } => Keep::Lately(DRAWN.to_owned()),
        _ => Keep::Always,
    }
}

fn kept_as(event: &Event) -> Keep {
    match event {
        Event::Clock => Keep::Recent("clock".to_owned()),
        Event::Observation(observation) => observation_kept_as(observation),
        Event::Outcome(outcome) => outcome_kept_as(outcome),
        Event::Learned(Learned::Meters(_)) => Keep::Latest("meters".to_owned()),
        Event::Learned(Learned::Boot { .. }) => Keep::Latest("boot".to_owned()),
        _ => Keep::Always,
    }
}

fn observation_kept_as(observation: &Observation) -> Keep {
    let recent = |kind: &str, name: &Name| Keep::Recent(format!("{kind} {name}"));
    match observation {
        Observation::Reading(reading) => recent("reading", &reading.check),
        Observation::Sample(sample) => recent("sample", &sample.metric),
        // A batch that says of losses alone is none of the records.
        Observation::Records { log, batch } if batch.records.is_empty() => recent("loss", log),
        Observation::Records { log, .. } => Keep::Recent(format!("records {log}")),
        Observation::LogState { log, .. } => recent("log", log),
        Observation::Connectivity { .. } => Keep::Recent("connectivity".to_owned()),
        Observation::Overrun { name, .. } => recent("overrun", name),
        Observation::Scheduler { .. } => Keep::Recent("scheduler".to_owned()),
        _ => Keep::Always,
    }
}

fn outcome_kept_as(outcome: &Outcome) -> Keep {
    match outcome {
        Outcome::Past { series, .. } => Keep::Latest(format!("past {series:?}")),
        Outcome::Runs { .. } => Keep::Lately("runs".to_owned()),
        Outcome::Present(_) => Keep::Lately("present".to_owned()),
        // They are asked for again as long as they are shown.
        Outcome::Charts { answers, .. } => {
            let of: Vec<&SeriesKey> = answers.iter().map(|(query, _)| &query.series).collect();
            Keep::Lately(format!("charts {of:?}"))
        }
        Outcome::Marks { .. } => Keep::Lately("marks".to_owned()),
        Outcome::StoreFigures(_) => Keep::Latest("figures".to_owned()),
        Outcome::RunOutput { run, .. } => Keep::Passing(format!("output {run}")),
        Outcome::RunProgress { run, .. } | Outcome::RunSigns { run, .. } => Keep::Passing(format!("run {run}")),
        _ => Keep::Always,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::app::recording::Aftermath;
    use crate::app::state::State;
    use crate::lang::key::{Key, KeyCode};
    use crate::logs::record::{RecordBatch, RecordData};
    use crate::model::document::Timing;
    use crate::model::reading::Reading;
    use crate::text::SafeText;

    fn at(second: u64) -> Stamp {
        Stamp { mono: Duration::ZERO, utc: DateTime::UNIX_EPOCH }.plus(Duration::from_secs(second))
    }

    fn carried() -> Carried {
        let state = State::new(Config::default().into(), at(0), (80, 24));
        let records = RingLimits { records: 25, bytes: 1 << 20 };
        Carried::new(Header::new(&state, false), Reach { span: Duration::from_secs(10), each: 3, records })
    }

    fn took(second: u64, event: Event) -> RecordedLine {
        RecordedLine::Took { at: at(second), event: Box::new(event), left: None }
    }

    fn reading(second: u64, sign: Sign) -> RecordedLine {
        let timing = Timing { scheduled: at(second), sent: at(second), ended: at(second) };
        took(second, Event::Observation(Observation::Reading(Box::new(Reading::plain("api".into(), timing, sign)))))
    }

    fn seconds(carried: &Carried) -> Vec<u64> {
        carried.lines().map(|line| line.at().mono.as_secs()).collect()
    }

    #[test]
    fn of_readings_those_stay_that_screens_look_back_to_and_since_when_it_is_so() {
        let mut all = carried();
        for second in 0..100 {
            all.note(reading(second, if (40..60).contains(&second) { Sign::Bad } else { Sign::Good }));
        }
        assert_eq!(seconds(&all), [&[60][..], &(89..100).collect::<Vec<_>>()].concat());
        // Of what is seldom asked some stay, however old.
        let mut rare = carried();
        for minute in 0..10 {
            rare.note(reading(minute * 60, Sign::Good));
        }
        assert_eq!(seconds(&rare), [0, 420, 480, 540]);
    }

    #[test]
    fn of_logs_as_many_records_stay_as_are_held() {
        let mut all = carried();
        let record = Record::new(RecordData::unknown("api".into(), 1, at(0), SafeText::new("a line")));
        for second in 0..50 {
            let batch = RecordBatch { records: vec![record.clone(); 10], ..RecordBatch::default() };
            all.note(took(second, Event::Observation(Observation::Records { log: "api".into(), batch })));
        }
        assert_eq!(seconds(&all), [47, 48, 49]);
    }

    #[test]
    fn of_runs_without_end_the_oldest_leave_nothing_behind() {
        let mut all = carried();
        for number in 0..MOST_RECENT + 10 {
            let run = Name::from(number.to_string());
            all.note(took(1, Event::Outcome(Outcome::RunOutput { run, lines: Vec::new(), omitted: 0 })));
        }
        assert_eq!((all.recent.len(), all.lines().count()), (MOST_RECENT, MOST_RECENT));
    }

    #[test]
    fn what_a_person_did_stays_with_the_frame_that_they_saw() {
        let mut all = carried();
        for second in 0..5 {
            all.note(RecordedLine::Drawn { at: at(second) });
        }
        all.note(took(5, Event::Key(Key { code: KeyCode::Down, ctrl: false, alt: false })));
        for second in 6..41 {
            all.note(RecordedLine::Drawn { at: at(second) });
        }
        assert_eq!(seconds(&all), [&[4, 5][..], &(30..41).collect::<Vec<_>>()].concat());
    }

    #[test]
    fn what_asked_for_something_stays_and_is_left_as_what_comes_next_found_it() {
        let mut all = carried();
        let tick = |second: u64, request: Option<u64>| RecordedLine::Took {
            at: at(second),
            event: Box::new(Event::Clock),
            left: request.map(|request| Aftermath { overlays: second as usize, request: RequestId(request) }),
        };
        for second in 0..100 {
            // The second of these asks, and the third closes something.
            let left = [(0, 0), (20, 1), (30, 1)].into_iter().find(|(at, _)| *at == second);
            all.note(tick(second, left.map(|(_, request)| request)));
        }
        assert_eq!(seconds(&all), [&[0, 20][..], &(89..100).collect::<Vec<_>>()].concat());
        let left = all.lines().filter_map(|line| match line {
            RecordedLine::Took { left, .. } => *left,
            _ => None,
        });
        let left: Vec<(usize, u64)> = left.map(|left| (left.overlays, left.request.0)).collect();
        assert_eq!(left, [(0, 0), (30, 1)]);
    }

    #[test]
    fn what_was_left_out_before_is_said_and_the_beginning_stays_that_of_the_first_file() {
        let mut all = carried();
        all.note(RecordedLine::Thinned { at: at(1), messages: 7 });
        all.note(took(2, Event::Resize(120, 40)));
        let header = all.begin(at(50));
        assert_eq!((header.at, header.since, header.size), (at(50), Some(at(0)), (80, 24)));
        assert_eq!((header.continued, header.restated, header.thinned), (true, 1, 7));
        // Of more than can be kept the oldest goes; what it changed is how the rest begins.
        for _ in 0..MOST_ALWAYS {
            all.note(took(3, Event::Focus(true)));
        }
        assert_eq!((all.begin(at(60)).size, all.begin(at(60)).thinned), ((120, 40), 8));
    }
}
