//! `[screen.NAME]`: a layout of panels.

use std::borrow::Cow;
use std::fmt;

use crate::config::changes::{Fact, hidden, summary};
use crate::config::file::FilePlace;
use crate::config::panels::{self, PanelId};
use crate::config::reader::{TableReader, Text, described};
use crate::config::spec::{self, KeySpec, SectionSpec, ValueForm, key};
use crate::config::tree::TomlValue;
use crate::lang::key::Key;
use crate::text::name::Name;

/// A screen: rows of panels. A custom one of the name of a built-in screen replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenLayout {
    /// Its name.
    pub name: Name,
    /// `title`, default the name.
    pub title: String,
    /// `key`
    pub key: Option<Key>,
    /// `rows = [["services*2", "alerts"], …]`: rows of panels with weights. The weight of a row is the greatest of its panels'
    /// (`"log:api*3"` alone in a row makes the row three times as high).
    pub rows: Rows,
    /// `narrow = { under = 100, rows = … }`
    pub narrow: Option<Narrow>,
    /// `wide = { from = 160, rows = … }`
    pub wide: Option<Wide>,
}

/// Rows from the top, each of cells from the left.
pub type Rows = Vec<Vec<Cell>>;

/// One panel, or several one under the other.
pub type Cell = Vec<Placed>;

/// A panel in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The panel.
    pub id: PanelId,
    /// Its share of the room beside the others' (1 to 100).
    pub weight: u16,
}

/// Other rows for terminals that are less wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrow {
    /// Columns under which they are used.
    pub under: u16,
    /// The rows.
    pub rows: Rows,
}

/// Other rows for terminals that are wider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wide {
    /// Columns from which they are used.
    pub from: u16,
    /// The rows.
    pub rows: Rows,
}

impl ScreenLayout {
    /// Under this width panels stand one under the other, where the layout does not say otherwise.
    pub(crate) const STACKED: u16 = 80;

    /// Every panel of it, at whatever width. One that is in the rows of several widths comes more than once.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &PanelId> {
        let others = [self.narrow.as_ref().map(|narrow| &narrow.rows), self.wide.as_ref().map(|wide| &wide.rows)];
        let rows = [Some(&self.rows)].into_iter().chain(others).flatten();
        rows.flatten().flatten().flatten().map(|placed| &placed.id)
    }

    /// The rows that are meant for so many columns.
    pub(crate) fn rows_at(&self, width: u16) -> Cow<'_, Rows> {
        match (&self.narrow, &self.wide) {
            (Some(narrow), _) if width < narrow.under => Cow::Borrowed(&narrow.rows),
            (_, Some(wide)) if width >= wide.from => Cow::Borrowed(&wide.rows),
            (None, _) if width < Self::STACKED => {
                Cow::Owned(self.rows.iter().flatten().map(|cell| vec![cell.clone()]).collect())
            }
            _ => Cow::Borrowed(&self.rows),
        }
    }

    /// Whether a panel of that kind is in it.
    pub(crate) fn has(&self, kind: &panels::PanelSpec) -> bool {
        self.panels().any(|id| id.is(kind))
    }
}

/// As it is written in `rows`.
impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.id.to_string();
        match text.strip_suffix(":*") {
            // What ends like a weight needs one, so that it is none.
            _ if self.weight == 1 && split_weight(&text).1.is_none() => f.write_str(&text),
            Some(kind) => write!(f, "{kind}:*{}", self.weight),
            None => write!(f, "{text}*{}", self.weight),
        }
    }
}

const NARROW: &[KeySpec] = &[
    key("under", ValueForm::Whole(1, 1000), "Columns of the terminal under which these rows are used"),
    key("rows", ValueForm::Rows, "Rows of panels"),
];

const WIDE: &[KeySpec] = &[
    key("from", ValueForm::Whole(1, 1000), "Columns of the terminal from which these rows are used"),
    key("rows", ValueForm::Rows, "Rows of panels"),
];

/// The keys of a screen.
pub(crate) const KEYS: &[KeySpec] = &[
    key("title", ValueForm::Text, "How it is shown. Default its name"),
    key("key", ValueForm::Text, "The key that opens it"),
    key(
        "rows",
        ValueForm::Rows,
        "Rows of panels; a list within a row is a column of panels, *2 a weight. `opsroom config screens` lists the panels",
    ),
    key(
        "narrow",
        ValueForm::Table(NARROW),
        "Other rows for narrow terminals. Default: every panel in a row of its own under 80",
    ),
    key("wide", ValueForm::Table(WIDE), "Other rows for wide terminals"),
];

pub(crate) const SECTION: SectionSpec =
    SectionSpec { name: "screen", shape: spec::SectionShape::Named(KEYS), help: "A layout of panels" };

