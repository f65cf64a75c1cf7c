//! What befalls the server as a whole.

use tokio::sync::watch;

use super::State;

/// What every open connection listens to.
#[derive(Debug)]
pub(super) struct Connected {
    resets: watch::Sender<()>,
    offline: bool,
}

impl Default for Connected {
    fn default() -> Connected {
        Connected { resets: watch::Sender::new(()), offline: false }
    }
}

impl State {
    /// Lets a connection in, and gives what tells that it is to be reset. None gets in while there is no network.
    pub(crate) fn connect(&mut self) -> Option<watch::Receiver<()>> {
        if self.connected.offline {
            return None;
        }
        self.connections += 1;
        self.signals.raise();
        Some(self.connected.resets.subscribe())
    }

    /// Loses everything but the directory, the settings and the faults, as a front end that starts anew.
    pub(crate) fn restart(&mut self) {
        // First, so that no P-GET is told what became of its application.
        self.cut_events();
        self.reset_connections();
        self.tokens.clear();
        self.end_applications(|applications| applications.delete_all());
    }

    /// Takes the network away, or gives it back.
    pub(crate) fn set_offline(&mut self, offline: bool) {
        self.connected.offline = offline;
        if offline {
            self.reset_connections();
        } else {
            self.signals.raise();
        }
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.connected.offline
    }

    fn reset_connections(&self) {
        self.connected.resets.send_replace(());
        self.signals.raise();
    }
}
