//! What a request may ask for. Each refusal says which limit, its value and what was asked, and has a code.
//!
//! Documents are measured before the library walks them: fragments can make a small text expand without end, and
//! brackets can nest deeper than a stack.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextValidation};
use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{ErrorExtensionValues, Name, Positioned, Request, ServerError, ServerResult, ValidationResult};

use super::failure::Failure;

/// Levels of fields within fields. The standard introspection query needs 15.
pub const DEPTH: usize = 20;
/// One for each field, times the entries of the pages that it is in.
pub const COMPLEXITY: usize = 20_000;
/// Aliases in one document, fragments unfolded.
pub const ALIASES: usize = 50;
/// Fields in one document, fragments unfolded: what validation has to look at, pair by pair.
pub const FIELDS: usize = 1_500;
/// Directives in one document, fragments unfolded.
pub const DIRECTIVES: usize = 100;
/// Brackets within brackets, of any kind.
pub const NESTING: usize = 64;
/// Requests in one batch.
pub const BATCH: usize = 10;
/// Bytes of one HTTP request.
pub const REQUEST_BYTES: usize = 256 * 1_024;
/// Bytes of one WebSocket message.
pub const MESSAGE_BYTES: usize = 64 * 1_024;
/// Subscriptions that one login, or one address, may have open at a time.
pub const OPEN_SUBSCRIPTIONS: usize = 50;

/// WebSockets that one login, or one address, may have open at a time.
pub const OPEN_SOCKETS: usize = 50;

/// Says which limit a request passed.
pub fn refusal(limit: &str, asked: usize, value: usize) -> Failure {
    let code = format!("LIMIT_{}", limit.to_ascii_uppercase().replace(' ', "_"));
    Failure::new(code, format!("{limit}: the request has {asked}; the limit is {value}"))
}

/// The extension that measures.
pub struct Limits;

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Limits {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let mut request = next.run(ctx, request).await?;
        let nesting = nesting(&request.query);
        if nesting > NESTING {
            return Err(refusal("nesting", nesting, NESTING).into());
        }
        let document = request.parsed_query().map_err(|error| coded(error, "GRAPHQL_PARSE_FAILED"))?;
        check(document)?;
        Ok(request)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let tag = |errors: Vec<ServerError>| -> Vec<ServerError> {
            errors.into_iter().map(|error| coded(error, "GRAPHQL_VALIDATION_FAILED")).collect()
        };
        let result = next.run(ctx).await.map_err(tag)?;
        if result.complexity > COMPLEXITY {
            return Err(vec![refusal("complexity", result.complexity, COMPLEXITY).into()]);
        }
        Ok(result)
    }
}

/// Gives an error a code, unless it has one.
pub fn coded(mut error: ServerError, code: &str) -> ServerError {
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    if extensions.get("code").is_none() {
        extensions.set("code", code);
    }
    error
}

/// The deepest nesting of brackets outside of texts and comments. Counted before anything is parsed.
fn nesting(query: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = query.as_bytes();
    while let [byte, rest @ ..] = bytes {
        bytes = match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
                rest
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                rest
            }
            b'#' => behind(rest, |tail| matches!(tail, [b'\n' | b'\r', ..]), 1),
            b'"' if rest.starts_with(b"\"\"") => {
                behind_text(rest.get(2..).unwrap_or_default(), |tail| tail.starts_with(b"\"\"\""), 3)
            }
            b'"' => behind_text(rest, |tail| matches!(tail, [b'"' | b'\n' | b'\r', ..]), 1),
            _ => rest,
        };
    }
    deepest
}

/// What follows the first place where `ends` holds, and `length` bytes.
fn behind(mut bytes: &[u8], ends: impl Fn(&[u8]) -> bool, length: usize) -> &[u8] {
    while !bytes.is_empty() && !ends(bytes) {
        bytes = bytes.get(1..).unwrap_or_default();
    }
    bytes.get(length..).unwrap_or_default()
}

