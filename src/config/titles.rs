//! How actions, checks and services are called wherever a person reads of them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Config;
use super::sections::action::Action;
use crate::model::fact::alerting::rule_in;
use crate::model::maintenance::ServiceChoice;
use crate::model::run::Lock;
use crate::model::silence::SilenceMatch;
use crate::text::name::Name;

/// How an action is shown; its name where the configuration has it no more.
pub(crate) fn title_of<'a>(actions: &'a [Action], name: &'a Name) -> &'a str {
    actions.iter().find(|action| action.name == *name).map_or(name, |action| action.title.as_str())
}

/// How a check is shown: as its service where that has no other check, else by its name.
pub(crate) fn title_of_check<'a>(config: &'a Config, name: &'a str) -> &'a str {
    let check = config.checks.iter().find(|check| *check.name == *name);
    let Some(service) = check.and_then(|check| check.service.as_ref()) else { return name };
    let is_only = config.checks.iter().filter(|check| check.service.as_ref() == Some(service)).count() == 1;
    let service = config.services.iter().find(|known| known.name == *service).filter(|_| is_only);
    service.map_or(name, |service| &service.title)
}

/// The same of all of them at once, by name: ten thousand are not looked for one by one.
pub(crate) fn titles_of_checks(config: &Config) -> HashMap<&str, &str> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for service in config.checks.iter().filter_map(|check| check.service.as_ref()) {
        *counts.entry(service).or_default() += 1;
    }
    let only = config.services.iter().filter(|service| counts.get(&*service.name) == Some(&1));
    let only: HashMap<&str, &str> = only.map(|service| (&*service.name, service.title.as_str())).collect();
    let title = |service: Option<&Name>| service.and_then(|service| only.get(&**service).copied());
    config.checks.iter().map(|check| (&*check.name, title(check.service.as_ref()).unwrap_or(&check.name))).collect()
}

/// How an alert is shown: as the check, metric or objective that it is about.
pub(crate) fn title_of_alert<'a>(config: &'a Config, name: &'a str) -> &'a str {
    let metrics = config.metrics.iter().map(|metric| (&metric.name, &metric.title));
    let mut titled = metrics.chain(config.slos.iter().map(|slo| (&slo.name, &slo.title)));
    titled.find(|(known, _)| ***known == *name).map_or_else(|| title_of_check(config, name), |(_, title)| title)
}

/// How a firing of an alert is shown, by its id or that of its condition: a check, a metric and an objective may share a name.
pub(crate) fn title_of_firing<'a>(config: &'a Config, id: &str, name: &'a str) -> Cow<'a, str> {
    let slo = || config.slos.iter().find(|slo| *slo.name == *name).map(|slo| slo.alert_title.as_str());
    let metric = || config.metrics.iter().find(|one| *one.name == *name).map(|metric| metric.alert_title.as_str());
    let title = match kind_of(id) {
        Some("check") => Some(title_of_check(config, name)),
        Some("slo") => slo(),
        Some("metric") => metric(),
        _ => Some(title_of_alert(config, name)),
    };
    title.map_or_else(|| name_of_firing(config, id, name), Cow::Borrowed)
}

/// How an alert is named where names are written and not titles, by the id of its firing or condition: with what it is about
/// where something of another kind has its name, `api (SLO)`.
pub(crate) fn name_of_firing<'a>(config: &Config, id: &str, name: &'a str) -> Cow<'a, str> {
    let is_check = || config.checks.iter().any(|check| *check.name == *name);
    let is_metric = || config.metrics.iter().any(|metric| *metric.name == *name);
    match kind_of(id) {
        Some("slo") if is_check() || is_metric() => Cow::Owned(of_slo(name)),
        Some("metric") if is_check() => Cow::Owned(of_metric(name)),
        _ => Cow::Borrowed(name),
    }
}

/// What an alert is about, by the id of its firing or of its condition: `check`, `metric` or `slo`.
fn kind_of(id: &str) -> Option<&str> {
    rule_in(id).unwrap_or(id).split_once(':').map(|(kind, _)| kind)
}

fn of_slo(called: &str) -> String {
    format!("{called} (SLO)")
}

fn of_metric(called: &str) -> String {
    format!("{called} (metric)")
}

