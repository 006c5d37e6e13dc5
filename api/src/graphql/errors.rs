//! Gives every error a code, and lets nothing foreign out.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest, NextSubscribe};
use async_graphql::{Response, ServerError};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tracing::error;

use super::limits::coded;

/// The extension that does it.
pub struct Errors;

impl ExtensionFactory for Errors {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Errors {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        clean(next.run(ctx).await)
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        next.run(ctx, stream).map(clean).boxed()
    }
}

fn clean(mut response: Response) -> Response {
    response.errors = response.errors.into_iter().map(named).collect();
    response
}

/// Resolvers and limits name their errors. What is left comes from the library: from reading the request, which has no
/// path or begins with these words, and otherwise from a bug.
fn named(error: ServerError) -> ServerError {
    let has_code = error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some());
    if has_code {
        return error;
    }
    if error.path.is_empty() || INPUT_ERRORS.iter().any(|words| error.message.starts_with(words)) {
        return coded(error, "BAD_REQUEST");
    }
    error!(message = error.message, "a GraphQL resolver failed");
    coded(ServerError { message: "internal error".to_owned(), source: None, ..error }, "INTERNAL")
}

/// How the library begins the texts of arguments that it cannot read.
const INPUT_ERRORS: [&str; 2] = ["Failed to parse", "Invalid value"];