const HINT: &str = "write rows = [[\"services*2\", \"alerts\"], [\"log:*\"]]";

/// Reads a screen.
pub(crate) fn read(table: &TableReader<'_>) -> ScreenLayout {
    let rows = rows(table);
    if table.lacks(&["rows"]) {
        table.context.error(table.at, format!("{} has no rows", table.title), HINT);
    }
    ScreenLayout {
        name: Name::from(table.name),
        title: table.string("title").unwrap_or_else(|| table.name.to_owned()),
        key: super::action::read_key(table),
        rows,
        narrow: table.table("narrow").and_then(|table| narrow(&table)),
        wide: table.table("wide").and_then(|table| wide(&table)),
    }
}

fn narrow(table: &TableReader<'_>) -> Option<Narrow> {
    let (under, rows) = (table.whole("under"), rows(table));
    if table.lacks(&["under"]) || table.lacks(&["rows"]) {
        table.context.error(
            table.at,
            "`narrow` needs `under` and `rows`",
            "write narrow = { under = 100, rows = […] }",
        );
    }
    Some(Narrow { under: u16::try_from(under?).ok()?, rows })
}

fn wide(table: &TableReader<'_>) -> Option<Wide> {
    let (from, rows) = (table.whole("from"), rows(table));
    if table.lacks(&["from"]) || table.lacks(&["rows"]) {
        table.context.error(table.at, "`wide` needs `from` and `rows`", "write wide = { from = 160, rows = […] }");
    }
    Some(Wide { from: u16::try_from(from?).ok()?, rows })
}

fn rows(table: &TableReader<'_>) -> Rows {
    let Some(entry) = table.entry("rows") else { return Vec::new() };
    let TomlValue::Array(rows) = entry.value else {
        shape(table, entry.at, entry.value);
        return Vec::new();
    };
    if rows.is_empty() {
        table.context.error(entry.at, "`rows` is empty", "write rows = [[\"services*2\", \"alerts\"]]");
    }
    let mut found = Vec::new();
    for row in rows {
        let TomlValue::Array(cells) = &row.value else {
            shape(table, entry.within(row.span), &row.value);
            continue;
        };
        if cells.is_empty() {
            table.context.error(entry.within(row.span), "this row has no panels", "name a panel, or remove the row");
        }
        let cells = cells.iter().map(|cell| match &cell.value {
            TomlValue::Array(column) => {
                if column.is_empty() {
                    let at = entry.within(cell.span);
                    table.context.error(at, "this column has no panels", "name a panel, or remove the column");
                }
                column.iter().filter_map(|item| placed(table, entry.within(item.span), &item.value)).collect()
            }
            one => placed(table, entry.within(cell.span), one).into_iter().collect(),
        });
        found.push(cells.filter(|cell: &Cell| !cell.is_empty()).collect());
    }
    found
}

fn shape(table: &TableReader<'_>, at: FilePlace, found: &TomlValue<'_>) {
    let message = format!("`rows` is a list of rows, each a list of panels, and this is {}", described(found));
    table.context.error(at, message, HINT);
}

/// A panel, with `*WEIGHT` or without.
fn placed(table: &TableReader<'_>, at: FilePlace, value: &TomlValue<'_>) -> Option<Placed> {
    let TomlValue::String(value) = value else {
        table.context.error(at, format!("a panel is a text, and this is {}", described(value)), HINT);
        return None;
    };
    let text = Text { value: value.clone().into_owned(), at };
    let (body, weight) = match split_weight(&text.value) {
        (body, None) => (body, 1),
        (body, Some(digits)) => match digits.parse::<u16>() {
            Ok(weight) if (1..=100).contains(&weight) => (body, weight),
            _ => {
                let message = format!("`{digits}` is not a valid weight");
                table.context.error(at, message, "write a number from 1 to 100 after `*`");
                return None;
            }
        },
    };
    Some(Placed { id: panels::read(table, &text, body)?, weight })
}

/// What stands before a weight, and the weight as written. A filter may hold a star of its own.
fn split_weight(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('*') {
        Some((_, digits)) if text.contains(' ') && !digits.bytes().all(|byte| byte.is_ascii_digit()) => (text, None),
        Some((body, digits)) if !digits.is_empty() => (body, Some(digits)),
        _ => (text, None),
    }
}

/// What a change is said by.
pub(crate) fn facts(screen: &ScreenLayout) -> Vec<Fact> {
    vec![
        summary("title", &screen.title),
        summary("key", screen.key.map_or_else(String::new, |key| key.to_string())),
        hidden("rows", &(&screen.rows, &screen.narrow, &screen.wide)),
    ]
}
