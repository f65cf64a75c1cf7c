//! Making connections: trust, proxies, addresses; and what their failures mean.

use super::message::Failure;
use crate::config::Config;
use crate::error::{Error, Result, Status};
use crate::recovery::Stage;
use once_cell::sync::Lazy;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Below the two minutes after which front ends close idle connections.
const IDLE: Duration = Duration::from_secs(90);

/// Shows a connection to be dead on which nothing is sent for minutes, as while a GET is pending.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The system's authorities: read once per process, since it takes milliseconds.
static SYSTEM_ROOTS: Lazy<RootCertStore> = Lazy::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        log::warn!("the system's certificate store: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    roots
});

/// The client that a configuration asks for.
pub(super) fn client(config: &Config) -> Result<reqwest::Client> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(config)?)
        .default_headers(headers)
        .user_agent(config.text("user_agent").unwrap_or_default())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE)
        .connect_timeout(config.duration("connect_timeout_ms"))
        .pool_idle_timeout(IDLE);
    match config.text("proxy") {
        None => {}
        Some("none") => builder = builder.no_proxy(),
        Some(url) => {
            let proxy = reqwest::Proxy::all(url).map_err(|error| Error::config(format!("proxy: {}", error.without_url())))?;
            let bypass = config.text("no_proxy").and_then(reqwest::NoProxy::from_string);
            builder = builder.no_proxy().proxy(proxy.no_proxy(bypass));
        }
    }
    for (host, address) in config.resolve() {
        builder = builder.resolve(&host, address);
    }
    builder.build().map_err(|error| Error::config(format!("no connection can be set up so: {}", chain(&error))))
}

fn tls(config: &Config) -> Result<ClientConfig> {
    let mut roots = SYSTEM_ROOTS.clone();
    if let Some(file) = config.text("ca_file") {
        trust(&mut roots, Path::new(file))?;
    }
    if let Some(folder) = config.text("ca_dir") {
        let entries = std::fs::read_dir(folder).map_err(|error| Error::config(format!("ca_dir \"{folder}\": {error}")))?;
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file()) {
            // Such folders hold other things, too.
            if let Err(error) = trust(&mut roots, &path) {
                log::debug!("{error}");
            }
        }
    }
    let versions: &[_] = if config.text("minimum_tls") == Some("1.3") { &[&rustls::version::TLS13] } else { rustls::DEFAULT_VERSIONS };
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| Error::config(format!("minimum_tls: {error}")))?
        .with_root_certificates(roots);
    match (config.text("client_certificate"), config.text("client_key")) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(Path::new(certificate))
                .map_err(|why| Error::config(format!("client_certificate \"{certificate}\": {why}")))?;
            let key_der = PrivateKeyDer::from_pem_file(key)
                .map_err(|_| Error::config(format!("client_key \"{key}\": the file holds no private key in PEM")))?;
            builder
                .with_client_auth_cert(chain, key_der)
                .map_err(|error| Error::config(format!("client_certificate and client_key: {error}")))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn trust(roots: &mut RootCertStore, file: &Path) -> Result<()> {
    let found = certificates(file).and_then(|found| match roots.add_parsable_certificates(found) {
        (0, _) => Err("the file holds no certificate that can be read".to_owned()),
        _ => Ok(()),
    });
    found.map_err(|why| Error::config(format!("ca_file \"{}\": {why}", file.display())))
}

fn certificates(file: &Path) -> std::result::Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| error.to_string())
}

/// What a failed attempt means to people.
pub(super) fn failure(error: reqwest::Error) -> Failure {
    let stage = match error.is_connect() {
        true if cause::<rustls::Error>(&error).is_some() => Stage::Untrusted,
        true if error.is_timeout() => Stage::Unreachable,
        true => Stage::Refused,
        false => Stage::Lost,
    };
    let why = chain(&error);
    if let Some(tls) = cause::<rustls::Error>(&error) {
        let advice = match tls {
            rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => {
                "; if a private authority issued it, name that authority's certificate with ca_file"
            }
            rustls::Error::InvalidCertificate(_) => "; the server's certificate must be mended, or another name of the server used",
            _ => "",
        };
        return Failure { error: Error::new(Status::Tls, format!("no trusted TLS connection: {tls}{advice}")), stage };
    }
    let (status, text) = if error.is_timeout() && error.is_connect() {
        (Status::Network, format!("no connection within connect_timeout_ms ({why})"))
    } else if error.is_connect() {
        let error = Error::new(Status::Network, format!("no connection could be made: {why}"));
        return Failure { error: error.advise("check the host, the port, the network and the proxy"), stage };
    } else {
        // For those who write a server, not for those who call one.
        let why = why.split(": https://docs.rs/").next().unwrap_or_default();
        (Status::Network, format!("the connection was lost: {why}"))
    };
    Failure { error: Error::new(status, text), stage }
}

/// The innermost reasons, without the URL, which the message names already.
fn chain(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(reason) = source {
        texts.push(reason.to_string());
        source = reason.source();
    }
    match texts.last() {
        Some(innermost) => innermost.clone(),
        None => error.to_string().split(" for url").next().unwrap_or_default().to_owned(),
    }
}

fn cause<'a, T: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a T> {
    if let Some(found) = error.downcast_ref::<T>() {
        return Some(found);
    }
    // An io::Error skips the error that it was made from: its source is that one's source.
    let inner = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()).map(|inner| inner as &(dyn std::error::Error + 'static));
    inner.or_else(|| error.source()).and_then(cause)
}