/// Has the alerts of objectives and metrics say what they are about where something else is called the same.
pub(crate) fn tell_alerts_apart(config: &mut Config) {
    let checks = config.checks.iter().map(|check| check.name.to_string());
    let mut known: HashSet<String> = checks.chain(config.services.iter().map(|one| one.title.clone())).collect();
    for metric in &mut config.metrics {
        if known.contains(&metric.title) {
            metric.alert_title = of_metric(&metric.title);
        }
    }
    known.extend(config.metrics.iter().map(|metric| metric.title.clone()));
    for slo in config.slos.iter_mut().filter(|slo| known.contains(&slo.title)) {
        slo.alert_title = of_slo(&slo.title);
    }
}

/// What a silence is called by what it matches: `service shop front`, `HTTP API critical`; as it is written where it names
/// no one thing.
pub(crate) fn title_of_match(config: &Config, matching: &str) -> String {
    match SilenceMatch::stored(matching) {
        Ok(SilenceMatch::Service(name)) => format!("service {}", title_of_service(config, &name)),
        Ok(SilenceMatch::Slo(name, severity)) => {
            let title = title_of_firing(config, &format!("slo:{name}"), &name);
            severity.map_or_else(|| title.to_string(), |severity| format!("{title} {}", severity.word()))
        }
        Ok(SilenceMatch::Alert(name, None)) => title_of_alert(config, &name).to_owned(),
        Ok(SilenceMatch::Alert(name, Some(severity))) => {
            format!("{} {}", title_of_alert(config, &name), severity.word())
        }
        _ => matching.to_owned(),
    }
}

/// How a checklist is shown; its name where the configuration has it no more.
pub(crate) fn title_of_checklist<'a>(config: &'a Config, name: &'a str) -> &'a str {
    config.checklist(name).map_or(name, |list| &list.title)
}

/// How a contact is shown; their name where the configuration has them no more.
pub(crate) fn title_of_contact<'a>(config: &'a Config, name: &'a str) -> &'a str {
    config.contacts.iter().find(|contact| *contact.id == *name).map_or(name, |contact| &contact.name)
}

/// How whoever logs in so is shown: as the contact that they are, where one says that login name.
pub(crate) fn title_of_login<'a>(config: &'a Config, login: &'a str) -> &'a str {
    config.contact_of(login).map_or(login, |contact| &contact.name)
}

/// How a service is shown; its name where the configuration has it no more.
pub(crate) fn title_of_service<'a>(config: &'a Config, name: &'a str) -> &'a str {
    config.services.iter().find(|service| *service.name == *name).map_or(name, |service| &service.title)
}

/// What a window of maintenance is called in a sentence: `maintenance weekly`; one that a person planned has no name but
/// its id, and is called by what it covers: `maintenance of HTTP API`.
pub(crate) fn title_of_maintenance(config: &Config, id: &str, name: &str, services: &ServiceChoice) -> String {
    if id == name {
        return format!("maintenance of {}", titles_of_services(config, services));
    }
    let configured = config.maintenance.iter().find(|one| *one.name == *name);
    format!("maintenance {}", configured.map_or(name, |one| &one.title))
}

/// The services of a choice as they are shown: `all services`, `HTTP API, shop`.
pub(crate) fn titles_of_services(config: &Config, services: &ServiceChoice) -> String {
    match services {
        ServiceChoice::All => services.describe(),
        ServiceChoice::These(names) => {
            names.iter().map(|name| title_of_service(config, name)).collect::<Vec<_>>().join(", ")
        }
    }
}

/// How an objective is shown; its name where the configuration has it no more.
pub(crate) fn title_of_slo<'a>(config: &'a Config, name: &'a str) -> &'a str {
    config.slos.iter().find(|slo| *slo.name == *name).map_or(name, |slo| &slo.title)
}

/// Whether a title says no more than the name: but for case and what stands between the words.
pub(crate) fn is_same(title: &str, name: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if matches!(c, '-' | '_') { ' ' } else { c }).flat_map(char::to_lowercase).collect()
    };
    plain(title) == plain(name)
}

/// For what a lock is held: the action by its title, and why where a reason was given.
pub(crate) fn locked_for(actions: &[Action], lock: &Lock) -> String {
    let (action, why) = lock.reason.split_once(": ").map_or((&*lock.reason, None), |(action, why)| (action, Some(why)));
    let (action, why) = (Name::from(action), why.map_or_else(String::new, |why| format!(": {why}")));
    format!("{}{why}", title_of(actions, &action))
}

