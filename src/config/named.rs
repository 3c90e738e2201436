//! Services, channels and people as a person names them, in the shell or in a dialog.

use super::Config;
use super::sections::contact::Contact;
use crate::lang::nearest::{hint_of, hint_or};
use crate::model::maintenance::ServiceChoice;
use crate::text::count::first_names;
use crate::text::name::Name;

/// What is wrong with a name, and what to write instead.
type Unknown = (String, String);

/// A row of checks that belong to no service: it can't be named as one.
enum StrayRow<'a> {
    /// Of one check.
    Check(&'a Name),
    /// Of all of them, as the console is named; with some of their names.
    All { name: &'a str, names: String },
}

impl StrayRow<'_> {
    /// How what is asked for of services is had of it.
    fn to_be_named(&self) -> String {
        match self {
            Self::Check(name) => format!("`{name}` is a check without a service: set its `service`"),
            Self::All { name, names } => {
                format!("`{name}` stands for the checks without a service ({names}): set their `service`")
            }
        }
    }

    /// The same of silences, which checks can have too.
    fn to_be_silenced(&self) -> String {
        match self {
            Self::Check(name) => {
                format!("`{name}` is a check without a service: silence it by its name, or set its `service`")
            }
            Self::All { name, names } => format!(
                "`{name}` stands for the checks without a service: silence them by name ({names}), or set `service`"
            ),
        }
    }
}

impl Config {
    /// The services of these names, each once; `*` alone is all of them.
    ///
    /// # Errors
    /// A name is not that of a service, or `*` stands beside others.
    pub(crate) fn services_named(&self, written: &[String]) -> Result<ServiceChoice, Unknown> {
        if written.iter().any(|name| name == "*") {
            return if written.len() == 1 {
                Ok(ServiceChoice::All)
            } else {
                Err(("`*` is all services, and others are named too".to_owned(), "use '*' alone".to_owned()))
            };
        }
        let known = self.services.iter().map(|service| &*service.name);
        each_once(written, &known, |name| self.no_service(name)).map(ServiceChoice::These)
    }

    /// That no service has this name, and which there are.
    pub(crate) fn no_service(&self, name: &str) -> Unknown {
        let known = self.services.iter().map(|service| &*service.name);
        let hint = || hint_or(name, known, "none is configured: add [service.NAME]");
        (format!("no service named `{name}`"), self.row_named(name).map_or_else(hint, |row| row.to_be_named()))
    }

    /// What to silence instead of a row that screens show beside those of the services: of checks that belong to none. `None`: no
    /// such row has this name.
    pub(crate) fn silenced_instead(&self, name: &str) -> Option<String> {
        self.row_named(name).map(|row| row.to_be_silenced())
    }

    /// The row of this name.
    fn row_named<'a>(&'a self, name: &'a str) -> Option<StrayRow<'a>> {
        let stray = self.checks.iter().filter(|check| check.service.is_none());
        let console = self.console.name.as_str();
        if !(name == console || name.strip_prefix("console:") == Some(console)) {
            return stray.clone().find(|check| *check.name == *name).map(|check| StrayRow::Check(&check.name));
        }
        let names = first_names(stray, |check| check.name.to_string());
        (!names.is_empty()).then_some(StrayRow::All { name, names })
    }

    /// The contact of this name.
    ///
    /// # Errors
    /// No contact has this name.
    pub(crate) fn contact_named(&self, name: &str) -> Result<&Contact, Unknown> {
        let found = self.contacts.iter().find(|contact| *contact.id == *name);
        found.ok_or_else(|| (format!("no contact named `{name}`"), self.near_contact(name)))
    }

    /// That somebody is none of the contacts, by name nor by login name; `None`: they are one, or no contacts are configured. Who
    /// is none can be named all the same.
    pub(crate) fn unknown_person(&self, who: &str) -> Option<String> {
        let is_known = |contact: &Contact| *contact.id == *who || contact.logins.iter().any(|login| **login == *who);
        let is_unknown = !self.contacts.is_empty() && !self.contacts.iter().any(is_known);
        is_unknown.then(|| format!("`{who}` is not a contact; {}", self.near_contact(who)))
    }

    /// The login name of somebody who is named by a person: by that, or by the name of their contact. Who is none of the contacts
    /// is named by their login name.
    pub(crate) fn login_meant<'a>(&'a self, who: &'a str) -> &'a str {
        if self.contact_of(who).is_some() {
            return who;
        }
        let named = self.contacts.iter().find(|contact| *contact.id == *who);
        named.and_then(|contact| contact.logins.first()).map_or(who, |login| &**login)
    }

    /// Whether two names are of one person: a person may have several login names, and their contact has one too.
    pub(crate) fn is_same_person(&self, one: &str, other: &str) -> bool {
        let contact = |who: &str| {
            let named = || self.contacts.iter().find(|contact| *contact.id == *who);
            self.contact_of(who).or_else(named).map(|contact| &contact.id)
        };
        one == other || contact(one).is_some_and(|known| contact(other) == Some(known))
    }

