//! The GraphQL face.

use serde_json::{Value, json};

use super::Rest;

impl Rest {
    /// Runs a query or mutation; `errors` in the answer fail the test.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let answer = self.post("/graphql", json!({"query": query, "variables": variables})).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].clone()
    }
}
