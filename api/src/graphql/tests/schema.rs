//! The schema as its users see it: current in the repository, and described everywhere.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{ServiceDocument, TypeKind, TypeSystemDefinition};

use sluice_contract::DenyReason;

use crate::graphql::enums::ReasonCode;
use crate::graphql::sdl;

/// `UPDATE_SCHEMA=1` writes it instead.
#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql");
    let current = sdl();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &current).expect("the schema can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == current, "schema.graphql is not current: `sluice schema > schema.graphql` mends it");
}

#[test]
fn every_type_field_argument_and_value_has_a_description() {
    let mut missing = Vec::new();
    for definition in document().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let definition = definition.node;
        let name = definition.name.node;
        if definition.description.is_none() {
            missing.push(name.to_string());
        }
        match definition.kind {
            TypeKind::Object(object) => fields(&name, object.fields, &mut missing),
            TypeKind::Interface(interface) => fields(&name, interface.fields, &mut missing),
            TypeKind::InputObject(input) => {
                let nameless = input.fields.iter().filter(|field| field.node.description.is_none());
                missing.extend(nameless.map(|field| format!("{name}.{}", field.node.name.node)));
            }
            TypeKind::Enum(values) => {
                let nameless = values.values.iter().filter(|value| value.node.description.is_none());
                missing.extend(nameless.map(|value| format!("{name}.{}", value.node.value.node)));
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "without a description");
}

#[test]
fn every_reason_of_the_gate_has_a_name_here() {
    // The gate's own list: what its reader says that it would have understood.
    let unknown = serde_json::from_value::<DenyReason>(serde_json::json!({ "code": "?" }));
    let listed = unknown.expect_err("no reason").to_string();
    let codes: Vec<_> = listed.split('`').skip(3).step_by(2).collect();
    assert!(codes.len() > 30, "{listed}");
    for code in codes {
        let reason = ReasonCode::of(code).unwrap_or_else(|| panic!("{code} is missing"));
        assert_eq!(reason.code(), code);
    }
}

fn document() -> ServiceDocument {
    parse_schema(sdl()).expect("the export is a schema")
}

fn fields(
    name: &str,
    fields: Vec<async_graphql::Positioned<async_graphql::parser::types::FieldDefinition>>,
    missing: &mut Vec<String>,
) {
    for field in fields {
        let field = field.node;
        if field.description.is_none() {
            missing.push(format!("{name}.{}", field.name.node));
        }
        let arguments = field.arguments.iter().filter(|argument| argument.node.description.is_none());
        missing.extend(
            arguments
                .filter(|argument| argument.node.name.node != "input")
                .map(|argument| format!("{name}.{}({})", field.name.node, argument.node.name.node)),
        );
    }
}