    fn near_contact(&self, name: &str) -> String {
        hint_of(name, self.contacts.iter().map(|contact| &*contact.id))
    }

    /// The channels of these names, each once.
    ///
    /// # Errors
    /// A name is not that of a channel.
    pub(crate) fn channels_named(&self, written: &[String]) -> Result<Vec<Name>, Unknown> {
        let known = self.channels.iter().map(|channel| &*channel.name);
        each_once(written, &known, |name| self.no_channel(name))
    }

    /// That no channel has this name, and which there are.
    pub(crate) fn no_channel(&self, name: &str) -> Unknown {
        let known = self.channels.iter().map(|channel| &*channel.name);
        (format!("no channel named `{name}`"), hint_or(name, known, "none is configured: add [notify.NAME]"))
    }
}

/// Each name once, in the order in which they are written.
fn each_once<'a>(
    written: &[String],
    known: &(impl Iterator<Item = &'a str> + Clone),
    unknown: impl Fn(&str) -> Unknown,
) -> Result<Vec<Name>, Unknown> {
    let mut names: Vec<Name> = Vec::new();
    for name in written {
        if !known.clone().any(|known| known == name) {
            return Err(unknown(name));
        }
        if !names.iter().any(|one| **one == **name) {
            names.push(Name::from(name.as_str()));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    #[test]
    fn each_is_named_once_and_a_star_stands_alone() {
        let text = "[service.api]\n[service.db]\n[notify.desk]\ncommand = [\"true\"]\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), text).config.unwrap();
        let services = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            config.services_named(&names)
        };
        assert_eq!(services(&["*"]), Ok(ServiceChoice::All));
        assert_eq!(services(&["api", "db", "api"]), Ok(ServiceChoice::These(vec!["api".into(), "db".into()])));
        assert_eq!(services(&["*", "api"]).unwrap_err().1, "use '*' alone");
        assert_eq!(services(&["apo"]).unwrap_err().0, "no service named `apo`");
        assert_eq!(config.channels_named(&["desk".to_owned(), "desk".to_owned()]), Ok(vec!["desk".into()]));
        assert_eq!(config.channels_named(&["desc".to_owned()]).unwrap_err().0, "no channel named `desc`");
    }

    #[test]
    fn what_has_no_service_is_named_by_its_checks() {
        let text = "[console]\nname = \"shop\"\n[service.api]\n[check.site]\ntcp = \"x.example:1\"\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), text).config.unwrap();
        let row = "`shop` stands for the checks without a service (site): set their `service`";
        assert_eq!(config.no_service("shop"), ("no service named `shop`".to_owned(), row.to_owned()));
        assert!(config.no_service("console:shop").1.starts_with("`console:shop` stands for"));
        // An incident or a change is of services alone: only silences have checks by their names.
        assert_eq!(config.no_service("site").1, "`site` is a check without a service: set its `service`");
        assert!(config.silenced_instead("console:shop").unwrap().contains("silence them by name (site)"));
        assert!(config.silenced_instead("site").unwrap().contains("silence it by its name"));
        assert_eq!(config.silenced_instead("apo"), None);
        assert_eq!(config.no_service("apo").1, "did you mean `api`?");
    }

    #[test]
    fn people_who_are_no_contacts_are_told_apart() {
        let text = "[contact.ana]\nlogin = [\"ana.k\"]\n[contact.ben]\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), text).config.unwrap();
        assert_eq!((config.unknown_person("ana"), config.unknown_person("ana.k")), (None, None));
        assert_eq!(config.unknown_person("bn").unwrap(), "`bn` is not a contact; did you mean `ben`?");
        assert_eq!(config.contact_named("bn").unwrap_err().1, "did you mean `ben`?");
        assert_eq!(Config::default().unknown_person("bn"), None, "without contacts anybody may be named");
    }

    #[test]
    fn a_person_is_one_by_whichever_of_their_names() {
        let text = "[contact.ana]\nlogin = [\"ana.k\", \"root\"]\n[contact.ben]\n[contact.cy]\nlogin = \"ana\"\n";
        let config = load_text(Path::new("/srv/opsroom.toml"), text).config.unwrap();
        let meant = |who| config.login_meant(who);
        assert_eq!((meant("ben"), meant("cy"), meant("root"), meant("zoe")), ("ben", "ana", "root", "zoe"));
        assert_eq!(meant("ana"), "ana", "whoever logs in so is meant before the contact of that name");
        assert!(config.is_same_person("ana.k", "root") && config.is_same_person("ana", "cy"));
        assert!(config.is_same_person("zoe", "zoe") && !config.is_same_person("zoe", "yan"));
        assert!(!config.is_same_person("root", "ben") && !config.is_same_person("ben", "zoe"));
    }
}
