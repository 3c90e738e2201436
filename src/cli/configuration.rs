//! The configuration that a command works on: found and loaded, with the options of the command line applied.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Global;
use super::output::{self, exit};
use crate::config::Config;
use crate::config::load;
use crate::config::loaded::Loaded;
use crate::config::sections::secret::SecretSource;
use crate::lang::diagnostic;
use crate::lang::diagnostic::Diagnostic;
use crate::runtime::core::{ConsolePart, StartOptions};
use crate::runtime::reload::Loader;
use crate::runtime::secrets;
use crate::text::SafeText;
use crate::text::name::Name;
use crate::text::redact::Literals;
use crate::text::secret::{Secrets, Template};

/// A configuration and the way to read it again.
pub(crate) struct Found {
    /// The configuration.
    pub config: Arc<Config>,
    /// Reads it again.
    pub loader: Loader,
    /// What a person should know of it, though it can be used; a line each.
    pub warnings: Vec<SafeText>,
}

impl Found {
    /// How a console or a watcher is started on it, with this part in what is shared.
    pub(crate) fn start(self, global: &Global, part: ConsolePart, state_directory: PathBuf) -> StartOptions {
        StartOptions {
            clock: global.clock,
            config: self.config,
            loader: Some(self.loader),
            warnings: self.warnings,
            store: global.store.clone(),
            part,
            state_directory,
            record: None,
        }
    }
}

/// What a configuration says of the store.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfiguredStore {
    /// `[store] url`
    pub url: Option<Template>,
    /// Where the secrets come from that it asks for.
    pub secrets: BTreeMap<Name, SecretSource>,
}

impl ConfiguredStore {
    fn of(config: &Config) -> Self {
        let url = config.store.url.clone();
        let used = url.iter().flat_map(Template::secrets).filter_map(|name| config.secrets.get_key_value(name));
        Self { secrets: used.map(|(name, source)| (name.clone(), source.clone())).collect(), url }
    }
}

/// What the configuration says of the store; nothing where there is none.
///
/// # Errors
/// The exit code, where it can't be read and that was said: which store is meant is not known then.
pub(crate) fn store(global: &Global) -> Result<ConfiguredStore, u8> {
    if let Some(known) = global.configured_store.get() {
        return Ok(known.clone());
    }
    let Some(main) = load::find(global.config.as_deref()) else { return Ok(ConfiguredStore::default()) };
    match main.load() {
        Loaded { config: Some(config), .. } => Ok(note_store(global, &config)),
        Loaded { mut diagnostics, secrets, .. } => {
            mask(&mut diagnostics, &secrets);
            output::eprint_error(
                "error: the configuration, which names the store, has problems; fix them or use --store\n",
            );
            Err(refuse(&diagnostics))
        }
    }
}

fn note_store(global: &Global, config: &Config) -> ConfiguredStore {
    global.configured_store.get_or_init(|| ConfiguredStore::of(config)).clone()
}

/// Finds and loads for a command that prints: warnings go to stderr.
///
/// # Errors
/// As [`find_for_console`].
pub(crate) fn find(global: &Global) -> Result<Found, u8> {
    let found = find_for_console(global)?;
    for warning in &found.warnings {
        output::eprint_error(&format!("warning: {warning}\n"));
    }
    Ok(found)
}

/// Finds and loads for a command with a screen, which shows the warnings. Where there is no configuration, or it has
/// errors, everything is said on stderr.
///
/// # Errors
/// The exit code.
pub(crate) fn find_for_console(global: &Global) -> Result<Found, u8> {
    let Some(main) = load::find(global.config.as_deref()) else { return Err(welcome(global)) };
    let (again, overrides) = (main.kept(), CliOverrides::from_arguments(global));
    let options = overrides.clone();
    let loader = Loader::new(&main.path, move || {
        again.load_again().accepted().map(|(config, warnings)| (options.over(config), warnings))
    });
    let Loaded { config, mut diagnostics, secrets, .. } = main.load();
    mask(&mut diagnostics, &secrets);
    let Some(config) = config else { return Err(refuse(&diagnostics)) };
    let config = Arc::new(overrides.over(config));
    note_store(global, &config);
    Ok(Found { config, loader, warnings: diagnostics.iter().map(Diagnostic::in_one_line).collect() })
}

/// The configuration where there is one, for what is there without one (`what`), and with one that is wrong: then its
/// `consequence` is said.
///
/// # Errors
/// The exit code, when there is none at the place that the command line names and that was said.
pub(crate) fn if_any(global: &Global, what: &str, consequence: &str) -> Result<Option<Config>, u8> {
    let main = load::find(global.config.as_deref());
    if let (None, Some(file)) = (&main, &global.config) {
        let problem = format!("no configuration at {}", file.display());
        return Err(output::fail(exit::CONFIG, &problem, &format!("omit --config for {what}")));
    }
    let Some(loaded) = main.map(|main| main.load()) else { return Ok(None) };
    if loaded.diagnostics.iter().any(Diagnostic::is_error) {
        output::eprint_error(&format!(
            "warning: the configuration has problems, so {consequence}; see opsroom check\n"
        ));
    }
    Ok(loaded.config)
}

