//! The server's subscriptions are made what callers wish, part by part; and whom it concerns where one part fails.

use super::Core;
use super::state::Subject;
use crate::application::Access;
use crate::error::{Error, Result, Status};
use crate::logging;

/// How often lost subscriptions are replaced in one go.
const PASSES: usize = 3;

/// Whom it concerns that something failed.
pub(super) enum Concern {
    /// The wish of that id.
    Wish(String),
    /// All who wish to be told of the contact list.
    Lists,
    /// It is made up for, and tried again.
    Nobody,
}

/// What failed while the server was asked for what is wished.
#[derive(Default)]
pub(super) struct Failures(Vec<(Concern, Error)>);

impl Failures {
    /// Notes a failure; one that ends the whole call is handed back.
    pub fn note(&mut self, concern: Concern, outcome: Result<()>) -> Result<()> {
        match outcome {
            Err(error) if ends_the_call(&error) => Err(error),
            Err(error) => {
                logging::debug!("the subscriptions are not what they should be: {error}");
                self.0.push((concern, error));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

impl Core {
    /// Asks the server for what is wished, no more and no less. Of what fails, only what concerns this wish is its failure;
    /// the rest is tried again.
    pub fn settle(&self, access: &Access<'_>, id: Option<&str>) -> Result<()> {
        let _gate = access.hold(&self.gate)?;
        {
            let mut state = self.state();
            state.enter(access.session.generation);
            state.unsettled = false;
        }
        let mut failures = Failures::default();
        let settled = self.settle_all(access, id, &mut failures);
        self.tell_refusals();
        if settled.is_ok() && failures.0.is_empty() {
            return Ok(());
        }
        let mut state = self.state();
        state.unsettled = true;
        self.bell.notify_all();
        settled?;
        let follows_lists = id.and_then(|id| state.wishes.get(id)).is_some_and(|wish| wish.subject == Subject::Lists);
        let concerns = |concern: &Concern| match (concern, id) {
            (_, None) => true,
            (Concern::Wish(other), Some(id)) => other == id,
            (Concern::Lists, _) => follows_lists,
            (Concern::Nobody, _) => false,
        };
        failures.0.into_iter().find(|(concern, _)| concerns(concern)).map_or(Ok(()), |(_, error)| Err(error))
    }

    fn settle_all(&self, access: &Access<'_>, id: Option<&str>, failures: &mut Failures) -> Result<()> {
        self.read_group_wishes(access, failures)?;
        // Where a contact lies turns out when an event names it.
        failures.note(Concern::Nobody, self.place_contacts(access))?;
        self.let_go(access, failures)?;
        self.hold_groups(access, failures)?;
        if let Some(id) = id {
            // Apart, so that its failure is its own.
            failures.note(Concern::Wish(id.to_owned()), self.hold_all_contacts(access, Some(id)))?;
        }
        failures.note(Concern::Nobody, self.hold_all_contacts(access, None))?;
        failures.note(Concern::Lists, self.hold_lists(access))
    }

    fn hold_all_contacts(&self, access: &Access<'_>, of: Option<&str>) -> Result<()> {
        for _ in 0..PASSES {
            if self.hold_contacts(access, of)? {
                break;
            }
        }
        Ok(())
    }
}

/// Whether nothing else can be done in the same call, either.
pub(super) fn ends_the_call(error: &Error) -> bool {
    error.details().application_gone || error.status() == Status::Cancelled
}
