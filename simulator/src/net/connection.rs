//! One connection from its first byte to its end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Role;
use super::exchange::{self, Peer};
use super::wire::{End, Ending, Wire};
use crate::state::State;

/// What tells a connection that it is to be reset.
pub(crate) type Resets = watch::Receiver<()>;

/// Serves a connection until either side has had enough, or all are reset.
pub(crate) async fn serve(stream: TcpStream, role: Role, number: u64, resets: Option<Resets>, state: Arc<Mutex<State>>) {
    // Answers are small and wanted at once; a socket that is gone shows soon enough.
    let _ = stream.set_nodelay(true);
    let ending = Arc::new(Ending::default());
    let wire = Wire::new(stream, ending.clone());
    let (secure, control) = (matches!(role, Role::Https(_)), matches!(role, Role::Control));
    let peer = Peer { state, ending: ending.clone(), number, secure, control };
    let served = async {
        match role {
            // A client that does not trust the certificate goes away in the handshake.
            Role::Https(acceptor) => {
                if let Ok(stream) = acceptor.accept(wire).await {
                    drive(stream, peer).await;
                }
            }
            Role::Http | Role::Control => drive(wire, peer).await,
        }
    };
    tokio::select! {
        biased;
        () = reset(resets, &ending) => {}
        () = served => {}
    }
}

/// Resolves when the connection is to be reset, which is settled by then: what serves it goes next.
async fn reset(resets: Option<Resets>, ending: &Ending) {
    if let Some(mut resets) = resets
        && resets.changed().await.is_ok()
    {
        return ending.reset();
    }
    std::future::pending().await
}

async fn drive(io: impl AsyncRead + AsyncWrite + Unpin + Send, peer: Peer) {
    let ending = peer.ending.clone();
    let peer = Arc::new(peer);
    let service = service_fn(move |request| exchange::answer(peer.clone(), request));
    let mut connection = pin!(http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(io), service));
    loop {
        let end = poll_fn(|cx| match connection.as_mut().poll(cx) {
            // Failures are the client's to see: most were ordered.
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => ending.due().map_or(Poll::Pending, |end| Poll::Ready(Some(end))),
        });
        match end.await {
            None | Some(End::Cut) => return,
            Some(End::Close) => connection.as_mut().graceful_shutdown(),
            Some(End::Reset(after)) => {
                // The kept-alive connection stays usable until then. That it may end by itself meanwhile is as good.
                let _ = tokio::time::timeout(after, connection.as_mut()).await;
                ending.reset();
                return;
            }
        }
    }
}