/// What is configured, for its titles: nothing where the configuration can't be read.
pub(crate) fn for_titles(global: &Global) -> Config {
    load::find(global.config.as_deref()).and_then(|main| main.load().config).unwrap_or_default()
}

/// Refuses a command that changes something, where `--read-only` or the configuration's `read_only` forbids it. Such a
/// command works without a configuration, `None`; one that can't be read may forbid it, so it does.
///
/// # Errors
/// The exit code, once everything is said on stderr.
pub(crate) fn refuse_if_read_only(global: &Global, what: &str) -> Result<Option<Config>, u8> {
    let refused = |why: &str| Err(output::fail(exit::USAGE, &format!("read-only: {what}"), why));
    if global.read_only {
        return refused("omit --read-only");
    }
    let Some(main) = load::find(global.config.as_deref()) else { return Ok(None) };
    match main.load() {
        Loaded { config: Some(config), .. } if config.console.read_only => {
            refused(&format!("`read_only = true` is set in {}", main.path.display()))
        }
        Loaded { config: Some(config), .. } => {
            note_store(global, &config);
            Ok(Some(config))
        }
        Loaded { mut diagnostics, secrets, .. } => {
            mask(&mut diagnostics, &secrets);
            Err(refuse(&diagnostics))
        }
    }
}

/// What the command line says over the configuration, also after a reload.
#[derive(Debug, Clone)]
struct CliOverrides {
    theme: Option<String>,
    read_only: bool,
}

impl CliOverrides {
    fn from_arguments(global: &Global) -> Self {
        Self { theme: global.theme.clone(), read_only: global.read_only }
    }

    fn over(&self, mut config: Config) -> Config {
        if let Some(theme) = &self.theme {
            config.console.theme.clone_from(theme);
        }
        // The flag can forbid; it can't allow what the configuration forbids.
        config.console.read_only |= self.read_only;
        config
    }
}

/// The values of secrets that can be had without running a program, which may ask a person. Those that stand in the file
/// were looked for when it was loaded.
///
/// # Errors
/// The system gives no threads.
pub(crate) fn known(sources: &BTreeMap<Name, SecretSource>) -> io::Result<Secrets> {
    let kept = |source: &SecretSource| matches!(source, SecretSource::Env(_) | SecretSource::File(_));
    let readable = sources.iter().filter(|(_, source)| kept(source));
    let readable = readable.map(|(name, source)| (name.clone(), source.clone())).collect();
    // On a thread of its own: a command that is at work asynchronously may come here, and its thread can't wait for another
    // runtime.
    std::thread::scope(|scope| {
        let work = std::thread::Builder::new().spawn_scoped(scope, || output::block_on(secrets::resolve(&readable)))?;
        let resolved = work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(resolved.0)
    })
}

/// Takes the values of secrets out of problems that are about to be printed.
fn mask(diagnostics: &mut [Diagnostic], sources: &BTreeMap<Name, SecretSource>) {
    if diagnostics.is_empty() {
        return;
    }
    // A console that starts, or an error, waits for no pipe.
    let at_once = sources.iter().filter(|(_, source)| match source {
        SecretSource::File(path) => path.is_file(),
        _ => true,
    });
    let at_once = at_once.map(|(name, source)| (name.clone(), source.clone())).collect();
    let literals = known(&at_once).map(|secrets| Literals::from(&secrets)).unwrap_or_default();
    for problem in diagnostics {
        problem.mask(&literals);
    }
}

/// Prints the first problems and how many there are.
fn refuse(diagnostics: &[Diagnostic]) -> u8 {
    let text = diagnostic::rendered(diagnostics, "\n");
    let count = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    output::eprint_error(&text);
    let problem = format!("the configuration has {count} problem{}", if count == 1 { "" } else { "s" });
    output::fail(
        exit::CONFIG,
        &problem,
        "fix the problems above; `opsroom check` validates without opening the console",
    )
}

/// One screen for a person who has no configuration yet.
fn welcome(global: &Global) -> u8 {
    let places: Vec<PathBuf> = load::candidates(global.config.as_deref(), None);
    let list: Vec<String> = places.iter().map(|place| format!("    {}", shown(place))).collect();
    let list = list.join("\n");
    output::eprint_error(&format!(
        "\
error: no configuration found

  See the console at work, on a built-in world that fails and recovers:

    opsroom demo

  Start your own from an example with every section explained:

    opsroom config example > opsroom.toml
    opsroom check
    opsroom

  Or with five lines in opsroom.toml:

    [check.site]
    http  = \"https://example.com/health\"
    every = \"15s\"
    [log.system]
    file  = \"/var/log/syslog\"

  The configuration is the first that exists of:

    --config FILE
    $OPSROOM_CONFIG
{list}

hint: `opsroom demo` needs no configuration
"
    ));
    exit::CONFIG
}

fn shown(path: &Path) -> String {
    if path.is_absolute() { path.display().to_string() } else { format!("./{}", path.display()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_forbids_but_never_allows() {
        let forbidden = || {
            let mut config = Config::default();
            config.console.read_only = true;
            config
        };
        let overrides = |read_only| CliOverrides { theme: Some("nord".into()), read_only };
        assert!(overrides(false).over(forbidden()).console.read_only);
        assert!(overrides(true).over(Config::default()).console.read_only);
        assert_eq!(overrides(false).over(Config::default()).console.theme, "nord");
    }
}
