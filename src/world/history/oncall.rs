//! What is said of who is on call and of handovers, in the words of a timeline.

use chrono::{DateTime, Utc};

use crate::config::sections::oncall::PRIMARY;
use crate::lang::tz::Tz;
use crate::model::fact::OnCallStatement;
use crate::text::SafeText;

/// What is said at a moment.
pub(super) fn describe(said: &OnCallStatement, at: DateTime<Utc>, zone: Tz) -> String {
    let clock = |moment| super::clock(moment, at, zone);
    let behind = |layer: &str| if layer == PRIMARY { String::new() } else { format!(" ({layer})") };
    let because = |why: &Option<SafeText>| why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    match said {
        OnCallStatement::Assigned(said) => {
            let (who, layer, until) = (said.people.join(", "), behind(&said.layer), clock(said.until));
            if said.taken {
                return format!("{who} took the shift{layer} until {until}{}", because(&said.why));
            }
            let turns = said.handover.as_ref().map_or_else(String::new, |handover| format!(" in turns, {handover},"));
            format!("{who} on call{layer}{turns} from {} to {until}{}", clock(said.from), because(&said.why))
        }
        OnCallStatement::Ended(said) => format!("on-call override {} ended", said.id),
        OnCallStatement::Offered(said) => {
            let to = said.to.as_ref().map_or_else(String::new, |to| format!(" to {to}"));
            format!("handover of {}{} offered{to}", said.who, behind(&said.layer))
        }
        OnCallStatement::Accepted(said) => {
            let moved = match said.moved.len() {
                0 => String::new(),
                1 => ", with 1 acknowledgement".to_owned(),
                count => format!(", with {count} acknowledgements"),
            };
            format!("handover {} accepted: {} is on call{moved}", said.id, said.who)
        }
        OnCallStatement::Paged(said) => format!("test page sent to {} by {}", said.contact, said.channel),
        OnCallStatement::Verified(said) => format!("{} confirmed the test page by {}", said.contact, said.channel),
        OnCallStatement::Withdrawn(said) => format!("handover {} taken back", said.id),
    }
}
