//! Every limit refuses, says which one it is and its value, and has a code.

use serde_json::{Value, json};

use super::{Client, code_of};
use crate::tests::TestApi;

async fn refusal(query: &str) -> (String, String) {
    let test = TestApi::new().await;
    let answer = Client::local(&test).ask(query).await;
    assert_eq!(answer["data"], Value::Null);
    (code_of(&answer), answer["errors"][0]["message"].as_str().expect("a message").to_owned())
}

fn refused(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}

#[tokio::test]
async fn depth_is_limited() {
    let down = "broadcast(streamId: \"s\") { application { ".repeat(10);
    let deep = format!("{{ application(name: \"LiveApp\") {{ {down} name {} }} }}", "} }".repeat(10));
    assert_eq!(refusal(&deep).await, refused("LIMIT_DEPTH", "depth: the request has 22; the limit is 20"));
}

#[tokio::test]
async fn complexity_counts_the_entries_of_pages() {
    let wide = "{ applications(first: 250) { nodes { broadcasts(first: 250) { nodes { streamId } } } } }";
    let (code, message) = refusal(wide).await;
    assert_eq!(code, "LIMIT_COMPLEXITY");
    assert!(message.ends_with("the limit is 20000"), "{message}");
}

#[tokio::test]
async fn aliases_are_limited() {
    let aliases: String = (0..51).map(|n| format!("a{n}: __typename ")).collect();
    assert_eq!(
        refusal(&format!("{{ {aliases} }}")).await,
        refused("LIMIT_ALIASES", "aliases: the request has 51; the limit is 50")
    );
}

#[tokio::test]
async fn fields_are_counted_with_their_fragments_unfolded() {
    let mut bomb = "{ ...f0 }".to_owned();
    for level in 0..19 {
        let next = level + 1;
        bomb.push_str(&format!(" fragment f{level} on Query {{ ...f{next} ...f{next} ...f{next} ...f{next} }}"));
    }
    bomb.push_str(" fragment f19 on Query { server { version } }");
    let (code, message) = refusal(&bomb).await;
    assert_eq!(code, "LIMIT_FIELDS");
    assert!(message.ends_with("the limit is 1500"), "{message}");
}

#[tokio::test]
async fn fragments_neither_contain_themselves_nor_chain_without_end() {
    let (code, _) = refusal("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }").await;
    assert_eq!(code, "LIMIT_RECURSION");
    let mut chain = "{ ...f0 }".to_owned();
    for level in 0..3_000 {
        chain.push_str(&format!(" fragment f{level} on Query {{ ...f{} }}", level + 1));
    }
    let (code, _) = refusal(&chain).await;
    assert_eq!(code, "LIMIT_RECURSION");
}

#[tokio::test]
async fn brackets_cannot_nest_deeper_than_a_stack() {
    for open in ["[", "{a:"] {
        let nested = format!("{{ node(id: {} }}", open.repeat(50_000));
        let (code, message) = refusal(&nested).await;
        assert_eq!(code, "LIMIT_NESTING");
        assert!(message.ends_with("the limit is 64"), "{message}");
    }
    let (code, _) = refusal(&format!("query($a: {}) {{ __typename }}", "[".repeat(50_000))).await;
    assert_eq!(code, "LIMIT_NESTING");
}

#[tokio::test]
async fn brackets_in_texts_and_comments_do_not_nest() {
    let test = TestApi::new().await;
    let brackets = "[{(".repeat(100);
    let query = format!("{{ # {brackets}\n node(id: \"{brackets}\\\"{brackets}\") {{ id }} }}");
    assert_eq!(Client::local(&test).data(&query).await["node"], Value::Null);
}

#[tokio::test]
async fn directives_are_limited() {
    let many = "@include(if: true) ".repeat(101);
    let (code, _) = refusal(&format!("{{ __typename {many} }}")).await;
    assert_eq!(code, "LIMIT_DIRECTIVES");
}

#[tokio::test]
async fn batches_are_limited() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let batch = |size: usize| Value::Array(vec![json!({ "query": "{ __typename }" }); size]);
    let reply = local.post(batch(11)).await;
    assert_eq!(reply.status, 400);
    assert_eq!(code_of(&reply.body), "LIMIT_BATCH_SIZE");
    assert_eq!(reply.body["errors"][0]["message"], "batch size: the request has 11; the limit is 10");
    assert_eq!(local.post(batch(10)).await.body.as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn bodies_are_limited() {
    let test = TestApi::new().await;
    let reply = Client::local(&test).post(json!({ "query": "#".repeat(300_000) })).await;
    assert_eq!(reply.status, 413);
    assert_eq!(code_of(&reply.body), "LIMIT_REQUEST_BYTES");
    assert!(reply.body.to_string().contains("262144"));
}

#[tokio::test]
async fn introspection_passes_the_limits() {
    let test = TestApi::new().await;
    let data = Client::remote(&test).data(INTROSPECTION).await;
    let types = data["__schema"]["types"].as_array().expect("types");
    assert!(types.iter().any(|kind| kind["name"] == "Broadcast"));
}

/// As GraphiQL and code generators send it.
const INTROSPECTION: &str = r#"
query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType }
    directives { name description locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
}
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType {
    kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }
}"#;
