//! A scenario: a configuration, what happens, and what is expected of it; played to the console and to the shell at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opsroom::actions::rundir::{End, StepOutcome, closing};
use opsroom::app::message::Event;
use opsroom::app::screens::Screen;
use opsroom::cli::exit_code;
use opsroom::config::panels::{self, PanelSpec};
use opsroom::config::sections::source::Source;
use opsroom::lang::time::Stamp;
use opsroom::lang::unit::{self, parse_duration};
use opsroom::model::document::PollError;
use opsroom::model::effect::StartRun;
use opsroom::model::observation::Observation;
use opsroom::model::outcome::Outcome;
use opsroom::model::run::{Run, RunState};
use opsroom::model::since::Since;
use opsroom::model::verification::{Conclusion, Verification};
use opsroom::report::lines::{self, Style};
use opsroom::report::status::Report;
use opsroom::sources::kinds::simulated::{Script, Scripted, SimulatedPage};
use opsroom::sources::simulation::Simulation;
use opsroom::text::SafeText;
use opsroom::text::name::Name;
use opsroom::text::secret::Secrets;
use opsroom::world::starting::{Confirmed, start_run};
use opsroom::world::{World, one_round};
use serde::Deserialize;
use serde_json::Value;

use super::app::{App, config};
use super::frame;

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is about: for whoever reads the file.
    #[expect(dead_code, reason = "asked of each file, read by people")]
    about: String,
    /// Values of secrets, which nobody may see.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    pub config: String,
    pub steps: Vec<Step>,
    pub expect: Expected,
}

/// Something that happens; where nothing does, time passes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Since the start.
    at: String,
    /// The same again.
    again: Option<Again>,
    answer: Option<Reply>,
    lines: Option<Lines>,
    network: Option<Network>,
    /// An action is started and confirmed.
    start: Option<String>,
    end: Option<Ended>,
    /// The supervisor of this action's run dies.
    lost: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    every: String,
    times: u32,
}

/// What a source answers.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Reply {
    /// The source, or a check or metric of it.
    of: String,
    status: Option<u16>,
    #[serde(default)]
    body: String,
    takes: Option<String>,
    /// What was waited for when the time was over.
    timeout: Option<String>,
    failed: Option<String>,
    unreadable: Option<String>,
    ours: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    log: String,
    text: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    ok: bool,
    detail: String,
}

/// How the steps of a run ended.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    action: String,
    how: StepOutcome,
    exit_code: Option<i32>,
    #[serde(default)]
    message: String,
}

