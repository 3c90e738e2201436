//! `docker`, `journal`, `kubernetes`: commands that are well known, written short.

use crate::config::kinds::command::{CommandLine, environment};
use crate::config::reader::TableReader;

/// In an argument: from when on the command is to write, RFC 3339.
pub(crate) const SINCE: &str = "{since}";
/// The same in seconds since 1970, with a fraction.
pub(crate) const SINCE_UNIX: &str = "{since:unix}";

/// The keys, each with an example of what it names.
pub(super) const SHORTHANDS: &[(&str, &str)] = &[
    ("docker", "a container: shop-web-1"),
    ("journal", "a unit of systemd: nginx.service"),
    ("kubernetes", "what has pods: deployment/api, or with its namespace shop/deployment/api"),
];

/// Whether the command that `key` stands for puts a time before each line.
pub(super) fn is_stamped(key: &str) -> bool {
    key != "journal"
}

/// Reads the command that `key` stands for.
pub(super) fn read(table: &TableReader<'_>, key: &str) -> Option<CommandLine> {
    table.out_of_place("shell", "`command`");
    let text = table.text(key)?;
    let argv = arguments(key, &text.value);
    if argv.is_none() {
        let example = SHORTHANDS.iter().find(|(known, _)| *known == key).map_or("", |(_, example)| example);
        let message = format!("`{key}` can't follow `{}`", text.value);
        table.context.error(text.at, message, format!("name {example}"));
    }
    Some(CommandLine {
        argv: argv?,
        shell: false,
        directory: Some(table.path("directory").unwrap_or_else(|| table.directory())),
        env: environment(table),
    })
}

/// Program and arguments; `None` where `name` can't be what it should be. A name never looks like an option.
fn arguments(key: &str, name: &str) -> Option<Vec<String>> {
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-:@\\*".contains(c))
    };
    let parts: Vec<&str> = name.split('/').collect();
    let most = if key == "kubernetes" { 3 } else { 1 };
    if parts.len() > most || !parts.iter().all(|part| is_name(part)) {
        return None;
    }
    let mut argv: Vec<String> = match key {
        "docker" => vec!["docker", "logs", "--follow", "--timestamps", "--since", SINCE, name],
        "journal" => vec!["journalctl", "--follow", "--no-tail", "--all", "--output=json", "--unit", name],
        _ => vec!["kubectl", "logs", "--follow", "--timestamps", "--all-containers", "--max-log-requests=20"],
    }
    .into_iter()
    .map(str::to_owned)
    .collect();
    match (key, &*parts) {
        ("journal", _) => argv.push(format!("--since=@{SINCE_UNIX}")),
        ("kubernetes", [namespace, target @ ..]) => {
            argv.push(format!("--since-time={SINCE}"));
            if target.len() == 2 {
                argv.push(format!("--namespace={namespace}"));
                argv.push(target.join("/"));
            } else {
                argv.push(name.to_owned());
            }
        }
        _ => {}
    }
    Some(argv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_written_out() {
        let summary = |key, name| arguments(key, name).map(|argv| argv.join(" "));
        assert_eq!(summary("docker", "web-1").unwrap(), "docker logs --follow --timestamps --since {since} web-1");
        assert_eq!(
            summary("journal", "nginx.service").unwrap(),
            "journalctl --follow --no-tail --all --output=json --unit nginx.service --since=@{since:unix}"
        );
        let kubectl = "kubectl logs --follow --timestamps --all-containers --max-log-requests=20 --since-time={since}";
        assert_eq!(summary("kubernetes", "api-0").unwrap(), format!("{kubectl} api-0"));
        assert_eq!(summary("kubernetes", "deployment/api").unwrap(), format!("{kubectl} deployment/api"));
        assert_eq!(summary("kubernetes", "shop/deploy/api").unwrap(), format!("{kubectl} --namespace=shop deploy/api"));
    }

    #[test]
    fn no_name_is_an_option() {
        for (key, name) in [
            ("docker", "--help"),
            ("docker", ""),
            ("docker", "a b"),
            ("docker", "a/b"),
            ("kubernetes", "a/-b"),
            ("journal", "-u"),
        ] {
            assert_eq!(arguments(key, name), None, "{key} {name}");
        }
    }
}
