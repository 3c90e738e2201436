//! `opsroom notify`: channels with their last delivery, and a test message.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::alerts::StoredAlerts;
use super::output::{self, exit};
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::notify::Channel;
use crate::lang::nearest::{nearest, suggest};
use crate::model::ledger::TargetRecord;
use crate::model::message::Recipient;
use crate::runtime::notifying::{SharedClient, send};
use crate::runtime::secrets;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::world::announcing::{asked_test, routes::Routes};
use crate::world::duty::DutyPlan;

/// Arguments of `opsroom notify`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<NotifyCommand>,
}

#[derive(Debug, Subcommand)]
enum NotifyCommand {
    /// Send a message that is marked as a test
    Test {
        /// The channel of `[notify]`
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
}

/// One channel to one person, or to its own addresses. Fields may be added.
#[derive(Debug, Serialize)]
struct ChannelLine {
    channel: Name,
    contact: Option<Name>,
    kind: &'static str,
    /// When a message was accepted last.
    last_sent_at: Option<String>,
    /// What went wrong since then, and when.
    failed_at: Option<String>,
    error: Option<SafeText>,
}

/// What came of a test message.
#[derive(Debug, Serialize)]
struct TestLine {
    channel: Name,
    contact: Option<Name>,
    ok: bool,
    error: Option<SafeText>,
}

/// Shows the channels, or tests one.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    match &arguments.command {
        None => output::carry_out(show(arguments, global, &config)),
        Some(NotifyCommand::Test { channel }) => {
            let Some(channel) = config.channel(channel) else {
                let near = nearest(channel, config.channels.iter().map(|known| &*known.name));
                let hint = suggest(near, || "see `opsroom notify`".to_owned());
                return output::fail(exit::USAGE, &format!("no channel named `{channel}`"), &hint);
            };
            output::carry_out(test(arguments, global, &config, channel))
        }
    }
}

async fn show(arguments: &Arguments, global: &Global, config: &Config) -> u8 {
    let ((stored, duty), code) = match run_service::look(global, true).await {
        Ok(None) => ((Vec::new(), DutyPlan::new(config, [], [])), exit::OK),
        Err(code) => return code,
        Ok(Some(service)) => match StoredAlerts::read(&service).await {
            Ok(stored) => {
                let duty = stored.duty(config);
                ((stored.targets, duty), run_service::close_read(&service, exit::OK).await)
            }
            Err(error) => {
                service.close().await;
                return run_service::broken(&error);
            }
        },
    };
    let lines = lines(config, (&stored, &duty), global.clock.now().utc);
    let printed =
        if arguments.json { output::print_as_json("the channels", &lines) } else { output::print(&table(&lines)) };
    if printed == exit::OK { code } else { printed }
}

/// Those that would be used now, and those that were.
fn lines(
    config: &Config,
    (stored, duty): (&[(Recipient, TargetRecord)], &DutyPlan),
    now: DateTime<Utc>,
) -> Vec<ChannelLine> {
    let routes = Routes::by(config, Some(duty), now);
    let written = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut lines = Vec::new();
    for channel in &config.channels {
        let mut targets = routes.targets(channel);
        let used = stored.iter().map(|(target, _)| target).filter(|target| target.channel == channel.name);
        targets.extend(used.cloned());
        targets.sort();
        targets.dedup();
        for target in targets {
            let record = stored.iter().find(|(known, _)| *known == target).map(|(_, record)| record);
            let failed = record.and_then(|record| record.failed.clone());
            lines.push(ChannelLine {
                channel: target.channel,
                contact: target.contact,
                kind: channel.kind.spec().key,
                last_sent_at: record.and_then(|record| record.sent.last()).map(written),
                failed_at: failed.as_ref().map(|(at, _)| written(*at)),
                error: failed.map(|(_, why)| why),
            });
        }
    }
    lines
}

fn table(lines: &[ChannelLine]) -> String {
    if lines.is_empty() {
        return "no channels configured\n".to_owned();
    }
    let mut text = String::new();
    for line in lines {
        let who = line.contact.as_ref().map_or_else(String::new, |contact| format!(" to {contact}"));
        let last =
            line.last_sent_at.as_ref().map_or("nothing delivered yet".to_owned(), |at| format!("delivered {at}"));
        let _ = write!(text, "{}{who}  {}  {last}", line.channel, line.kind);
        if let (Some(at), Some(error)) = (&line.failed_at, &line.error) {
            let _ = write!(text, "  failed {at}: {error}");
        }
        text.push('\n');
    }
    text
}

/// Whether a test of a channel needs a secret: no other is asked for.
fn is_used(channel: &Channel, routes: &Routes<'_>, targets: &[Recipient], name: &str) -> bool {
    let addresses = targets.iter().flat_map(|target| routes.addresses(target));
    channel.kind.secrets().contains(name) || addresses.into_iter().any(|address| address.secrets().contains(&name))
}

async fn test(arguments: &Arguments, global: &Global, config: &Config, channel: &Channel) -> u8 {
    let now = global.clock.now().utc;
    let routes = Routes::new(config, now);
    let targets = routes.targets(channel);
    if targets.is_empty() {
        let problem = format!("`{}` has no address, and nobody is on call", channel.name);
        return output::fail(exit::CONFIG, &problem, "add to = [\"…\"], or an [oncall] section");
    }
    let used = config.secrets.iter().filter(|(name, _)| is_used(channel, &routes, &targets, name));
    let used = used.map(|(name, source)| (name.clone(), source.clone())).collect();
    let (secrets, missing) = secrets::resolve(&used).await;
    for (name, why) in missing {
        output::eprint_error(&format!("warning: secret `{name}`: {why}\n"));
    }
    let (client, mut lines) = (SharedClient::default(), Vec::new());
    for target in targets {
        let message = asked_test(config, &target, now);
        let sent = send(config, &client, &message, &routes.addresses(&target), &secrets).await;
        lines.push(TestLine {
            channel: target.channel,
            contact: target.contact,
            ok: sent.is_ok(),
            error: sent.err().map(|failure| failure.why),
        });
    }
    let has_failed = lines.iter().any(|line| !line.ok);
    let printed = if arguments.json {
        output::print_as_json("the result", &lines)
    } else {
        let accepted = lines.iter().filter(|line| line.ok).map(|line| {
            let who = line.contact.as_ref().map_or_else(String::new, |contact| format!(" to {contact}"));
            format!("test message accepted by {}{who}\n", line.channel)
        });
        output::print(&accepted.collect::<String>())
    };
    for line in &lines {
        if let Some(error) = &line.error {
            output::eprint_error(&format!("error: {} did not accept the message: {error}\n", line.channel));
        }
    }
    if has_failed { exit::CRITICAL } else { printed }
}
