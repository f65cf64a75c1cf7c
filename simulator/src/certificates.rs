//! The simulator's own certificate authority, made anew at every start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// Names the certificate is always good for.
const HOSTS: [&str; 9] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "contoso.com",
    "*.contoso.com",
    "lyncdiscover.contoso.com",
    "lyncdiscoverinternal.contoso.com",
    "fabrikam.com",
    "*.fabrikam.com",
];

/// A folder of the simulator's own with the CA in it; goes when dropped.
#[derive(Debug)]
pub(crate) struct CaFile {
    folder: PathBuf,
    file: PathBuf,
}

impl CaFile {
    fn write(pem: &str) -> io::Result<CaFile> {
        let folder = std::env::temp_dir().join(format!("ucwa-simulator-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir(&folder)?;
        let ca = CaFile { file: folder.join("ca.pem"), folder };
        fs::write(&ca.file, pem)?;
        Ok(ca)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        // Somebody may have removed it already; there is nobody to tell.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Makes a CA and a server certificate for the usual hosts and these.
pub(crate) fn make(more_hosts: &[String]) -> io::Result<(CaFile, TlsAcceptor)> {
    let (pem, chain, key) = sign(more_hosts).map_err(io::Error::other)?;
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((CaFile::write(&pem)?, TlsAcceptor::from(Arc::new(config))))
}

type Signed = (String, Vec<rustls::pki_types::CertificateDer<'static>>, PrivateKeyDer<'static>);

fn sign(more_hosts: &[String]) -> Result<Signed, rcgen::Error> {
    let mut authority = parameters(Vec::new(), "UCWA simulator CA")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut hosts: Vec<String> = HOSTS.map(String::from).to_vec();
    hosts.extend(more_hosts.iter().filter(|host| !HOSTS.contains(&host.as_str())).cloned());
    let mut server = parameters(hosts, "UCWA simulator")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict clients want to see by which key it was signed.
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Ok((authority_certificate.pem(), vec![certificate.der().clone(), authority_certificate.der().clone()], key))
}

fn parameters(hosts: Vec<String>, name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(hosts)?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    // Good however far a clock is moved.
    parameters.not_before = date_time_ymd(1970, 1, 1);
    parameters.not_after = date_time_ymd(9999, 12, 31);
    Ok(parameters)
}
