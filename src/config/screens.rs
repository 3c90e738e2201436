//! The built-in screens: layouts in `screens/*.toml`, in the form of a custom one. The overview is made from what a
//! configuration has.

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::Config;
use super::file::{FilePlace, SourceFile};
use super::panels::{self, LogPanel, PanelId};
use super::reader::{ReadContext, TableReader, entries};
use super::sections::screen::{self, Cell, Narrow, Placed, Rows, ScreenLayout, Wide};
use super::tree::{self, Parsed, TomlValue};
use crate::text::name::Name;

/// The name of the screen that is made from what exists.
const OVERVIEW: &str = "overview";
/// Metrics that the overview shows at the most.
const MOST_METRICS: usize = 4;

/// The text of each of the others, in the order of the tabs.
const FILES: &[&str] = &[
    include_str!("screens/service.toml"),
    include_str!("screens/logs.toml"),
    include_str!("screens/metrics.toml"),
    include_str!("screens/alerts.toml"),
    include_str!("screens/actions.toml"),
    include_str!("screens/checklists.toml"),
    include_str!("screens/incident.toml"),
    include_str!("screens/changes.toml"),
    include_str!("screens/diagnostics.toml"),
];

static ALL: LazyLock<Vec<ScreenLayout>> = LazyLock::new(|| FILES.iter().flat_map(|text| read(text).0).collect());

/// The layout of every screen: the built-in ones, each replaced by the configuration's of the same name, then the rest
/// of the configuration's.
pub(crate) fn layouts(config: &Config) -> Vec<ScreenLayout> {
    let mut layouts = vec![overview(config)];
    layouts.extend(ALL.iter().cloned());
    for custom in &config.screens {
        match layouts.iter_mut().find(|layout| layout.name == custom.name) {
            Some(replaced) => *replaced = custom.clone(),
            None => layouts.push(custom.clone()),
        }
    }
    layouts
}

/// Services over what fires, beside what happened; the first metrics and the first objective; all logs, or the actions where
/// there are none. Narrow terminals have alerts beside their service, wide ones a column for the service that is selected.
fn overview(config: &Config) -> ScreenLayout {
    let placed = |id: PanelId, weight| Placed { id, weight };
    let cell = |id: PanelId, weight| -> Cell { vec![placed(id, weight)] };
    let metrics = |most: usize| -> Vec<Cell> {
        config.metrics.iter().take(most).map(|metric| cell(PanelId::metric(metric.name.clone()), 1)).collect()
    };
    let last = |weight| {
        cell(if config.logs.is_empty() { panels::ACTIONS.id() } else { PanelId::log(LogPanel::all()) }, weight)
    };
    let rows = |all: Vec<Vec<Cell>>| -> Rows { all.into_iter().filter(|row| !row.is_empty()).collect() };
    // What fires needs the width of the services, whose rows are few in trouble; what happened fills any height.
    let wrong = vec![placed(panels::SERVICES.id(), 5), placed(panels::ALERTS.id(), 2)];
    let objective = config.slos.first().map(|slo| cell(PanelId::slo(slo.name.clone()), 1));
    let mut figures = metrics(MOST_METRICS - usize::from(objective.is_some()));
    figures.extend(objective);
    let medium = vec![vec![wrong, cell(panels::TIMELINE.id(), 3)], figures.clone(), vec![last(2)]];
    let narrow = vec![
        vec![cell(panels::SERVICES.id(), 2)],
        metrics(MOST_METRICS),
        vec![cell(panels::TIMELINE.id(), 1)],
        vec![last(1)],
    ];
    // Beside the charts there is room for what fires, and beside all records for those that say that something is wrong.
    let mut charts = figures;
    charts.push(cell(panels::ALERTS.id(), 1));
    let mut below = vec![last(1)];
    if !config.logs.is_empty() {
        below.insert(0, cell(PanelId::log(LogPanel::warnings()), 1));
    }
    let about = [(panels::SERVICES.id(), 5), (panels::TIMELINE.id(), 4), (panels::SERVICE_DETAIL.id(), 4)];
    let wide = vec![about.into_iter().map(|(id, weight)| cell(id, weight)).collect(), charts, below];
    ScreenLayout {
        name: Name::from(OVERVIEW),
        title: OVERVIEW.to_owned(),
        key: None,
        rows: rows(medium),
        narrow: Some(Narrow { under: 100, rows: rows(narrow) }),
        wide: Some(Wide { from: 160, rows: rows(wide) }),
    }
}

