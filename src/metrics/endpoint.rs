//! The address at which Prometheus scrapes.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::flow::Background;

use super::MetricsError;
use super::registry::Registry;

/// Prometheus' text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers scrapes until it is dropped.
pub(super) struct Endpoint {
    address: SocketAddr,
    server: Arc<Server>,
    /// The thread that answers.
    _answering: Background,
}

impl Endpoint {
    pub(super) fn open(address: SocketAddr, registry: Arc<Registry>) -> Result<Self, MetricsError> {
        let refused = |reason: String| MetricsError::Address { address, reason };
        // The server would listen by itself, but hides the kind of error.
        let listener = TcpListener::bind(address).map_err(|error| refused(error.to_string()))?;
        let bound = listener
            .local_addr()
            .map_err(|error| refused(error.to_string()))?;
        let server =
            Server::from_listener(listener, None).map_err(|error| refused(error.to_string()))?;
        let server = Arc::new(server);
        let answering = Background::start("metrics", {
            let server = Arc::clone(&server);
            move || {
                for request in server.incoming_requests() {
                    answer(request, &registry);
                }
            }
        })
        .map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            address: bound,
            server,
            _answering: answering,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

/// A client that hangs up early is no concern of the build.
fn answer(request: Request, registry: &Registry) {
    let path = request.url().split('?').next().unwrap_or_default();
    let _ = match (request.method(), path) {
        (Method::Get | Method::Head, "/metrics") => {
            let mut response = Response::from_string(registry.render());
            if let Ok(header) = Header::from_bytes(&b"Content-Type"[..], CONTENT_TYPE) {
                response.add_header(header);
            }
            request.respond(response)
        }
        (Method::Get | Method::Head, "/") => {
            request.respond(Response::from_string("wakemill: see /metrics\n"))
        }
        _ => request.respond(Response::from_string("see /metrics\n").with_status_code(404)),
    };
}
