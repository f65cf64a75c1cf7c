//! The socket below a connection, and the ways to end one that HTTP does not know.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How a connection ends once the answer is out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// Closed in order, though not announced.
    Close,
    /// Closed in the middle of an answer.
    Cut,
    /// Reset after a while.
    Reset(Duration),
}

/// What is planned for a connection, shared by its socket, its answers and who drives it.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    planned: Mutex<Option<End>>,
    sent: AtomicBool,
    blocked: AtomicBool,
    reset: AtomicBool,
}

impl Ending {
    pub(crate) fn plan(&self, end: End) {
        self.sent.store(false, Relaxed);
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// The end that is due: planned, and the answer has left.
    pub(crate) fn due(&self) -> Option<End> {
        if self.sent.load(Relaxed) && !self.blocked.load(Relaxed) {
            self.planned.lock().unwrap_or_else(PoisonError::into_inner).take()
        } else {
            None
        }
    }

    /// When the socket goes, the peer gets a reset.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Relaxed);
    }
}

/// A socket that can end in a reset.
pub(crate) struct Wire {
    stream: TcpStream,
    ending: Arc<Ending>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, ending: Arc<Ending>) -> Wire {
        Wire { stream, ending }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.ending.reset.load(Relaxed) {
            // Where it fails the peer sees an ordinary end, which is the next best.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.ending.blocked.store(written.is_pending(), Relaxed);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The body of an answer.
pub(crate) struct Payload {
    pub(crate) data: Option<Bytes>,
    /// Sent without a length.
    pub(crate) chunked: bool,
    /// Never ends, as more was announced than there is.
    pub(crate) unfinished: bool,
    pub(crate) ending: Arc<Ending>,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.data.take() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None if self.unfinished => {
                // Nobody wakes this: the connection is cut as soon as all has been written.
                self.ending.sent.store(true, Relaxed);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.unfinished
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked || self.unfinished {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
        }
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.ending.sent.store(true, Relaxed);
    }
}