/// The built-in screens as they are written in a configuration. The overview is the one that is made for `config`.
pub fn toml(config: &Config) -> String {
    let layout = overview(config);
    let mut text = format!("# Is anything wrong? Made from what the configuration has.\n[screen.{OVERVIEW}]\nrows = ");
    text.push_str(&list(&layout.rows));
    if let Some(Narrow { under, rows }) = &layout.narrow {
        // Writing to a string can't fail.
        let _ = write!(text, "\nnarrow = {{ under = {under}, rows = {} }}", list(rows));
    }
    if let Some(Wide { from, rows }) = &layout.wide {
        let _ = write!(text, "\nwide = {{ from = {from}, rows = {} }}", list(rows));
    }
    text.push('\n');
    for file in FILES {
        text.push('\n');
        text.push_str(file);
    }
    text
}

/// Rows as they are written, each in a line of its own.
fn list(rows: &Rows) -> String {
    let row = |row: &Vec<Cell>| {
        let cells: Vec<String> = row.iter().map(|cell| written(cell)).collect();
        format!("  [{}],\n", cells.join(", "))
    };
    format!("[\n{}]", rows.iter().map(row).collect::<String>())
}

/// A cell as it is written in `rows`.
fn written(cell: &[Placed]) -> String {
    let panels: Vec<String> = cell.iter().map(|placed| toml::Value::String(placed.to_string()).to_string()).collect();
    match &panels[..] {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

/// Reads the file of a built-in screen. It can't fail at run time, because a test reads every one of them: what is
/// wrong is left out, and listed.
fn read(text: &str) -> (Vec<ScreenLayout>, Vec<String>) {
    let Parsed { root, faults } = tree::parse(text);
    let file = SourceFile::new("screens.toml", text.to_owned(), false);
    let files = [&file];
    let context = ReadContext::new(&files);
    let mut layouts = Vec::new();
    for section in entries(&root, 0) {
        let TomlValue::Table(screens) = section.value else { continue };
        for entry in entries(screens, 0) {
            let TomlValue::Table(inner) = entry.value else { continue };
            let at = FilePlace { file: 0, start: 0, end: 0 };
            let title = format!("screen `{}`", entry.key);
            let table = TableReader::open(&context, title.into(), entry.key, at, entries(inner, 0), screen::KEYS);
            layouts.push(screen::read(&table));
        }
    }
    let mut problems: Vec<String> = faults.iter().map(|fault| fault.message().to_owned()).collect();
    problems.extend(context.finish().iter().map(ToString::to_string));
    (layouts, problems)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::load::load_text;

    #[test]
    fn every_file_holds_one_screen_without_a_problem() {
        for text in FILES {
            let (layouts, problems) = read(text);
            assert_eq!((layouts.len(), problems), (1, Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_the_same() {
        for config in [Config::default(), load_text(Path::new("example.toml"), crate::config::EXAMPLE).config.unwrap()]
        {
            let printed = toml(&config);
            let example = if config.metrics.is_empty() { "" } else { crate::config::EXAMPLE };
            let loaded = load_text(Path::new("printed.toml"), &format!("{example}\n{printed}"));
            assert!(loaded.diagnostics.is_empty(), "{:?}\n{printed}", loaded.diagnostics);
            let mut read = loaded.config.unwrap().screens;
            let mut built_in = vec![overview(&config)];
            built_in.extend(ALL.iter().cloned());
            read.retain(|screen| built_in.iter().any(|other| other.name == screen.name));
            assert_eq!(read, built_in);
        }
    }

    #[test]
    fn a_configurations_own_replaces_the_built_in_one() {
        let text = "[screen.service]\nrows = [[\"checks\"]]\n[screen.mine]\nrows = [[\"services\", [\"alerts\", \"log:* a*b*3\"]]]\n";
        let config = load_text(Path::new("own.toml"), text).config.unwrap();
        let layouts = layouts(&config);
        let names: Vec<&str> = layouts.iter().map(|layout| &*layout.name).collect();
        let built_in = [
            "overview",
            "service",
            "logs",
            "metrics",
            "alerts",
            "actions",
            "checklists",
            "incident",
            "changes",
            "diagnostics",
        ];
        assert_eq!(names[..10], built_in);
        assert_eq!(names[10], "mine");
        assert_eq!(layouts[1].panels().map(ToString::to_string).collect::<Vec<_>>(), ["checks"]);
        assert_eq!(
            layouts[10].rows[0].iter().map(|cell| written(cell)).collect::<Vec<_>>(),
            ["\"services\"", "[\"alerts\", \"log:* a*b*3\"]"]
        );
    }
}
