//! What may stand in the file: a table of keys for each section. The reader refuses what is not in it, the hints
//! come from it, and `opsroom config schema` prints it, so that the three can't disagree.

use serde_json::{Map, Value, json};

use super::Config;
use super::draft::{Draft, SectionReader};
use super::panels::PANELS;
use super::reader::Thing;
use super::sections::{self, SECTIONS};

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeySpec {
    /// The key.
    pub name: &'static str,
    /// What its value may be.
    pub kind: ValueForm,
    /// A few words about it.
    pub help: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueForm {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds, both included.
    Whole(u64, u64),
    /// `15s`, `2m`, `26h`, `30d`.
    Duration,
    /// `1MB`, `2GiB`, or a number of bytes.
    Size,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The name of a thing.
    Name,
    /// A list of texts.
    Texts,
    /// A list of texts, or one text alone.
    TextsOrOne,
    /// A table of commands under free names, each a list of words.
    Commands,
    /// A list of steps: each a list of words, or with `shell = true` one text.
    Steps,
    /// A command: a list of words, or one text together with `shell = true`.
    Command,
    /// A table of texts under free names.
    TextMap,
    /// A table of conditions by severity.
    Alerts,
    /// A table with these keys.
    Table(&'static [KeySpec]),
    /// Rows of panels.
    Rows,
    /// Known, but not in this version; `help` says what it is.
    Later,
}

/// One section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SectionSpec {
    /// Its name: `check` for `[check.NAME]`.
    pub name: &'static str,
    /// What it holds.
    pub shape: SectionShape,
    /// What it is referred to as, where its things have names.
    pub thing: Option<Thing>,
    /// A few words about it.
    pub help: &'static str,
    /// Reads it into the draft, where those before it in the list are.
    pub read: fn(&SectionReader<'_>, &mut Draft),
    /// Says in words what of it differs between two configurations: the old one and the new one.
    pub changes: fn(&Config, &Config, &mut Vec<String>),
}

/// What a section holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SectionShape {
    /// `[console]`: these keys.
    Single(&'static [KeySpec]),
    /// `[check.NAME]`: things with names, each with these keys.
    Named(&'static [KeySpec]),
    /// `[adapter.NAME]`: as `Named`, and free names for verbs and variables beside the keys.
    Adapters(&'static [KeySpec]),
    /// `[secret]`: free names, each a text or a table with one of these keys.
    Secrets(&'static [KeySpec]),
    /// `[keys]`: free names, each a text.
    Texts,
    /// `include = [...]`: a list of texts.
    List,
}

impl SectionShape {
    /// The keys of one thing of the section.
    pub(crate) const fn keys(self) -> &'static [KeySpec] {
        match self {
            Self::Single(keys) | Self::Named(keys) | Self::Adapters(keys) | Self::Secrets(keys) => keys,
            Self::Texts | Self::List => &[],
        }
    }
}

/// The sections that later versions bring.
pub(crate) const LATER_SECTIONS: &[&str] = &[
    "store",
    "host",
    "table",
    "backup",
    "severity",
    "notify",
    "maintenance",
    "slo",
    "oncall",
    "contact",
    "incident",
    "retention",
    "checklist",
];

/// A key, in one line.
pub(super) const fn key(name: &'static str, kind: ValueForm, help: &'static str) -> KeySpec {
    KeySpec { name, kind, help }
}

/// A key of a later version, in one line.
pub(super) const fn later(name: &'static str, help: &'static str) -> KeySpec {
    KeySpec { name, kind: ValueForm::Later, help }
}

/// Several tables of keys as one; `N` is the sum of their lengths.
pub(super) const fn joined<const N: usize>(parts: &[&[KeySpec]]) -> [KeySpec; N] {
    let mut all = [key("", ValueForm::Text, ""); N];
    let (mut filled, mut part) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[filled] = parts[part][index];
            filled += 1;
            index += 1;
        }
        part += 1;
    }
    assert!(filled == N, "the length of the joined table is the sum of its parts");
    all
}

/// The JSON Schema of the file, for editors.
pub(crate) fn schema() -> Value {
    let properties: Map<String, Value> =
        SECTIONS.iter().map(|section| (section.name.to_owned(), section_schema(section))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "opsroom configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn section_schema(section: &SectionSpec) -> Value {
    let named = |inner: Value| {
        json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9_.-]{1,64}$" },
            "additionalProperties": inner,
        })
    };
    let mut schema = match section.shape {
        SectionShape::Single(keys) => table_schema(keys, &json!(false)),
        SectionShape::Named(keys) => named(table_schema(keys, &json!(false))),
        SectionShape::Adapters(keys) => {
            let verb = table_schema(sections::adapter::VERB_KEYS, &json!(false));
            named(table_schema(keys, &json!({ "anyOf": [{ "type": "string" }, verb] })))
        }
        SectionShape::Secrets(keys) => {
            named(json!({ "anyOf": [{ "type": "string" }, table_schema(keys, &json!(false))] }))
        }
        SectionShape::Texts => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        SectionShape::List => json!({ "type": "array", "items": { "type": "string" } }),
    };
    schema["description"] = json!(section.help);
    schema
}

