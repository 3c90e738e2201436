//! `opsroom whoami`: by which name one is recorded, who records for all, and who else is here.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::output;
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::lang::time::rfc3339;
use crate::model::lease::LeaseHolder;
use crate::model::maintenance::clock_with_zone;
use crate::model::presence::Presence;
use crate::runtime::identity::Identity;
use crate::runtime::runs::RunService;
use crate::store::StoreError;
use crate::text::SafeText;

/// Arguments of `opsroom whoami`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON: an object
    #[arg(long)]
    json: bool,
}

/// What is known, as JSON has it. The fields and their names are a promise; some may be added.
#[derive(Debug, Serialize)]
struct Report {
    who: SafeText,
    host: SafeText,
    /// Who records alerts and history for all.
    recorder: Option<PersonLine>,
    /// Consoles and watchers that use the store, those that began first come first.
    present: Vec<PersonLine>,
}

#[derive(Debug, Serialize)]
struct PersonLine {
    who: SafeText,
    host: SafeText,
    pid: Option<u32>,
    watcher: bool,
    /// The screen that is shown; null of a watcher and where it is not known.
    screen: Option<SafeText>,
    since: String,
    #[serde(skip)]
    began: DateTime<Utc>,
}

impl From<Presence> for PersonLine {
    fn from(present: Presence) -> Self {
        let Presence { who, host, pid, watcher, screen, since, .. } = present;
        let screen = Some(screen).filter(|screen| !screen.as_str().is_empty());
        Self { who, host, pid: Some(pid), watcher, screen, since: rfc3339(since), began: since }
    }
}

impl From<LeaseHolder> for PersonLine {
    fn from(holder: LeaseHolder) -> Self {
        let LeaseHolder { who, host, pid, watcher, since, .. } = holder;
        let (who, host) = (SafeText::new(&who), SafeText::new(&host));
        Self { who, host, pid, watcher, screen: None, since: rfc3339(since), began: since }
    }
}

/// Says who one is and who else is here.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    output::carry_out(show(arguments, global))
}

async fn show(arguments: &Arguments, global: &Global) -> u8 {
    let config = configuration::for_titles(global);
    let (recorder, present, opened) = match run_service::look(global, true).await {
        Ok(None) => (None, Vec::new(), None),
        Err(code) => return code,
        Ok(Some(opened)) => match read(&opened).await {
            Ok((recorder, present)) => (recorder, present, Some(opened)),
            Err(error) => {
                opened.close().await;
                return run_service::broken(&error);
            }
        },
    };
    let Identity { who, host } = Identity::present();
    let report = Report {
        who: SafeText::new(&who),
        host: SafeText::new(&host),
        recorder: recorder.map(PersonLine::from),
        present: present.into_iter().map(PersonLine::from).collect(),
    };
    let code = print(arguments, &report, &config, global.clock.now().utc);
    match opened {
        Some(opened) => run_service::close_read(&opened, code).await,
        None => code,
    }
}

async fn read(opened: &RunService) -> Result<(Option<LeaseHolder>, Vec<Presence>), StoreError> {
    let store = opened.store();
    Ok((store.lease_holder().await?, store.present(None).await?))
}

fn print(arguments: &Arguments, report: &Report, config: &Config, now: DateTime<Utc>) -> u8 {
    if arguments.json {
        return output::print_as_json("this", report);
    }
    let mut text = format!("you      {} on {}\n", report.who, report.host);
    let since = |at| format!("since {}", clock_with_zone(at, now, config.console.timezone));
    match &report.recorder {
        Some(one) => {
            let role = if one.watcher { "watcher" } else { "console" };
            let _ = writeln!(text, "records  {} on {}, {role}, {}", one.who, one.host, since(one.began));
        }
        None => text.push_str("records  nobody\n"),
    }
    for one in &report.present {
        let place = one.screen.as_ref().map_or("watcher", SafeText::as_str);
        let pid = one.pid.map_or_else(String::new, |pid| format!(", process {pid}"));
        let _ = writeln!(text, "here     {} on {}, {place}{pid}, {}", one.who, one.host, since(one.began));
    }
    output::print(&text)
}
