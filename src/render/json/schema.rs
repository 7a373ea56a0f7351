//! JSON Schemas of what is printed.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

/// The JSON Schema 2020-12 of a view, indented, with a line end. It describes what is written: every key is always there.
pub fn of<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    let mut text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
    text.push('\n');
    text
}
