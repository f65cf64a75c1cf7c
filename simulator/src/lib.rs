//! A UCWA 2.0 server, as Skype for Business Server has one, for developing and testing presence integrations without a deployment.
//!
//! It speaks HTTPS under a certificate of its own and plain HTTP on loopback, serves an invented company, and can be told at run time to
//! change somebody's presence, to lose connections, to expire tokens, and so on: from Rust by [`Simulator`]'s methods, from elsewhere by
//! its control endpoint. Live presence is served as well: subscriptions, and the event channel that tells what becomes of them. The clock
//! that all this goes by runs at any speed, or stands still.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use ucwa_simulator::{Fault, Simulator};
//! let simulator = Simulator::start()?;
//! simulator.set_presence("sip:sarad@contoso.com", serde_json::json!({"availability": "Busy", "activity": "in-a-meeting"}));
//! simulator.fault(Fault::on("contactPresence").status(503).times(2));
//! // … let a client sign in at simulator.url(), trusting simulator.ca_file() …
//! assert_eq!(simulator.count("contactPresence"), 0);
//! // Whatever a test waits for, it is looked at when something has happened.
//! simulator.wait_until(std::time::Duration::from_secs(10), |simulator| simulator.pending_events() == 1);
//! # Ok(())
//! # }
//! ```

mod admission;
mod certificates;
mod clock;
mod control;
mod directory;
mod errors;
mod fault;
mod handlers;
mod http;
mod live;
mod multipart;
mod net;
mod record;
mod routes;
mod settings;
mod signals;
mod simulator;
mod state;

pub use directory::{Change, ChangeKind, Directory, Group, GroupKind, Note, Person, Presence};
pub use fault::{Fault, FaultKind};
pub use record::RequestRecord;
pub use settings::Builder;
pub use simulator::Simulator;