/// Adds to titles that several actions have by what they differ: their adapters, else their targets, else both. Two rows
/// that read the same would leave a person to guess which of them acts on what.
pub(crate) fn tell_apart(actions: &mut [Action]) {
    const FORMS: [fn(&Action) -> String; 3] = [
        |action| action.adapter.to_string(),
        |action| action.target.clone(),
        |action| format!("{}, {}", action.adapter, action.target),
    ];
    let added: Vec<Option<String>> = actions
        .iter()
        .map(|action| {
            let alike: Vec<&Action> =
                actions.iter().filter(|other| other.name != action.name && other.title == action.title).collect();
            let tells = |form: &fn(&Action) -> String| alike.iter().all(|other| form(other) != form(action));
            let form = FORMS.into_iter().find(tells).unwrap_or(FORMS[2]);
            (!alike.is_empty()).then(|| form(action))
        })
        .collect();
    for (action, added) in actions.iter_mut().zip(added) {
        if let Some(added) = added {
            action.title = format!("{} ({added})", action.title);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{name_of_firing, title_of, title_of_firing};
    use crate::config::load::load_text;

    #[test]
    fn actions_of_one_title_say_by_what_they_differ() {
        let action = |name: &str, adapter: &str, target: &str| {
            format!(
                "[action.{name}]\ntitle = \"restart\"\nadapter = \"{adapter}\"\ndo = \"restart\"\ntarget = \"{target}\"\n"
            )
        };
        let adapter = |name: &str| format!("[adapter.{name}]\nrestart = {{ steps = [[\"true\"]] }}\n");
        let titles = |actions: &[String]| {
            let text = [adapter("one"), adapter("two"), actions.concat()].concat();
            let loaded = load_text(Path::new("/srv/opsroom.toml"), &text);
            let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
            ["a", "b", "c"].map(|name| title_of(&config.actions, &name.into()).to_owned())
        };
        let [a, b] = [action("a", "one", "x"), action("b", "two", "x")];
        assert_eq!(titles(&[a.clone(), b.clone()]), ["restart (one)", "restart (two)", "c"]);
        assert_eq!(titles(&[a.clone(), action("b", "one", "y")]), ["restart (x)", "restart (y)", "c"]);
        let mixed = titles(&[a, action("b", "one", "y"), action("c", "two", "x")]);
        assert_eq!(mixed, ["restart (one, x)", "restart (y)", "restart (two)"]);
    }

    #[test]
    fn a_check_and_an_objective_of_one_name_are_told_apart() {
        let text = "[service.api]\ntitle = \"HTTP API\"\n[check.api]\nservice = \"api\"\ntcp = \"127.0.0.1:1\"\n\
                    [check.web]\ntcp = \"127.0.0.1:1\"\n[check.EUZ-west]\ntcp = \"127.0.0.1:1\"\n\
                    [slo.EUZ-west]\ncheck = \"EUZ-west\"\nobjective = \"99%\"\n[source.s]\nhttp = \"http://127.0.0.1:1/\"\n\
                    [metric.web]\nfrom = \"s\"\nvalue = \".body.x\"\n[metric.queue]\nfrom = \"s\"\nvalue = \".body.x\"\n\
                    [slo.api]\ncheck = \"api\"\nobjective = \"99%\"\n\
                    [slo.web]\ntitle = \"Web is up\"\ncheck = \"api\"\nobjective = \"99%\"\n\
                    [slo.all]\ntitle = \"HTTP API\"\ncheck = \"api\"\nobjective = \"99%\"\n";
        let loaded = load_text(Path::new("/srv/opsroom.toml"), text);
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        for (id, name, title, named) in [
            ("check:api/critical/0", "api", "HTTP API", "api"),
            ("20261130T170917.000Z-check:api/critical/0", "api", "HTTP API", "api"),
            ("20261130T170917.000Z-slo:api/critical/0", "api", "api (SLO)", "api (SLO)"),
            ("slo:web/critical/0", "web", "Web is up", "web (SLO)"),
            ("slo:all/critical/0", "all", "HTTP API (SLO)", "all"),
            ("metric:web/high/0", "web", "web (metric)", "web (metric)"),
            ("metric:queue/high/0", "queue", "queue", "queue"),
            ("slo:EUZ-west/critical/0", "EUZ-west", "EUZ-west (SLO)", "EUZ-west (SLO)"),
            ("20261130T170917.000Z-slo:EUZ-west/critical/0", "EUZ-west", "EUZ-west (SLO)", "EUZ-west (SLO)"),
        ] {
            assert_eq!(title_of_firing(&config, id, name), title, "{id}");
            assert_eq!(name_of_firing(&config, id, name), named, "{id}");
        }
    }
}
