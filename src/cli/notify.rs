//! `opsroom notify`: channels with their last delivery, and a test message.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::alerts::StoredAlerts;
use super::output::{self, exit};
use super::span::Refusal;
use super::{Global, configuration, run_service};
use crate::config::Config;
use crate::config::sections::contact::Contact;
use crate::config::sections::notify::Channel;
use crate::lang::time::rfc3339;
use crate::model::ledger::TargetRecord;
use crate::model::message::{Notification, Recipient};
use crate::runtime::notifying::{SharedClient, send};
use crate::runtime::runs::RunService;
use crate::runtime::secrets;
use crate::runtime::test_pages::NewTestPage;
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
        /// The contact who gets it. Default: the channel's own addresses, or whoever is on call
        #[arg(value_name = "CONTACT")]
        contact: Option<String>,
    },
}

/// One channel to one person, or to its own addresses. Fields may be added.
#[derive(Debug, Serialize)]
struct ChannelLine {
    channel: Name,
    contact: Option<Name>,
    kind: &'static str,
    /// When a message was accepted last, alerts or a test page. Tests of channels that send to nobody in particular are not on
    /// record.
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
    /// The test page that the contact may confirm by the code in the message; null: there is none.
    page: Option<Name>,
}

/// Shows the channels, or tests one.
pub(crate) fn run(arguments: &Arguments, global: &Global) -> u8 {
    let config = match configuration::find(global) {
        Ok(found) => found.config,
        Err(code) => return code,
    };
    match &arguments.command {
        None => output::carry_out(show(arguments, global, &config)),
        Some(NotifyCommand::Test { channel: name, contact: who }) => {
            let meant =
                channel(name, &config).and_then(|channel| Ok((channel, contact(who.as_deref(), channel, &config)?)));
            match meant {
                Ok(meant) => output::carry_out(test(arguments, global, &config, meant)),
                Err((problem, hint)) => output::fail(exit::USAGE, &problem, &hint),
            }
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
    let mut lines = Vec::new();
    for channel in &config.channels {
        let mut targets = routes.targets(channel);
        let used = stored.iter().map(|(target, _)| target).filter(|target| target.channel == channel.name);
        targets.extend(used.cloned());
        let tested = config.contacts.iter().filter(|contact| tested_at(duty, &contact.id, &channel.name).is_some());
        targets.extend(
            tested.map(|contact| Recipient { channel: channel.name.clone(), contact: Some(contact.id.clone()) }),
        );
        targets.sort();
        targets.dedup();
        for target in targets {
            let record = stored.iter().find(|(known, _)| *known == target).map(|(_, record)| record);
            let failed = record.and_then(|record| record.failed.clone());
            let tested = target.contact.as_ref().and_then(|contact| tested_at(duty, contact, &target.channel));
            // What failed before a test was accepted is over.
            let failed = failed.filter(|(at, _)| tested.is_none_or(|tested| tested < *at));
            lines.push(ChannelLine {
                channel: target.channel,
                contact: target.contact,
                kind: channel.kind.spec().key,
                last_sent_at: record.and_then(|record| record.sent.last()).max(tested).map(rfc3339),
                failed_at: failed.as_ref().map(|(at, _)| rfc3339(*at)),
                error: failed.map(|(_, why)| why),
            });
        }
    }
    lines
}

/// When a contact was sent a test page by a channel last.
fn tested_at(duty: &DutyPlan, contact: &str, channel: &str) -> Option<DateTime<Utc>> {
    duty.contact(contact)?.paged_at(channel)
}

fn table(lines: &[ChannelLine]) -> String {
    if lines.is_empty() {
        return "no channels configured\n".to_owned();
    }
    let mut text = String::new();
    for line in lines {
        let who = line.contact.as_ref().map_or_else(String::new, |contact| format!(" to {contact}"));
        let last =
            line.last_sent_at.as_ref().map_or("no delivery on record".to_owned(), |at| format!("delivered {at}"));
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

/// The channel of that name.
///
/// # Errors
/// No channel has that name.
pub(super) fn channel<'a>(name: &str, config: &'a Config) -> Result<&'a Channel, Refusal> {
    config.channel(name).ok_or_else(|| config.no_channel(name))
}

/// The contact who gets a test of a channel, where one is named.
fn contact<'a>(name: Option<&str>, channel: &Channel, config: &'a Config) -> Result<Option<&'a Contact>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let contact = config.contact_named(name)?;
    let Some(kind) = channel.address_of_contacts() else {
        let problem = format!("`{}` does not reach contacts one by one", channel.name);
        return Err((problem, "omit CONTACT".to_owned()));
    };
    if contact.address(kind).is_none() {
        let problem = format!("`{name}` has no `{}`, which notify `{}` needs", kind.key(), channel.name);
        return Err((problem, format!("add {} = \"…\" to [contact.{name}]", kind.key())));
    }
    Ok(Some(contact))
}

