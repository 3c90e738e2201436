//! Accepting a handover: whoever does is on call from then on, and the acknowledgements of the person before are theirs.

use chrono::{DateTime, Utc};

use super::{Arguments, gather, not_offered, print_changed};
use crate::cli::alerts::{StoredAlerts, put};
use crate::cli::output::{self, exit};
use crate::cli::run_service;
use crate::config::Config;
use crate::config::titles::title_of_contact;
use crate::model::fact::{HandoverAccepted, OnCallStatement, Statement, login_of};
use crate::model::thing::{AlertRecord, HandoverRecord};
use crate::runtime::runs::RunService;
use crate::text::count::counted;
use crate::text::name::Name;
use crate::world::duty::statements_of_acceptance;

/// Accepts the handover that is offered.
pub(super) async fn accept(run_service: &RunService, config: &Config, arguments: &Arguments) -> u8 {
    let stored = match StoredAlerts::read(run_service).await {
        Ok(stored) => stored,
        Err(error) => return run_service::broken(&error),
    };
    let (duty, now) = (stored.duty(config), run_service.now());
    let Some(record) = duty.offered(&arguments.layer, now) else { return not_offered() };
    let login = login_of(&run_service.identity().who);
    let who = match gather::person(config, arguments.who.as_deref(), login) {
        Ok(who) => who,
        Err((problem, hint)) => return output::fail(exit::USAGE, &problem, &hint),
    };
    if who == record.said.who {
        let problem = format!("`{who}` offered this handover: the next person accepts it");
        return output::fail(exit::USAGE, &problem, "use --as CONTACT if you are someone else, or --withdraw");
    }
    let firing: Vec<&AlertRecord> = stored.firing().collect();
    let said = statements_of_acceptance(config, record, (&who, login), (&firing, arguments.reopen), now);
    let text = describe(config, record, &said, now);
    match put(run_service, now, said).await {
        Ok(()) => {
            let text = text + &head(run_service).await;
            print_changed(run_service, &record.said.id, arguments, config, &text).await
        }
        Err(code) => code,
    }
}

/// The head of the audit with the acceptance in it: whoever keeps it can prove later that nothing before was changed.
async fn head(run_service: &RunService) -> String {
    match run_service.store().latest_audit(1).await.map(|lines| lines.into_iter().next()) {
        Ok(Some(line)) => format!("audit head: entry {}, {}\n", line.seq, line.hash),
        Ok(None) => String::new(),
        Err(error) => format!("audit head not known: {error}\n"),
    }
}

fn describe(config: &Config, record: &HandoverRecord, said: &[Statement], now: DateTime<Utc>) -> String {
    let Some(HandoverAccepted { who, moved, reopened, .. }) = said.iter().find_map(|said| match said {
        Statement::OnCall(OnCallStatement::Accepted(said)) => Some(said),
        _ => None,
    }) else {
        return String::new();
    };
    let names = |names: &[Name]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!("handover accepted: {} is on call\n", title_of_contact(config, who));
    if record.said.until > now {
        text = format!("handover accepted: {} is on call from now on\n", title_of_contact(config, who));
    }
    if !moved.is_empty() {
        let many = counted(moved.len() as u64, "acknowledgement");
        text = format!("{text}{many} moved to you: {}\n", names(moved));
    }
    if !reopened.is_empty() {
        let many = counted(reopened.len() as u64, "alert");
        text = format!("{text}{many} open again: {}\n", names(reopened));
    }
    text
}
