//! Services and channels as a person names them, in the shell or in a dialog.

use super::Config;
use crate::lang::nearest::hint_or;
use crate::model::maintenance::ServiceChoice;
use crate::text::name::Name;

/// What is wrong with a name, and what to write instead.
type Unknown = (String, String);

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
        (format!("no service named `{name}`"), hint_or(name, known, "none is configured: add [service.NAME]"))
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
}
