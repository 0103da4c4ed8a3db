//! `backlit explain` held to its contract from outside: interfaces.md, docs/json.md and the words of its help.
//!
//! Nothing here knows how the program works. Networks are computed again with plain loops ([`nets`]), sums are taken in exact
//! arithmetic ([`exact`]), and what is printed is read back as mathematics ([`reading`]).

#[path = "../support/mod.rs"]
mod support;

mod exact;
mod forms;
mod functions;
mod names;
mod nets;
mod random;
mod reading;
mod record;
mod refusals;
mod scopes;
mod units;
mod updates;
mod why;
mod worked;