/// The same within a text, where a backslash takes the meaning of what follows it.
fn behind_text(mut bytes: &[u8], ends: impl Fn(&[u8]) -> bool, length: usize) -> &[u8] {
    while !bytes.is_empty() && !ends(bytes) {
        let step = if bytes.first() == Some(&b'\\') { 2 } else { 1 };
        bytes = bytes.get(step..).unwrap_or_default();
    }
    bytes.get(length..).unwrap_or_default()
}

/// What a document comes to with its fragments unfolded. Saturates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Measure {
    depth: usize,
    fields: usize,
    aliases: usize,
    directives: usize,
}

impl Measure {
    fn beside(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            fields: self.fields.saturating_add(other.fields),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
        }
    }

    fn check(self) -> Result<Self, Failure> {
        let Self { depth, fields, aliases, directives } = self;
        for (limit, asked, value) in [
            ("depth", depth, DEPTH),
            ("fields", fields, FIELDS),
            ("aliases", aliases, ALIASES),
            ("directives", directives, DIRECTIVES),
        ] {
            if asked > value {
                return Err(refusal(limit, asked, value));
            }
        }
        Ok(self)
    }
}

/// Refuses documents beyond a limit, and fragments that contain themselves.
fn check(document: &ExecutableDocument) -> Result<(), Failure> {
    let mut measuring = Measuring { fragments: &document.fragments, known: HashMap::new() };
    let mut sum = Measure::default();
    for (_, operation) in document.operations.iter() {
        let measure = measuring.set(&operation.node.selection_set.node)?;
        sum = sum.beside(measure).beside(count_directives(operation.node.directives.len())).check()?;
    }
    // Validation looks at fragments that nobody spreads as well.
    for name in document.fragments.keys() {
        measuring.fragment(name)?.check()?;
    }
    Ok(())
}

struct Measuring<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Each fragment is measured once; `None` while it is being measured.
    known: HashMap<&'a Name, Option<Measure>>,
}

impl<'a> Measuring<'a> {
    /// Recurses no deeper than the text nests its brackets, times the fragments that are entered, each once; both are
    /// limited.
    fn set(&mut self, set: &'a SelectionSet) -> Result<Measure, Failure> {
        let mut sum = Measure::default();
        for selection in &set.items {
            let measure = match &selection.node {
                Selection::Field(field) => {
                    let inner = self.set(&field.node.selection_set.node)?;
                    let own = Measure {
                        depth: inner.depth + 1,
                        fields: 1,
                        aliases: usize::from(field.node.alias.is_some()),
                        directives: field.node.directives.len(),
                    };
                    own.beside(inner)
                }
                Selection::InlineFragment(inline) => {
                    let inner = self.set(&inline.node.selection_set.node)?;
                    inner.beside(count_directives(inline.node.directives.len()))
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.fragment(&spread.node.fragment_name.node)?;
                    inner.beside(count_directives(spread.node.directives.len()))
                }
            };
            sum = sum.beside(measure);
        }
        Ok(sum)
    }

    fn fragment(&mut self, name: &Name) -> Result<Measure, Failure> {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            // Validation says that it is unknown.
            return Ok(Measure::default());
        };
        match self.known.get(name) {
            Some(Some(measure)) => return Ok(*measure),
            Some(None) => {
                let text = format!("recursion: the fragment `{name}` contains itself; the limit is 0 levels");
                return Err(Failure::new("LIMIT_RECURSION", text));
            }
            None => {}
        }
        if self.known.values().filter(|known| known.is_none()).count() >= DEPTH {
            return Err(refusal("recursion", DEPTH + 1, DEPTH));
        }
        self.known.insert(name, None);
        let measure = self.set(&fragment.node.selection_set.node)?;
        self.known.insert(name, Some(measure));
        Ok(measure)
    }
}

fn count_directives(directives: usize) -> Measure {
    Measure { directives, ..Measure::default() }
}
