//! What the gate wrote down of its decisions, read over GraphQL.

use std::collections::HashMap;

use serde_json::json;

use super::Rest;

const QUERY: &str = "query Decisions($filter: AuditFilter!, $after: String) {
    audit(filter: $filter, first: 250, after: $after) {
        nodes { address code } pageInfo { hasNextPage endCursor } } }";

/// Every decision about an application: its codes by the address that asked, the newest first.
pub async fn decisions(rest: &Rest, application: &str) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    let mut after = json!(null);
    loop {
        let filter = json!({"application": application, "kind": "DECISION"});
        let data = rest.graphql(QUERY, json!({"filter": filter, "after": after})).await;
        let page = &data["audit"];
        for record in page["nodes"].as_array().expect("records") {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            found.entry(text("address")).or_default().push(text("code"));
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}
