//! Every section with what it fills of the configuration. A section itself knows its keys and its things only, so that
//! the configuration can be made of them.

use std::cmp::Reverse;

use super::Config;
use super::changes::{changed, compare, difference};
use super::draft::{Draft, SectionReader};
use super::sections::{
    action, adapter, alerting, check, checklist, console, contact, defaults, filter, freeze, incident, keys, log,
    maintenance, metric, notify, oncall, retention, screen, secret, service, severity, slo, source, statuspage, store,
    test, watch,
};
use super::spec::{SectionShape, SectionSpec};
use super::titles;
use crate::lang::order::InOrder;
use crate::text::name::Name;

/// A section and its place in the configuration.
pub(crate) struct Section {
    /// Its name and its keys.
    pub spec: &'static SectionSpec,
    /// Reads it into the draft, where those before it in the list are.
    pub read: fn(&SectionReader<'_>, &mut Draft),
    /// Says in words what of it differs between two configurations: the old one and the new one.
    pub changes: fn(&Config, &Config, &mut Vec<String>),
}

/// `include = [...]`: what it names is merged before anything is read.
const INCLUDE: SectionSpec = SectionSpec {
    name: "include",
    shape: SectionShape::List,
    help: "Further files, as globs; their sections are merged into this file's",
};

/// Every section of this version, in the order in which they are read: what a section refers to by more than a name
/// stands before it.
pub(crate) const SECTIONS: &[Section] = &[
    Section { spec: &INCLUDE, read: |_, _| {}, changes: |_, _, _| {} },
    Section {
        spec: &console::SECTION,
        read: |reader, draft| draft.config.console = console::read(&reader.single(&console::SECTION)),
        changes: |old, new, words| {
            if old.console != new.console {
                let facts = (console::facts(&old.console), console::facts(&new.console));
                words.push(format!("console: {}", difference(&facts.0, &facts.1)));
            }
        },
    },
    Section {
        spec: &store::SECTION,
        read: |reader, draft| draft.config.store = store::read(&reader.single(&store::SECTION)),
        changes: |old, new, words| {
            words.extend(
                (old.store != new.store).then(|| "store: url changed; restart to use another store".to_owned()),
            );
        },
    },
    Section {
        spec: &defaults::SECTION,
        read: |reader, draft| draft.defaults = defaults::read(&reader.single(&defaults::SECTION)),
        changes: |_, _, _| {},
    },
    Section {
        spec: &severity::SECTION,
        read: |reader, draft| {
            let tables = reader.named(&severity::SECTION);
            draft.config.severities = tables.filter_map(|table| severity::read(&table)).collect();
            draft.config.severities.order_by_key(|rule| Reverse(rule.severity));
        },
        changes: |old, new, words| {
            compare("severity", &old.severities, &new.severities, |rule| rule.severity.word(), severity::facts, words);
        },
    },
    Section {
        spec: &service::SECTION,
        read: |reader, draft| {
            draft.config.services = reader.named(&service::SECTION).map(|table| service::read(&table)).collect();
        },
        changes: |old, new, words| {
            compare("service", &old.services, &new.services, |service| &service.name, service::facts, words);
        },
    },
    Section {
        spec: &source::SECTION,
        read: |reader, draft| {
            let tables = reader.named(&source::SECTION);
            draft.config.sources = tables.filter_map(|table| source::read(&table, &draft.defaults)).collect();
        },
        // The sources that checks bring themselves are the checks'.
        changes: |old, new, words| {
            let (before, after) = (with_section(old), with_section(new));
            compare("source", &before, &after, |source| &source.name, |source| source::facts(source), words);
        },
    },
    Section {
        spec: &check::SECTION,
        read: |reader, draft| {
            let Draft { config, defaults, own_sources, .. } = draft;
            let sources = config.sources.iter().map(|source| (&*source.name, source)).collect();
            for table in reader.named(&check::SECTION) {
                if let Some((check, source)) = check::read(&table, defaults, &sources) {
                    config.checks.push(check);
                    own_sources.extend(source);
                }
            }
        },
        changes: |old, new, words| {
            let before = check::with_sources(&old.checks, &old.sources);
            let after = check::with_sources(&new.checks, &new.sources);
            compare("check", &before, &after, |(check, _)| &check.name, check::facts, words);
        },
    },
    Section {
        spec: &metric::SECTION,
        read: |reader, draft| {
            let known = metric::MetricScope::new(&draft.config.sources, &draft.config.checks);
            draft.config.metrics =
                reader.named(&metric::SECTION).filter_map(|table| metric::read(&table, &known)).collect();
        },
        changes: |old, new, words| {
            compare("metric", &old.metrics, &new.metrics, |metric| &metric.name, metric::facts, words);
        },
    },
    Section {
        spec: &log::SECTION,
        read: |reader, draft| {
            draft.config.logs = reader.named(&log::SECTION).filter_map(|table| log::read(&table)).collect();
        },
        changes: |old, new, words| compare("log", &old.logs, &new.logs, |log| &log.name, log::facts, words),
    },
    Section {
        spec: &adapter::SECTION,
        read: |reader, draft| {
            draft.config.adapters = reader.named(&adapter::SECTION).filter_map(|table| adapter::read(&table)).collect();
        },
        changes: |old, new, words| {
            compare("adapter", &old.adapters, &new.adapters, |adapter| &adapter.name, adapter::facts, words);
        },
    },
    Section {
        spec: &action::SECTION,
        read: |reader, draft| {
            let Draft { config, defaults, .. } = draft;
            let production = config.console.is_production();
            let tables = reader.named(&action::SECTION);
            config.actions =
                tables.filter_map(|table| action::read(&table, defaults, &config.adapters, production)).collect();
            titles::tell_apart(&mut config.actions);
        },
        changes: |old, new, words| {
            compare("action", &old.actions, &new.actions, |action| &action.name, action::facts, words);
        },
    },
    Section {
        spec: &notify::SECTION,
        read: |reader, draft| {
            draft.config.channels = reader.named(&notify::SECTION).filter_map(|table| notify::read(&table)).collect();
        },
        changes: |old, new, words| {
            compare("notify", &old.channels, &new.channels, |channel| &channel.name, notify::facts, words);
        },
    },
    Section {
        spec: &contact::SECTION,
        read: |reader, draft| {
            let Draft { config, .. } = draft;
            let tables = reader.named(&contact::SECTION);
            config.contacts = tables.map(|table| contact::read(&table, &config.channels)).collect();
        },
        changes: |old, new, words| {
            compare("contact", &old.contacts, &new.contacts, |contact| &contact.id, contact::facts, words);
        },
    },
    Section {
        spec: &oncall::SECTION,
        read: |reader, draft| {
            let Config { contacts, channels, severities, console, .. } = &draft.config;
            let people = oncall::People { contacts, channels, severities, zone: console.timezone };
            let table = reader.single_if_any(&oncall::SECTION);
            draft.config.oncall = table.and_then(|table| oncall::read(&table, &people));
        },
        changes: |old, new, words| {
            words.extend(changed("oncall", (old.oncall.as_ref(), new.oncall.as_ref()), oncall::facts));
        },
    },
    Section {
        spec: &watch::SECTION,
        read: |reader, draft| draft.config.watch = watch::read(&reader.single(&watch::SECTION)),
        changes: |old, new, words| {
            words.extend(changed("watch", (Some(&old.watch), Some(&new.watch)), watch::facts));
        },
    },
    Section {
        spec: &alerting::SECTION,
        read: |reader, draft| draft.config.alerting = alerting::read(&reader.single(&alerting::SECTION)),
        changes: |old, new, words| {
            words.extend(changed("alerts", (Some(&old.alerting), Some(&new.alerting)), alerting::facts));
        },
    },
    Section {
        spec: &maintenance::SECTION,
        read: |reader, draft| {
            let tables = reader.named(&maintenance::SECTION);
            let zone = draft.config.console.timezone;
            draft.config.maintenance = tables.filter_map(|table| maintenance::read(&table, zone)).collect();
        },
        changes: |old, new, words| {
            compare("maintenance", &old.maintenance, &new.maintenance, |one| &one.name, maintenance::facts, words);
        },
    },
    Section {
        spec: &freeze::SECTION,
        read: |reader, draft| {
            let tables = reader.named(&freeze::SECTION);
            let zone = draft.config.console.timezone;
            draft.config.freezes = tables.filter_map(|table| freeze::read(&table, zone)).collect();
        },
        changes: |old, new, words| {
            compare("freeze", &old.freezes, &new.freezes, |one| &one.name, freeze::facts, words);
        },
    },
    Section {
        spec: &slo::SECTION,
        read: |reader, draft| {
            let Config { checks, metrics, .. } = &draft.config;
            let known = slo::SloScope { checks, metrics };
            draft.config.slos = reader.named(&slo::SECTION).filter_map(|table| slo::read(&table, &known)).collect();
            titles::tell_alerts_apart(&mut draft.config);
        },
        changes: |old, new, words| compare("slo", &old.slos, &new.slos, |slo| &slo.name, slo::facts, words),
    },
    Section {
        spec: &checklist::SECTION,
        read: |reader, draft| {
            let known = checklist::ChecklistScope { metrics: &draft.config.metrics };
            let written: Vec<_> =
                reader.named(&checklist::SECTION).map(|table| checklist::read(&table, &known)).collect();
            draft.config.checklists = checklist::flatten(reader.context, &written);
        },
        changes: |old, new, words| {
            compare("checklist", &old.checklists, &new.checklists, |list| &list.name, checklist::facts, words);
        },
    },
    Section {
        spec: &statuspage::SECTION,
        read: |reader, draft| {
            let table = reader.single_if_any(&statuspage::SECTION);
            let console = &draft.config.console.name;
            draft.config.statuspage = table.and_then(|table| statuspage::read(&table, console));
        },
        changes: |old, new, words| {
            let pages = (old.statuspage.as_ref(), new.statuspage.as_ref());
            words.extend(changed("statuspage", pages, statuspage::facts));
        },
    },
    Section {
        spec: &incident::SECTION,
        read: |reader, draft| draft.config.incident = incident::read(&reader.single(&incident::SECTION)),
        changes: |old, new, words| {
            words.extend(changed("incident", (Some(&old.incident), Some(&new.incident)), incident::facts));
        },
    },
    Section {
        spec: &retention::SECTION,
        read: |reader, draft| draft.config.retention = retention::read(&reader.single(&retention::SECTION)),
        changes: |old, new, words| {
            if old.retention != new.retention {
                let facts = (retention::facts(&old.retention), retention::facts(&new.retention));
                words.push(format!("retention: {}", difference(&facts.0, &facts.1)));
            }
        },
    },
    Section {
        spec: &screen::SECTION,
        read: |reader, draft| {
            draft.config.screens = reader.named(&screen::SECTION).map(|table| screen::read(&table)).collect();
        },
        changes: |old, new, words| {
            compare("screen", &old.screens, &new.screens, |screen| &screen.name, screen::facts, words);
        },
    },
    Section {
        spec: &filter::SECTION,
        read: |reader, draft| {
            draft.config.filters = reader.named(&filter::SECTION).filter_map(|table| filter::read(&table)).collect();
        },
        changes: |old, new, words| {
            compare("filter", &old.filters, &new.filters, |filter| &filter.name, filter::facts, words);
        },
    },
    Section {
        spec: &keys::SECTION,
        read: |reader, draft| {
            let entries = reader.entries(keys::SECTION.name).iter();
            let bindings = entries.filter_map(|entry| Some((keys::read(reader.context, entry)?, entry.key_at)));
            draft.bindings = bindings.collect();
        },
        changes: |old, new, words| words.extend((old.keys != new.keys).then(|| "keys changed".to_owned())),
    },
    Section {
        spec: &secret::SECTION,
        read: |reader, draft| {
            let entries = reader.entries(secret::SECTION.name).iter();
            let secrets =
                entries.filter_map(|entry| Some((Name::from(entry.key), secret::read(reader.context, entry)?)));
            draft.config.secrets = secrets.collect();
        },
        changes: |old, new, words| secret::changes(&old.secrets, &new.secrets, words),
    },
    Section {
        spec: &test::SECTION,
        read: |reader, draft| {
            let Config { checks, metrics, .. } = &draft.config;
            let known = test::Tested { checks, metrics };
            let mut tests = Vec::new();
            for table in reader.tables(&test::SECTION) {
                tests.extend(test::read(&table, &known, &tests));
            }
            draft.config.tests = tests;
        },
        changes: |old, new, words| compare("test", &old.tests, &new.tests, |test| &test.name, test::facts, words),
    },
];

/// The sources that have a section of their own.
fn with_section(config: &Config) -> Vec<&source::Source> {
    config.sources.iter().filter(|source| !source.name.starts_with("check:")).collect()
}

/// The sections that later versions bring.
pub(crate) const LATER_SECTIONS: &[&str] = &["host", "table", "backup"];
