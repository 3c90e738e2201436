//! What only shows when all sections are known: circles, and keys that mean two things.

use std::collections::{BTreeMap, HashMap};

use super::commands::{self, COMMANDS, CommandContext as Where};
use super::file::FilePlace;
use super::reader::{KeyValue, ReadContext, entries, text_of};
use super::sections::source::Source;
use super::tree::TomlValue;
use crate::lang::key::Key;

/// Notes every circle of `depends_on`, once, at the place that closes it.
pub(crate) fn circles(context: &ReadContext<'_>, services: &[KeyValue<'_>]) {
    let mut edges: HashMap<&str, Vec<(&str, FilePlace)>> = HashMap::new();
    for service in services {
        let TomlValue::Table(inner) = service.value else { continue };
        let Some(list) = entries(inner, service.at.file).into_iter().find(|entry| entry.key == "depends_on") else {
            continue;
        };
        let TomlValue::Array(items) = list.value else { continue };
        let named = items.iter().filter_map(|item| match &item.value {
            TomlValue::String(name) => Some((&**name, list.within(item.span))),
            _ => None,
        });
        edges.insert(service.key, named.collect());
    }
    let mut seen: HashMap<&str, Seen> = HashMap::new();
    for service in services {
        if !seen.contains_key(service.key) {
            walk(context, &edges, service.key, &mut seen);
        }
    }
}

/// How far a service is followed.
#[derive(Clone, Copy)]
enum Seen {
    /// It stands at this position of the path that is walked.
    Open(usize),
    /// Everything that it depends on was walked.
    Done,
}

/// Depth first, with a stack of its own: a long chain of services is no reason to overflow ours.
fn walk<'a>(
    context: &ReadContext<'_>,
    edges: &HashMap<&'a str, Vec<(&'a str, FilePlace)>>,
    first: &'a str,
    seen: &mut HashMap<&'a str, Seen>,
) {
    let mut path = vec![(first, 0)];
    seen.insert(first, Seen::Open(0));
    while let Some((here, next)) = path.last_mut() {
        let edge = edges.get(here).and_then(|list| list.get(*next));
        *next += 1;
        let Some((to, place)) = edge else {
            seen.insert(here, Seen::Done);
            path.pop();
            continue;
        };
        match seen.get(to) {
            Some(Seen::Open(start)) => {
                let circle: Vec<&str> = path[*start..].iter().map(|(name, _)| *name).chain([*to]).collect();
                context.error(
                    *place,
                    format!("services depend on each other in a circle: {}", circle.join(" → ")),
                    "remove one of these dependencies: a service cannot depend on itself",
                );
            }
            None if edges.contains_key(to) => {
                seen.insert(to, Seen::Open(path.len()));
                path.push((to, 0));
            }
            Some(Seen::Done) | None => {}
        }
    }
}

/// Polls a second beyond which a console comes late: each costs a connection of its own.
const MAX_PACE: f64 = 1_000.0;

/// Warns, at the first check, of more polls a second than a console can make. What is due and has no place waits, and
/// is counted as an overrun.
pub(crate) fn pace(context: &ReadContext<'_>, first: Option<FilePlace>, sources: &[Source]) {
    let pace: f64 = sources.iter().map(|source| 1.0 / source.every.as_secs_f64().max(0.05)).sum();
    if let Some(place) = first.filter(|_| pace > MAX_PACE) {
        context.warning(
            place,
            format!("{} sources make {pace:.0} polls a second; more than {MAX_PACE} may come late", sources.len()),
            "raise `every` in [defaults], or let several checks read one source with `from`",
        );
    }
}

/// What a key does already, and where that is written.
struct Holder {
    what: String,
    place: Option<FilePlace>,
    context: Where,
}

/// Notes every key that means two things: among `[keys]`, the sections whose things have keys of their own, and the
/// built-in commands.
pub(crate) fn keys(
    context: &ReadContext<'_>,
    bindings: &[((Key, String), FilePlace)],
    sections: &[(&str, &[KeyValue<'_>])],
) {
    let mut taken: BTreeMap<Key, Vec<Holder>> = BTreeMap::new();
    for ((key, command), place) in bindings {
        let holders = taken.entry(*key).or_default();
        if let Some(first) = holders.first() {
            conflict(context, *key, *place, first);
            continue;
        }
        let place_of = commands::find(command).map_or(Where::Everywhere, |command| command.context);
        holders.push(Holder { what: format!("`{command}` in [keys]"), place: Some(*place), context: place_of });
    }
    let unbound: Vec<Key> = bindings.iter().map(|((key, _), _)| *key).collect();
    for ((key, command), _) in bindings {
        if command == commands::UNBOUND {
            taken.remove(key);
        }
    }
    for command in COMMANDS {
        for key in command.default_keys().filter(|key| !unbound.contains(key)) {
            let holder = Holder {
                what: format!("`{}` ({})", command.name, command.help),
                place: None,
                context: command.context,
            };
            taken.entry(key).or_default().push(holder);
        }
    }
    for (section, things) in sections {
        for thing in *things {
            let Some((key, place)) = own_key(thing) else { continue };
            let holders = taken.entry(key).or_default();
            // The key of a screen or a filter gives way to what a key means within one screen; an action's never
            // does, because a slip there would change the world.
            let first = holders.iter().find(|holder| *section == "action" || holder.context == Where::Everywhere);
            match first {
                Some(first) => conflict(context, key, place, first),
                None => holders.push(Holder {
                    what: format!("{section} `{}`", thing.key),
                    place: Some(place),
                    context: Where::Everywhere,
                }),
            }
        }
    }
}

fn conflict(context: &ReadContext<'_>, key: Key, place: FilePlace, first: &Holder) {
    let hint = match first.place {
        Some(first) => format!("it is taken in {}: choose another key", context.where_is(first)),
        None => format!("choose another key, or free it: [keys] \"{key}\" = \"none\""),
    };
    context.error(place, format!("key `{key}` already means {}", first.what), hint);
}

/// The key of an action or a screen, where it is one.
fn own_key(thing: &KeyValue<'_>) -> Option<(Key, FilePlace)> {
    let TomlValue::Table(inner) = thing.value else { return None };
    let entry = entries(inner, thing.at.file).into_iter().find(|entry| entry.key == "key")?;
    let text = text_of(&entry)?;
    Some((text.value.parse().ok()?, text.at))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::load::load_text;

    #[test]
    fn more_polls_than_can_be_made_are_warned_of() {
        let text = |checks: usize, every: &str| {
            let check = |n: usize| format!("[check.c{n}]\ntcp = \"127.0.0.1:1\"\n");
            format!("[defaults]\nevery = \"{every}\"\ntimeout = \"500ms\"\n")
                + &(0..checks).map(check).collect::<String>()
        };
        let warned = |text: &str| load_text(Path::new("/srv/opsroom.toml"), text).diagnostics;
        assert!(warned(&text(900, "1s")).is_empty());
        let problems = warned(&text(1_200, "1s"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(!problems[0].is_error());
        assert_eq!(
            (problems[0].line, problems[0].message.as_str()),
            (4, "1200 sources make 1200 polls a second; more than 1000 may come late")
        );
    }
}
