//! Which certificates of servers are trusted.

use super::certificate::{self, Refused};
use crate::certificate_file::{self, Content};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::logging;
use once_cell::sync::Lazy;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

/// The system's authorities: read once per process, when a certificate is checked that no other authority vouches for.
static SYSTEM_ROOTS: Lazy<RootCertStore> = Lazy::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        logging::warn!("the system's certificate store: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    roots
});

tokio::task_local! {
    /// Whether the server asked for a certificate during the handshake that this task makes.
    pub(super) static ASKED_FOR_CERTIFICATE: Cell<bool>;
}

/// TLS as the configuration wants it.
pub(super) fn tls(config: &Config) -> Result<ClientConfig> {
    let mut named = Vec::new();
    if let Some(file) = config.text("ca_file") {
        named.extend(certificates(Path::new(file)).map_err(|why| Error::config(format!("ca_file \"{file}\": {why}")))?);
    }
    if let Some(folder) = config.text("ca_dir") {
        named.extend(certificates_in(folder)?);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions: &[_] = if config.text("minimum_tls") == Some("1.3") { &[&rustls::version::TLS13] } else { rustls::DEFAULT_VERSIONS };
    let verifier = Arc::new(Verifier::new(named, &provider));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| Error::config(format!("minimum_tls: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut tls = match (config.text("client_certificate"), config.text("client_key")) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(Path::new(certificate))
                .map_err(|why| Error::config(format!("client_certificate \"{certificate}\": {why}")))?;
            let key_der = private_key(Path::new(key)).map_err(|why| Error::config(format!("client_key \"{key}\": {why}")))?;
            builder
                .with_client_auth_cert(chain, key_der)
                .map_err(|error| Error::config(format!("client_certificate and client_key: {error}")))?
        }
        _ => builder.with_no_client_auth(),
    };
    tls.client_auth_cert_resolver = Arc::new(Noting(Arc::clone(&tls.client_auth_cert_resolver)));
    Ok(tls)
}

/// The certificates in a file, in PEM or DER: at least one.
fn certificates(file: &Path) -> std::result::Result<Vec<CertificateDer<'static>>, String> {
    let found = match certificate_file::read(file)? {
        Content::Der(bytes) => vec![CertificateDer::from(bytes)],
        Content::Pem(text) => {
            let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
            found.map_err(|error| error.to_string())?
        }
    };
    if found.is_empty() {
        return Err("the file holds no certificate (\"-----BEGIN CERTIFICATE-----\")".to_owned());
    }
    let mut readable = RootCertStore::empty();
    match readable.add_parsable_certificates(found.iter().cloned()) {
        (0, _) => Err("the file holds no certificate that can be read".to_owned()),
        _ => Ok(found),
    }
}

fn certificates_in(folder: &str) -> Result<Vec<CertificateDer<'static>>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::config(format!("ca_dir \"{folder}\": {error}")))?;
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| path.is_file()) {
        match certificates(&path) {
            Ok(more) => found.extend(more),
            // Such folders hold other things, too.
            Err(why) => logging::debug!("ca_dir: \"{}\": {why}", path.display()),
        }
    }
    if found.is_empty() {
        logging::warn!("ca_dir \"{folder}\" holds no file with a certificate");
    }
    Ok(found)
}

fn private_key(file: &Path) -> std::result::Result<PrivateKeyDer<'static>, String> {
    const NONE: &str = "the file holds no private key in PEM";
    match certificate_file::read(file)? {
        Content::Pem(text) => PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| NONE.to_owned()),
        Content::Der(_) => Err(NONE.to_owned()),
    }
}

/// Notes that the server asks for a certificate: a refusal that follows is about it.
#[derive(Debug)]
struct Noting(Arc<dyn ResolvesClientCert>);

impl ResolvesClientCert for Noting {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Elsewhere than in a handshake of the connector there is nobody to note it for.
        let _ = ASKED_FOR_CERTIFICATE.try_with(|asked| asked.set(true));
        self.0.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.0.has_certs()
    }
}

/// The checks of rustls, with two differences: failures in words, and self-signed certificates of servers, which are
/// accepted if the user named exactly them.
#[derive(Debug)]
struct Verifier {
    /// What `ca_file` and `ca_dir` hold, byte for byte.
    named: Vec<CertificateDer<'static>>,
    /// The same, as authorities.
    authorities: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(named: Vec<CertificateDer<'static>>, provider: &CryptoProvider) -> Verifier {
        let mut authorities = RootCertStore::empty();
        authorities.add_parsable_certificates(named.iter().cloned());
        Verifier { named, authorities, algorithms: provider.signature_verification_algorithms }
    }

    fn check(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> std::result::Result<(), Problem> {
        let parsed = ParsedCertificate::try_from(own)?;
        let is_self_issued = certificate::is_self_issued(own);
        if is_self_issued && self.named.iter().any(|named| named == own) {
            certificate::check_time(own, now)?;
        } else {
            use rustls::{CertificateError as E, Error::InvalidCertificate};
            self.check_chain(&parsed, others, now).map_err(|error| match error {
                InvalidCertificate(E::UnknownIssuer | E::BadSignature) if is_self_issued => Problem::SelfSigned,
                other => Problem::Refused(other),
            })?;
            // An authority with the same name and key vouches for it, that is, a former version of itself.
            if is_self_issued && self.is_self_signed(own, &parsed, now) {
                return Err(Problem::SelfSigned);
            }
        }
        Ok(verify_server_name(&parsed, name)?)
    }

    fn check_chain(
        &self,
        own: &ParsedCertificate<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        let check = |roots: &RootCertStore| verify_server_cert_signed_by_trust_anchor(own, roots, others, now, self.algorithms.all);
        let unknown = |error: &rustls::Error| *error == rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        match check(&self.authorities) {
            Ok(()) => Ok(()),
            Err(first) => check(&SYSTEM_ROOTS).map_err(|second| if unknown(&first) { second } else { first }),
        }
    }

    fn is_self_signed(&self, own: &CertificateDer<'_>, parsed: &ParsedCertificate<'_>, now: UnixTime) -> bool {
        let mut itself = RootCertStore::empty();
        itself.add(own.clone().into_owned()).is_ok()
            && verify_server_cert_signed_by_trust_anchor(parsed, &itself, &[], now, self.algorithms.all).is_ok()
    }

    fn in_words(&self, problem: &Problem, own: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> rustls::Error {
        let chain: Vec<_> = std::iter::once(own).chain(others).collect();
        let refused = match problem {
            Problem::SelfSigned => certificate::self_signed(own, &self.named),
            Problem::Refused(rustls::Error::InvalidCertificate(error)) => certificate::explain(error, &chain, &self.named),
            Problem::Refused(other) => return other.clone(),
        };
        in_rustls(refused)
    }
}

fn in_rustls(refused: Refused) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(refused))).into()
}

enum Problem {
    SelfSigned,
    Refused(rustls::Error),
}

impl From<rustls::Error> for Problem {
    fn from(error: rustls::Error) -> Problem {
        Problem::Refused(error)
    }
}

impl From<CertificateError> for Problem {
    fn from(error: CertificateError) -> Problem {
        Problem::Refused(error.into())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        match self.check(end_entity, intermediates, server_name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(problem) => Err(self.in_words(&problem, end_entity, intermediates)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms).map_err(|error| self.in_words(&error.into(), cert, &[]))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms).map_err(|error| self.in_words(&error.into(), cert, &[]))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