/// What a test has of the store: where what it sends is put on record, and who is on call by what people said.
struct TestRecorder {
    run_service: RunService,
    duty: DutyPlan,
}

impl TestRecorder {
    /// Opened to write.
    ///
    /// # Errors
    /// The exit code; why is said on stderr.
    async fn open(global: &Global, config: &Config) -> Result<Self, u8> {
        let (run_service, _) = run_service::open_and_take_in(global).await?;
        match StoredAlerts::read(&run_service).await {
            Ok(stored) => Ok(Self { duty: stored.duty(config), run_service }),
            Err(error) => {
                run_service.close().await;
                Err(run_service::broken(&error))
            }
        }
    }
}

async fn test(
    arguments: &Arguments,
    global: &Global,
    config: &Config,
    (channel, contact): (&Channel, Option<&Contact>),
) -> u8 {
    // Only what a contact gets can be confirmed, and only what is on record.
    let is_for_contacts = channel.is_personal() || contact.is_some();
    let recorder = if is_for_contacts && !config.console.read_only && !global.read_only {
        Some(TestRecorder::open(global, config).await)
    } else {
        None
    };
    // Without its store a channel can be tested, but nobody can confirm that, and that is no success.
    let (recorder, unrecorded) = match recorder {
        Some(Ok(recorder)) => (Some(recorder), exit::OK),
        Some(Err(code)) => (None, code),
        None => (None, exit::OK),
    };
    let code = send_tests(arguments, global, config, (channel, contact), recorder.as_ref()).await;
    if let Some(recorder) = recorder {
        recorder.run_service.close().await;
    }
    if code == exit::OK { unrecorded } else { code }
}

async fn send_tests(
    arguments: &Arguments,
    global: &Global,
    config: &Config,
    (channel, contact): (&Channel, Option<&Contact>),
    recorder: Option<&TestRecorder>,
) -> u8 {
    let now = global.clock.now().utc;
    let routes = Routes::by(config, recorder.map(|recorder| &recorder.duty), now);
    let targets = match contact {
        Some(contact) => vec![Recipient { channel: channel.name.clone(), contact: Some(contact.id.clone()) }],
        None => routes.targets(channel),
    };
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
    let (client, mut lines, mut is_lost) = (SharedClient::default(), Vec::new(), false);
    for target in targets {
        let page = recorder.and_then(|_| NewTestPage::new(&target, now));
        let code = page.as_ref().map(|page| page.code.clone());
        let message = Notification { confirm: code, ..asked_test(config, &target, now) };
        let sent = send(config, &client, &message, &routes.addresses(&target), &secrets).await;
        let page = match recorder.zip(page.filter(|_| sent.is_ok())) {
            Some((recorder, page)) => {
                let page = recorded(&recorder.run_service, page).await;
                is_lost |= page.is_none();
                page
            }
            None => None,
        };
        let (ok, error) = (sent.is_ok(), sent.err().map(|failure| failure.why));
        lines.push(TestLine { channel: target.channel, contact: target.contact, ok, error, page });
    }
    match print_tests(&lines, arguments.json) {
        exit::OK if is_lost => exit::UNKNOWN,
        code => code,
    }
}

/// Puts on record that it was sent; its id where that is so.
async fn recorded(recorder: &RunService, page: NewTestPage) -> Option<Name> {
    page.recorded(recorder).await.map_or_else(
        |why| {
            output::eprint_error(&format!(
                "warning: the code of the test message could not be recorded, so it can't be confirmed: {why}\n"
            ));
            None
        },
        Some,
    )
}

fn print_tests(lines: &[TestLine], json: bool) -> u8 {
    let printed = if json {
        output::print_as_json("the result", lines)
    } else {
        let accepted = lines.iter().filter(|line| line.ok).map(|line| {
            let who = line.contact.as_ref().map_or_else(String::new, |contact| format!(" to {contact}"));
            let how =
                if line.page.is_some() { "; `opsroom oncall confirm` with the code in it confirms it" } else { "" };
            format!("test message accepted by {}{who}{how}\n", line.channel)
        });
        output::print(&accepted.collect::<String>())
    };
    for line in lines {
        if let Some(error) = &line.error {
            output::eprint_error(&format!("error: {} did not accept the message: {error}\n", line.channel));
        }
    }
    if lines.iter().any(|line| !line.ok) { exit::CRITICAL } else { printed }
}