/// What both must say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Of the whole.
    pub status: String,
    /// Of `opsroom status`.
    pub exit: u8,
    #[serde(default)]
    pub checks: BTreeMap<String, ExpectedCheck>,
    #[serde(default)]
    pub services: BTreeMap<String, ExpectedService>,
    /// The value, or why there is none.
    #[serde(default)]
    pub metrics: BTreeMap<String, ExpectedMetric>,
    #[serde(default)]
    pub alerts: Vec<ExpectedAlert>,
    /// By action.
    #[serde(default)]
    pub runs: BTreeMap<String, ExpectedRun>,
    /// What neither may show.
    #[serde(default)]
    pub never: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCheck {
    pub status: String,
    /// Empty: nothing is said of it.
    pub reason: String,
    /// Seconds since the start: `30s`, or `before 30s`; empty where nothing is known.
    pub since: String,
    /// The dependency that explains all of its trouble.
    pub explained_by: Option<String>,
    /// What one answer makes of it, where the console wants several.
    pub once: Option<Box<ExpectedCheck>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedService {
    pub status: String,
    pub says: String,
    pub once: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedMetric {
    pub says: String,
    /// What a shell says, which does not wait.
    pub once: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedAlert {
    pub id: String,
    pub severity: String,
    pub state: String,
    /// What it is about, as the console writes it.
    pub says: String,
    /// The service that explains it.
    pub muted: Option<String>,
    /// Its state where one answer decides.
    pub once: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRun {
    /// Outcome and note.
    pub says: String,
    pub exit: u8,
}

/// A check as the console draws it.
#[derive(Default)]
pub struct OnScreen {
    /// The screen of its service.
    pub service: String,
    pub status: String,
    pub heading: String,
    pub said: String,
}

/// The answers that are due, by the name under which they are asked for.
#[derive(Debug, Clone, Default)]
struct Replies(Arc<Mutex<Option<Due>>>);

/// A status code and a body, how long they take, and what there is instead of them.
type Due = (u16, String, Duration, Option<PollError>);

impl Script for Replies {
    fn answer(&self, _sent: Stamp) -> Scripted {
        let reply = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (status, body, takes, error) = reply.expect("a scenario says what a source answers");
        let page = error.map_or_else(|| Ok(SimulatedPage { status, body, remote: "192.0.2.1:443" }), Err);
        Scripted { takes, page }
    }
}

/// A run under way, as its supervisor sees it.
struct Supervised {
    start: StartRun,
    end: Option<End>,
    verification: Option<Verification>,
}

/// Both of them in the middle of a scenario.
pub struct Play {
    pub console: App,
    pub shell: World,
    /// The latest run of each action.
    pub runs: BTreeMap<String, Run>,
    supervised: BTreeMap<String, Supervised>,
    begin: Stamp,
    replies: Replies,
    simulation: Simulation,
    /// The service whose screen is looked at.
    service: Option<Name>,
}

const LABELS: [(&str, &str); 7] = [
    ("✓ OK", "ok"),
    ("✗ DOWN", "down"),
    ("▲ DEGRADED", "degraded"),
    ("◌ PENDING", "pending"),
    ("? UNKNOWN", "unknown"),
    ("❄ COLD START", "cold"),
    ("◷ STALE", "stale"),
];

impl Play {
    pub fn new(scenario: &Scenario) -> Self {
        let console = App::new(&scenario.config);
        let (begin, replies, config) = (console.now(), Replies::default(), config(&scenario.config));
        let mut secrets = Secrets::default();
        for (name, value) in &scenario.secrets {
            secrets.insert(name.as_str().into(), value.clone());
        }
        let script = replies.clone();
        let simulation = Simulation::new(&config, secrets, begin, &|_: &Source| Box::new(script.clone()));
        let shell = one_round::world(&config, begin);
        Self {
            console,
            shell,
            begin,
            replies,
            simulation,
            service: None,
            runs: BTreeMap::new(),
            supervised: BTreeMap::new(),
        }
    }

    /// Plays a step, and its repetitions.
    pub async fn step(&mut self, step: &Step) {
        let happens = [
            step.answer.is_some(),
            step.lines.is_some(),
            step.network.is_some(),
            step.start.is_some(),
            step.end.is_some(),
            step.lost.is_some(),
        ];
        assert!(happens.iter().filter(|happens| **happens).count() <= 1, "{}: one thing a step", step.at);
        let at = duration(&step.at);
        let (times, every) =
            step.again.as_ref().map_or((1, Duration::ZERO), |again| (again.times, duration(&again.every)));
        for nth in 0..times {
            self.pass_to(at + every * nth);
            self.happen(step).await;
        }
    }

    /// Time passes to a moment since the start, a tick a second.
    fn pass_to(&mut self, at: Duration) {
        let to = self.begin.plus(at);
        assert!(to.mono >= self.console.now().mono, "{at:?}: time goes forward");
        while self.console.now().plus(Duration::from_secs(1)).mono <= to.mono {
            self.console.pass(1);
            self.observed(Vec::new());
        }
        let rest = to.since(self.console.now());
        self.console.wait(u64::try_from(rest.as_millis()).expect("less than a second"));
    }

    async fn happen(&mut self, step: &Step) {
        let now = self.console.now();
        if let Some(reply) = &step.answer {
            let takes = duration(reply.takes.as_deref().unwrap_or("40ms"));
            let said = (reply.status.unwrap_or(200), reply.body.clone(), takes, reply.error(takes));
            *self.replies.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            let seen = self.simulation.poll(&reply.of, now).await;
            assert!(!seen.is_empty(), "nothing is called `{}`", reply.of);
            self.console.wait(u64::try_from(takes.as_millis()).expect("a short time"));
            self.observed(seen);
        } else if let Some(lines) = &step.lines {
            let mut seen: Vec<Observation> = self.simulation.lines(&lines.log, &lines.text, now).into_iter().collect();
            assert!(!seen.is_empty(), "no log is called `{}`", lines.log);
            seen.extend(self.simulation.counted(now));
            self.observed(seen);
        } else if let Some(Network { ok, detail }) = &step.network {
            self.observed(vec![Observation::Connectivity { ok: *ok, detail: SafeText::new(detail) }]);
        } else if let Some(action) = &step.start {
            self.start(action);
        } else if let Some(end) = &step.end {
            self.end(end);
        } else if let Some(action) = &step.lost {
            let closed = closing(None, None, now.utc);
            self.move_on(action, |run| Run { state: closed.state, verdict: closed.state.verdict(), ..run });
        } else {
            let counted = self.simulation.counted(now);
            self.observed(counted);
        }
    }

    /// Both see the same, and whoever verifies a run.
    fn observed(&mut self, seen: Vec<Observation>) {
        let now = self.console.now();
        for observation in &seen {
            self.console.send_observation(observation.clone());
        }
        let mut concluded = Vec::new();
        for (action, supervised) in &mut self.supervised {
            let Some(verification) = supervised.verification.as_mut() else { continue };
            for observation in &seen {
                if let Observation::Reading(reading) = observation {
                    verification.observe(reading);
                }
            }
            concluded.extend(verification.judge(now).cloned().map(|conclusion| (action.clone(), conclusion)));
        }
        one_round::apply(&mut self.shell, seen, now);
        self.console.send(Event::Clock);
        for (action, conclusion) in concluded {
            self.close(&action, Some(&conclusion));
        }
    }

    /// Presses the action's key and confirms; the shell would ask for the same run.
    fn start(&mut self, name: &str) {
        let action = self.shell.config.actions.iter().find(|action| *action.name == *name);
        let action = action.expect("a configured action").clone();
        let key = action.key.expect("an action of a scenario has a key").to_string();
        self.console.take();
        self.console.keys(&key);
        self.console.wait(400);
        self.console.keys("y");
        let start = self.console.started().pop().unwrap_or_else(|| panic!("{}", self.console.toast())).clone();
        let StartRun { plan, digest, preview, reason, .. } = start.clone();
        let confirmed = Confirmed { plan, digest, preview, reason };
        one_round::apply(&mut self.shell, Vec::new(), self.console.now());
        let asked = start_run(&self.shell, &action, confirmed, |_| std::iter::empty());
        assert_eq!((asked.cooldown, asked.at_most), (start.cooldown, start.at_most), "{name}");
        assert_eq!(asked.verify, start.verify, "{name}: verified by other terms");
        assert_eq!(asked.evidence, start.evidence, "{name}: other evidence");
        let run = self.console.run_of(name, RunState::Running);
        let request = self.console.asked()[0];
        self.console.outcome(Outcome::RunStarted { request, run: Box::new(run.clone()) });
        self.runs.insert(name.to_owned(), run);
        self.supervised.insert(name.to_owned(), Supervised { start, end: None, verification: None });
    }

    fn end(&mut self, ended: &Ended) {
        let now = self.console.now();
        let end = End {
            at: now.utc,
            how: ended.how,
            exit_code: ended.exit_code,
            signal: None,
            step: 1,
            ran: true,
            to_verify: true,
            message: SafeText::new(&ended.message),
            survivors: Vec::new(),
            lines: 0,
            omitted: 0,
            cancelled: None,
            took: None,
        };
        let supervised = self.supervised.get_mut(&ended.action).expect("it was started");
        supervised.verification = supervised.start.verify.as_ref().map(|terms| Verification::new(now, terms));
        let is_verified = supervised.verification.is_some();
        supervised.end = Some(end);
        let exit_code = ended.exit_code;
        self.move_on(&ended.action, |run| Run { ended_at: Some(now.utc), exit_code, ..run });
        if is_verified {
            let state = RunState::Verifying;
            self.move_on(&ended.action, |run| Run { state, verdict: state.verdict(), ..run });
        } else {
            self.close(&ended.action, None);
        }
    }

    fn close(&mut self, action: &str, conclusion: Option<&Conclusion>) {
        let supervised = self.supervised.get_mut(action).expect("it was started");
        supervised.verification = None;
        let closed = closing(supervised.end.as_ref(), conclusion, self.console.now().utc);
        self.move_on(action, |run| Run {
            state: closed.state,
            verdict: closed.state.verdict(),
            checks: closed.checks,
            note: closed.note.clone(),
            ..run
        });
    }

    fn move_on(&mut self, action: &str, change: impl FnOnce(Run) -> Run) {
        let run = change(self.runs.remove(action).expect("it was started"));
        self.console.outcome(Outcome::Run(Box::new(run.clone())));
        self.runs.insert(action.to_owned(), run);
    }

    fn report(&self) -> Report {
        Report::new(&self.shell, &[])
    }

    /// What `opsroom status --json` prints.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.report().json()).expect("JSON")
    }

    /// What `opsroom status` prints.
    pub fn printed(&self) -> String {
        lines::lines(&self.report(), Style { ascii: false, colour: false })
    }

    pub fn exit_code(&self) -> u8 {
        exit_code::of_status(self.report().status())
    }

    pub fn exit_of(run: &Run) -> u8 {
        exit_code::of_run(run)
    }

    /// Glyph and word of a status.
    pub fn label(status: &str) -> String {
        let label = LABELS.into_iter().find(|(_, word)| *word == status);
        label.unwrap_or_else(|| panic!("`{status}` is no status")).0.to_owned()
    }

    fn seconds(&self, since: Option<Since>) -> String {
        let Some(since) = since else { return String::new() };
        let elapsed = since.at.since(self.begin).as_secs();
        if since.seen { format!("{elapsed}s") } else { format!("before {elapsed}s") }
    }

    pub fn console_since(&self, check: &str) -> String {
        self.seconds(self.console.state.world.check(check).expect("a configured check").since)
    }

    pub fn shell_since(&self, check: &str) -> String {
        self.seconds(self.shell.check(check).expect("a configured check").since)
    }

    /// A time of the report in the form of a scenario.
    pub fn since_of(&self, time: &Value) -> String {
        let Some(time) = time.as_str() else { return String::new() };
        let utc: chrono::DateTime<chrono::Utc> = time.parse().expect("a time");
        format!("{}s", (utc - self.begin.utc).num_seconds())
    }

    /// How the console calls a service; what is none has its name.
    pub fn title_of(&self, name: &str) -> String {
        self.console.state.world.service(name).map_or_else(|| name.to_owned(), |service| service.title.clone())
    }

    /// How a check is called: as its service where that has no other.
    pub fn title_of_check(&self, name: &str) -> String {
        let world = &self.console.state.world;
        let service = world.check(name).and_then(|check| world.service(check.service.as_deref()?));
        let service = service.filter(|service| service.checks.len() == 1);
        service.map_or_else(|| name.to_owned(), |service| service.title.clone())
    }

    /// How the heading of a check says since when.
    pub fn standing(&self, check: &str) -> String {
        match self.console.state.world.check(check).expect("a configured check").since {
            None => String::new(),
            Some(since) if since.seen => unit::age(self.console.now().since(since.at)),
            Some(since) => since.at.utc.format("since before %H:%M:%SZ").to_string(),
        }
    }

    /// A screen with one panel in full, without its borders.
    fn panel(&mut self, screen: Screen, panel: &'static PanelSpec) -> Vec<String> {
        self.console.send(Event::Open(screen));
        let console = &mut self.console.state.console;
        console.screens.service.service.clone_from(&self.service);
        (console.focus, console.zoomed) = (Some(panel.id()), true);
        let drawn = frame::text(&frame::draw(&self.console.state, 120, 40));
        self.console.state.console.zoomed = false;
        let inner = |line: &str| line.trim_matches(['┃', '│', ' ']).trim_start_matches(['▸', '▌']).trim().to_owned();
        drawn.lines().map(inner).collect()
    }

    fn screen(&mut self, screen: Screen) -> String {
        self.console.send(Event::Open(screen));
        self.console.state.console.screens.service.service.clone_from(&self.service);
        frame::text(&frame::draw(&self.console.state, 120, 40))
    }

    pub fn check_on_screen(&mut self, name: &str) -> OnScreen {
        let row = self.console.state.world.row_of(name);
        self.service = Some(row);
        // The only check of a service is called as that is.
        let config = self.console.state.world.config.clone();
        let of = config.checks.iter().find(|check| *check.name == *name).and_then(|check| check.service.as_ref());
        let is_only = config.checks.iter().filter(|check| check.service.as_ref() == of).count() == 1;
        let called = config.services.iter().find(|service| is_only && Some(&service.name) == of);
        let title = called.map(|service| &*service.title);
        let lines = self.panel(Screen::Service, &panels::CHECKS);
        let heading = |line: &String| {
            let of = |(label, word): (&str, &'static str)| {
                let rest = line.strip_prefix(label)?.trim_start();
                let rest = rest.strip_prefix(name).or_else(|| rest.strip_prefix(title?));
                let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with(' '))?;
                Some((word, rest.to_owned()))
            };
            LABELS.into_iter().find_map(of)
        };
        let found = lines.iter().enumerate().find_map(|(at, line)| heading(line).map(|found| (at, found)));
        let Some((at, (status, heading))) = found else { return OnScreen::default() };
        let said = lines[at + 1..].iter().take_while(|line| !line.starts_with("p50 ")).cloned().collect::<Vec<_>>();
        OnScreen { service: self.screen(Screen::Service), status: status.to_owned(), heading, said: said.join("\n") }
    }

    pub fn service_row(&mut self, name: &str) -> OnScreen {
        let title = self.console.state.world.service(name).expect("a configured service").title.clone();
        let lines = self.panel(Screen::Overview, &panels::SERVICES);
        let of = |line: &String| {
            let (label, word) = LABELS.into_iter().find(|(label, _)| line.starts_with(label))?;
            let rest = line.strip_prefix(label)?.trim_start();
            let said = rest.strip_prefix(&title)?.to_owned();
            Some(OnScreen { status: word.to_owned(), heading: line.clone(), said, ..OnScreen::default() })
        };
        lines.iter().find_map(of).unwrap_or_default()
    }

    /// The screens on which the value of a metric, or why there is none, can be read.
    pub fn metric_row(&mut self, name: &str) -> String {
        format!("{name}\n{}{}", self.screen(Screen::Overview), self.screen(Screen::Metrics))
    }

    pub fn alert_rows(&mut self) -> Vec<String> {
        const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];
        let mut lines = self.panel(Screen::Overview, &panels::ALERTS);
        lines.retain(|line| SEVERITIES.iter().any(|severity| line.starts_with(severity)));
        lines
    }

    pub fn run_on_screen(&mut self, run: &Run) -> String {
        format!("{}\n{}", run.id, self.panel(Screen::Actions, &panels::OUTPUT).join("\n"))
    }

    /// Every screen.
    pub fn everything(&mut self) -> String {
        Screen::BUILT_IN.into_iter().map(|screen| self.screen(screen)).collect()
    }
}

impl Reply {
    fn error(&self, takes: Duration) -> Option<PollError> {
        let text = |text: &String| SafeText::new(text);
        let timeout = self.timeout.clone().map(|waiting| PollError::Timeout(takes, waiting.into()));
        timeout
            .or(self.failed.as_ref().map(text).map(PollError::Failed))
            .or(self.unreadable.as_ref().map(text).map(PollError::Unreadable))
            .or(self.ours.as_ref().map(text).map(PollError::Ours))
    }
}

fn duration(text: &str) -> Duration {
    parse_duration(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}
