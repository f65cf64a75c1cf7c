//! The listeners and the thread they run on.

mod arrival;
mod connection;
mod exchange;
mod parking;
mod wire;

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::state::{State, lock};

/// What is spoken at a listener.
#[derive(Clone)]
pub(crate) enum Role {
    Https(TlsAcceptor),
    Http,
    Control,
}

/// The running listeners; stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves at these listeners, on a thread of its own.
    pub(crate) fn start(state: Arc<Mutex<State>>, listeners: Vec<(TcpListener, Role)>) -> io::Result<Server> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut bound = Vec::new();
        {
            let _within = runtime.enter();
            for (listener, role) in listeners {
                listener.set_nonblocking(true)?;
                bound.push((tokio::net::TcpListener::from_std(listener)?, role));
            }
        }
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("ucwa-simulator".into()).spawn(move || {
            runtime.block_on(async {
                for (listener, role) in bound {
                    tokio::spawn(accept(listener, role, state.clone()));
                }
                // An error means that the sender is gone: stop as well.
                let _ = stopped.await;
            });
            // Dropping the runtime drops every connection.
        })?;
        Ok(Server { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, role: Role, state: Arc<Mutex<State>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: let others finish first.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let (number, resets) = match role {
            Role::Control => (0, None),
            _ => {
                let mut state = lock(&state);
                let Some(resets) = state.connect() else {
                    // Where it fails the peer sees an ordinary end, which is the next best.
                    let _ = stream.set_zero_linger();
                    continue;
                };
                (state.connections, Some(resets))
            }
        };
        tokio::spawn(connection::serve(stream, role.clone(), number, resets, state.clone()));
    }
}
