//! The JSON Schema of the file, for editors, from the same tables of keys that the reader goes by.

use serde_json::{Map, Value, json};

use super::panels::PANELS;
use super::registry::{SECTIONS, Section};
use super::spec::{KeySpec, SectionShape, SectionSpec, ValueForm};
use super::verb;
use crate::model::alert::Severity;

/// The JSON Schema of the file, for editors.
pub(crate) fn json_schema() -> Value {
    let properties: Map<String, Value> =
        SECTIONS.iter().map(|Section { spec, .. }| (spec.name.to_owned(), section_schema(spec))).collect();
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
        SectionShape::Tables(keys) => json!({ "type": "array", "items": table_schema(keys, &json!(false)) }),
        SectionShape::Adapters(keys) => {
            let verb = table_schema(verb::KEYS, &json!(false));
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
        ValueForm::Keep => json!({ "type": "string", "pattern": "^([0-9]|forever$)", "examples": ["14d", "forever"] }),
        ValueForm::Size => json!({ "type": ["string", "integer"], "examples": ["1MB", "2GiB"] }),
        ValueForm::OneOf(words) => json!({ "enum": words }),
        ValueForm::Texts => texts,
        ValueForm::Command | ValueForm::TextsOrOne => json!({ "anyOf": [texts, { "type": "string" }] }),
        ValueForm::Commands => json!({ "type": "object", "additionalProperties": texts }),
        ValueForm::Steps => json!({ "type": "array", "items": { "anyOf": [texts, { "type": "string" }] } }),
        ValueForm::TextMap => json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } }),
        ValueForm::Alerts => {
            let one = json!({ "type": "string", "examples": ["down for 2m", "> 5% for 5m until < 3%"] });
            let words = Severity::WORST_FIRST.map(Severity::word);
            let properties: Map<String, Value> = words.iter().map(|word| ((*word).to_owned(), one.clone())).collect();
            // An alias is known in its own file alone.
            json!({ "type": "object", "properties": properties, "additionalProperties": one })
        }
        ValueForm::Table(keys) => table_schema(keys, &json!(false)),
        ValueForm::NamedTables(keys) => {
            json!({ "type": "object", "additionalProperties": table_schema(keys, &json!(false)) })
        }
        ValueForm::Tables(keys) => json!({ "type": "array", "items": table_schema(keys, &json!(false)) }),
        ValueForm::Percentage => json!({ "type": "string", "pattern": "^[0-9.]+%$", "examples": ["99.9%", "95%"] }),
        ValueForm::Windows => {
            json!({ "type": "string", "examples": ["Sun 02:00-04:00 UTC", "daily 22:00-07:00", "2026-03-02T09:00/2026-03-02T11:00"] })
        }
        ValueForm::Moments => {
            json!({ "type": "string", "examples": ["daily 09:00", "weekly Mon 09:00", "monthly first Mon 10:00", "0 9 * * 1-5"] })
        }
        ValueForm::LocalMoment => {
            json!({ "type": "string", "pattern": "^[0-9]{4}-", "examples": ["2026-03-02T09:00"] })
        }
        ValueForm::Severity => json!({ "type": "string", "examples": Severity::WORST_FIRST.map(Severity::word) }),
        ValueForm::Limits => {
            let count = json!({ "type": "integer", "minimum": 1 });
            json!({ "type": "object", "propertyNames": { "pattern": "^[0-9]" }, "additionalProperties": count })
        }
        ValueForm::DurationsBySeverity => {
            let one = kind_schema(ValueForm::Duration);
            json!({ "type": "object", "properties": { "default": one }, "additionalProperties": one })
        }
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
        let schema = json_schema();
        assert!(fits(&schema, &as_json(crate::config::EXAMPLE)));
        let valid = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/valid");
        for entry in valid.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert!(fits(&schema, &as_json(&std::fs::read_to_string(&path).unwrap())), "{}", path.display());
            }
        }
        for text in
            ["[check.a]\ntiemout = \"5s\"", "[backup.a]", "[console]\nread_only = 1", "[action.a]\nconfirm = \"no\""]
        {
            assert!(!fits(&schema, &as_json(text)), "{text}");
        }
    }

    #[test]
    fn the_schema_names_every_section_and_no_key_of_a_later_version() {
        let schema = json_schema();
        for Section { spec, .. } in SECTIONS {
            assert!(schema["properties"].get(spec.name).is_some(), "{}", spec.name);
        }
        let check = &schema["properties"]["check"]["additionalProperties"]["properties"];
        assert_eq!(check["every"]["examples"][0], "15s");
        assert!(check.get("tls").is_none());
    }
}