fn table_schema(keys: &[KeySpec], others: &Value) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .filter(|key| !matches!(key.kind, ValueForm::Later))
        .map(|key| {
            let mut schema = kind_schema(key.kind);
            schema["description"] = json!(key.help);
            (key.name.to_owned(), schema)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": others })
}

fn kind_schema(kind: ValueForm) -> Value {
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    match kind {
        ValueForm::Text | ValueForm::Later => json!({ "type": "string" }),
        ValueForm::Name => json!({ "type": "string", "pattern": "^[A-Za-z0-9_.:*-]{1,80}$" }),
        ValueForm::Flag => json!({ "type": "boolean" }),
        ValueForm::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        ValueForm::Duration => json!({ "type": "string", "pattern": "^[0-9]", "examples": ["15s", "2m", "24h"] }),
        ValueForm::Size => json!({ "type": ["string", "integer"], "examples": ["1MB", "2GiB"] }),
        ValueForm::OneOf(words) => json!({ "enum": words }),
        ValueForm::Texts => texts,
        ValueForm::Command | ValueForm::TextsOrOne => json!({ "anyOf": [texts, { "type": "string" }] }),
        ValueForm::Commands => json!({ "type": "object", "additionalProperties": texts }),
        ValueForm::Steps => json!({ "type": "array", "items": { "anyOf": [texts, { "type": "string" }] } }),
        ValueForm::TextMap => json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } }),
        ValueForm::Alerts => {
            let one = json!({ "type": "string", "examples": ["down for 2m", "> 5% for 5m until < 3%"] });
            let words = crate::model::alert::Severity::WORST_FIRST.map(crate::model::alert::Severity::word);
            let properties: Map<String, Value> = words.iter().map(|word| ((*word).to_owned(), one.clone())).collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        ValueForm::Table(keys) => table_schema(keys, &json!(false)),
        ValueForm::Rows => {
            let names: Vec<&str> = PANELS.iter().map(|panel| panel.name).collect();
            let panel = json!({ "type": "string", "pattern": format!("^({})([:*]|$)", names.join("|")) });
            let column = json!({ "type": "array", "items": panel });
            json!({ "type": "array", "items": { "type": "array", "items": { "anyOf": [panel, column] } } })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of JSON Schema that ours uses.
    fn fits(schema: &Value, value: &Value) -> bool {
        if let Some(any) = schema["anyOf"].as_array() {
            return any.iter().any(|schema| fits(schema, value));
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.contains(value);
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            one => vec![one.clone()],
        };
        let kind = match value {
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() && types.contains(&json!("integer")) => "integer",
            Value::Number(_) => "number",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null => "null",
        };
        types.contains(&json!(kind))
            && value.as_array().is_none_or(|items| items.iter().all(|item| fits(&schema["items"], item)))
            && value.as_object().is_none_or(|object| {
                object.iter().all(|(key, value)| match schema["properties"].get(key) {
                    Some(schema) => fits(schema, value),
                    None => schema["additionalProperties"].is_object() && fits(&schema["additionalProperties"], value),
                })
            })
    }

    fn as_json(text: &str) -> Value {
        serde_json::to_value(text.parse::<toml::Table>().expect("TOML")).expect("JSON")
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads fixtures")]
    fn what_the_reader_takes_fits_the_schema_and_what_it_refuses_does_not() {
        let schema = schema();
        assert!(fits(&schema, &as_json(crate::config::EXAMPLE)));
        let valid = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid");
        for entry in valid.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert!(fits(&schema, &as_json(&std::fs::read_to_string(&path).unwrap())), "{}", path.display());
            }
        }
        for text in
            ["[check.a]\ntiemout = \"5s\"", "[slo.a]", "[console]\nread_only = 1", "[action.a]\nconfirm = \"no\""]
        {
            assert!(!fits(&schema, &as_json(text)), "{text}");
        }
    }

    #[test]
    fn the_schema_names_every_section_and_no_key_of_a_later_version() {
        let schema = schema();
        for section in SECTIONS {
            assert!(schema["properties"].get(section.name).is_some(), "{}", section.name);
        }
        let check = &schema["properties"]["check"]["additionalProperties"]["properties"];
        assert_eq!(check["every"]["examples"][0], "15s");
        assert!(check.get("tls").is_none());
    }
}
