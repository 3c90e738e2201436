//! Quiet hours and limits of a channel, in a console that acts for all, with a receiver that accepts what it is given.

use chrono::{DateTime, Utc};
use opsroom::model::effect::{Effect, HolderEffect};
use opsroom::model::message::{MessageKind, News, Notification};
use opsroom::model::outcome::Outcome;
use opsroom::model::reading::Sign;

use crate::support::room::Room;

/// The services and how bad it is where their check fails.
const SERVICES: [(&str, &str); 4] = [("api", "high"), ("web", "high"), ("db", "critical"), ("cache", "critical")];

fn config() -> String {
    let service = |(name, severity): (&str, &str)| {
        format!(
            "[service.{name}]\n[check.{name}]\nservice = \"{name}\"\ntcp = \"127.0.0.1:9\"\nevery = \"15s\"\n\
             fail_after = 1\nok_after = 1\nalert = {{ {severity} = \"down\" }}\n"
        )
    };
    format!("[console]\nname = \"t\"\n{}{RULES}", SERVICES.map(service).concat())
}

const RULES: &str = r#"
[severity.critical]
notify = ["chat"]
[severity.high]
notify = ["chat"]
[notify.chat]
webhook = "http://127.0.0.1:9/"
limits = { "5m" = 1 }
quiet = { when = "daily 02:00-03:00 UTC", above = "high" }
"#;

/// A message as its receiver had it: when, of which kind, and which alert is in it for what.
type Told = (String, MessageKind, Vec<(String, News)>);

struct Night {
    room: Room,
    told: Vec<Told>,
}

impl Night {
    /// At 02:41, in the quiet hours; all is well.
    fn new() -> Self {
        let mut night = Self { room: Room::of(&config()), told: Vec::new() };
        night.room.acts();
        for (check, _) in SERVICES {
            night.poll(check, Sign::Good);
        }
        night
    }

    fn now(&self) -> DateTime<Utc> {
        self.room.app.now().utc
    }

    fn poll(&mut self, check: &str, sign: Sign) {
        self.room.app.poll(check, sign);
        self.settle();
    }

    /// Puts on record what is said, and accepts every message.
    fn settle(&mut self) {
        loop {
            let mut is_settled = true;
            for effect in self.room.app.take() {
                match effect {
                    Effect::Holder(HolderEffect::Append(said)) => {
                        let now = self.now();
                        for said in said {
                            self.room.tell(now, "ana", said);
                        }
                        is_settled = false;
                    }
                    Effect::Holder(HolderEffect::Notify(message)) => {
                        self.accept(*message);
                        is_settled = false;
                    }
                    _ => {}
                }
            }
            if is_settled {
                return;
            }
        }
    }

    fn accept(&mut self, message: Notification) {
        let news = message.entries().map(|entry| (entry.alert.to_string(), entry.news)).collect();
        self.told.push((self.now().format("%H:%M:%S").to_string(), message.kind, news));
        let (message, target) = (message.id, message.target);
        self.room.app.outcome(Outcome::Delivered { message, target, delivered: Ok(()) });
    }

    /// Lets time pass up to a moment, second by second.
    fn until(&mut self, clock: &str) {
        while self.now().format("%H:%M:%S").to_string().as_str() < clock {
            self.room.app.pass(1);
            self.settle();
        }
    }
}

#[test]
fn what_is_worse_goes_through_quiet_hours_within_the_limits_and_the_rest_is_one_digest_at_their_end() {
    let mut night = Night::new();
    night.until("02:42:00");
    night.poll("api", Sign::Bad);
    night.until("02:42:30");
    night.poll("web", Sign::Bad);
    night.until("02:43:00");
    assert_eq!(night.told, [], "what is not above the cap waits");
    night.poll("db", Sign::Bad);
    night.until("02:44:00");
    night.poll("cache", Sign::Bad);
    night.until("02:47:00");
    let new = |alert: &str| vec![(alert.to_owned(), News::New)];
    let first = night.told.first().cloned();
    let Some((at, MessageKind::Alerts, news)) = first else { panic!("{:?}", night.told) };
    assert_eq!((news, night.told.len()), (new("db"), 1), "the limit holds the second back");
    assert!(("02:43:05".."02:43:10").contains(&&*at), "{at}");
    // Over before anybody was told: never told.
    night.poll("web", Sign::Good);
    night.until("02:59:59");
    let [_, (second_at, MessageKind::Alerts, news)] = &night.told[..] else { panic!("{:?}", night.told) };
    assert_eq!((news, second_at.replacen("02:48", "02:43", 1)), (&new("cache"), at), "five minutes after the first");
    night.until("03:00:30");
    let [.., last] = &night.told[..] else { panic!("nothing was told") };
    assert_eq!((last, night.told.len()), (&("03:00:05".to_owned(), MessageKind::Digest, new("api")), 3));
}
