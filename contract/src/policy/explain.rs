//! Why the gate answers as it does, rule by rule. It is told by the rules themselves while they decide, so that an
//! explanation cannot differ from the decision.

use crate::facts::Facts;
use crate::request::{Operation, StreamRequest};
use crate::time::UnixTime;

use super::case::Answer;
use super::decision::{Decision, DenyReason, Effect};
use super::{ENTRANCE, rules, run};

/// A decision with its reasons. Making one spends and counts nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub outcome: Outcome,
    /// Why not; `None` when the request would be allowed.
    pub reason: Option<DenyReason>,
    /// Every rule of the operation, in the order in which they are asked.
    pub steps: Vec<Step>,
    /// What a real request would change if it were allowed; empty for a refusal.
    pub would_spend: Vec<Effect>,
    /// The authorization webhook has yet to be asked, and may still refuse.
    pub asks_webhook: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    Denied,
}

/// One rule's part in a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule's stable name, in kebab-case.
    pub rule: &'static str,
    pub state: StepState,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Applied,
    /// The rule had nothing to say, and why.
    Skipped(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No objection: the rule passed or does not apply.
    NoObjection,
    Refused(DenyReason),
    /// An earlier rule had refused already.
    NotReached,
}

/// Explains what [`decide`](super::decide) answers to the same arguments.
pub fn explain(facts: &Facts, request: &StreamRequest, now: UnixTime) -> Explanation {
    let mut steps = Vec::new();
    let decision = run(facts, request, now, |rule, answer| steps.push(Step::of(rule, answer)));
    let unreached = rule_names(request.operation).skip(steps.len()).map(|rule| Step {
        rule,
        state: StepState::Skipped("an earlier rule refused"),
        verdict: Verdict::NotReached,
    });
    steps.extend(unreached.collect::<Vec<_>>());
    match decision {
        Decision::Allow { effects, ask_webhook, .. } => Explanation {
            outcome: Outcome::Allowed,
            reason: None,
            steps,
            would_spend: effects,
            asks_webhook: ask_webhook.is_some(),
        },
        Decision::Deny { reason, .. } => Explanation {
            outcome: Outcome::Denied,
            reason: Some(reason),
            steps,
            would_spend: Vec::new(),
            asks_webhook: false,
        },
    }
}

/// The names of the rules for `operation`, in order.
fn rule_names(operation: Operation) -> impl Iterator<Item = &'static str> {
    ENTRANCE.into_iter().chain(rules(operation).iter().map(|rule| rule.name))
}

impl Step {
    fn of(rule: &'static str, answer: &Answer) -> Self {
        let (state, verdict) = match answer {
            Answer::Skip(why) => (StepState::Skipped(why), Verdict::NoObjection),
            Answer::Pass => (StepState::Applied, Verdict::NoObjection),
            Answer::Deny { reason, .. } => (StepState::Applied, Verdict::Refused(reason.clone())),
        };
        Self { rule, state, verdict }
    }
}
