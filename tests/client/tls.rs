//! Which certificates of servers are accepted, and what a failure of TLS says.

use crate::common::*;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{RootCertStore, ServerConfig, ServerConnection, SignatureAlgorithm, SignatureScheme, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use ucwa::ffi::*;

/// A file that goes when it is dropped.
struct TempFile(PathBuf);

impl TempFile {
    fn new(content: impl AsRef<[u8]>) -> TempFile {
        let path = std::env::temp_dir().join(format!("ucwa-tls-{}.pem", uuid::Uuid::new_v4()));
        fs::write(&path, content).unwrap();
        TempFile(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)).unwrap()
}

fn fixture_path(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name).to_str().unwrap().to_owned()
}

fn ring() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A server that lets a function see to each connection.
fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let each = Arc::new(each);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let each = Arc::clone(&each);
            thread::spawn(move || each(stream));
        }
    });
    address
}

/// A server that says over TLS that nothing is there.
fn serve_tls(config: ServerConfig) -> SocketAddr {
    let config = Arc::new(config);
    serve(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let mut piece = [0; 4096];
        if stream.read(&mut piece).is_ok_and(|length| length > 0) {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here!");
            let _ = stream.flush();
        }
    })
}

fn server(chain: &[&str], key: &str) -> ServerConfig {
    let chain = chain.iter().map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).collect();
    let builder = ServerConfig::builder_with_provider(ring()).with_safe_default_protocol_versions().unwrap();
    builder.with_no_client_auth().with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
}

/// What signing in at that address says.
fn told(host: &str, address: SocketAddr, ca_file: Option<&str>) -> Failure {
    told_by(ca_file.map_or_else(Config::new, |file| Config::new().with("ca_file", file)), &format!("https://{host}:{}/", address.port()))
}

fn told_by(config: Config, url: &str) -> Failure {
    shorten_waits();
    let config = config.with("discovery_url", url).with("sign_in_address", "sip:lenea@contoso.com").with("password", "Pa$$w0rd");
    config.with("proxy", "none").sign_in().err().unwrap()
}

/// The connection was not trusted, and the message has these parts.
fn is_refused(failure: &Failure, parts: &[&str]) {
    assert_eq!(failure.status, UCWA_TLS, "{}", failure.message);
    for part in parts {
        assert!(failure.message.contains(part), "no \"{part}\" in: {}", failure.message);
    }
}

fn is_accepted(failure: &Failure) {
    assert_ne!(failure.status, UCWA_TLS, "{}", failure.message);
    assert!(failure.message.contains("not here") || failure.message.contains("404"), "{}", failure.message);
}

/// Parameters of a certificate for `localhost`.
fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = date_time_ymd(2020, 1, 2);
    parameters.not_after = date_time_ymd(2999, 1, 2);
    parameters
}

fn authority(name: &str) -> CertificateParams {
    let mut authority = parameters(name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
}

/// A certificate that signs itself, and its key.
fn self_signed(parameters: &CertificateParams, key: &KeyPair) -> String {
    parameters.self_signed(key).unwrap().pem()
}

#[test]
fn a_self_signed_certificate_is_accepted_if_it_is_exactly_the_named_one() {
    let key = KeyPair::generate().unwrap();
    // As servers of small companies have them, an authority of its own or not.
    for parameters in [parameters("Contoso"), authority("Contoso")] {
        let pem = self_signed(&parameters, &key);
        let address = serve_tls(server(&[&pem], &key.serialize_pem()));
        let refused = told("localhost", address, None);
        is_refused(&refused, &["ca_file", "exactly this certificate"]);
        let file = TempFile::new(&pem);
        is_accepted(&told("localhost", address, Some(file.path())));
        let folder = std::env::temp_dir().join(format!("ucwa-ca-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("server.cer"), CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        fs::write(folder.join("readme.txt"), "other things").unwrap();
        let url = format!("https://localhost:{}/", address.port());
        is_accepted(&told_by(Config::new().with("ca_dir", folder.to_str().unwrap()), &url));
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_named_self_signed_certificate_is_checked_all_the_same() {
    let key = KeyPair::generate().unwrap();
    let mut other_name = parameters("Contoso");
    other_name.subject_alt_names = CertificateParams::new(vec!["pool1.contoso.com".to_owned()]).unwrap().subject_alt_names;
    let mut expired = parameters("Contoso");
    expired.not_after = date_time_ymd(2021, 3, 4);
    let mut early = parameters("Contoso");
    early.not_before = date_time_ymd(2998, 3, 4);
    for (parameters, parts) in [
        (other_name, &["is for pool1.contoso.com, and not for localhost"][..]),
        (expired, &["expired on 2021-03-04", "this machine's clock"][..]),
        (early, &["valid only from 2998-03-04"][..]),
    ] {
        let pem = self_signed(&parameters, &key);
        let address = serve_tls(server(&[&pem], &key.serialize_pem()));
        let file = TempFile::new(&pem);
        is_refused(&told("localhost", address, Some(file.path())), parts);
    }
}

#[test]
fn a_self_signed_certificate_that_only_looks_like_the_named_one_is_refused() {
    let key = KeyPair::generate().unwrap();
    for make in [parameters, authority] {
        let named = TempFile::new(self_signed(&make("Contoso"), &key));
        // Another key: anybody may take the name.
        let other_key = KeyPair::generate().unwrap();
        let pem = self_signed(&make("Contoso"), &other_key);
        let address = serve_tls(server(&[&pem], &other_key.serialize_pem()));
        is_refused(&told("localhost", address, Some(named.path())), &["self-signed", "exactly this certificate"]);
    }
    // The same key: a former or later version of it, perhaps for other names.
    let named = TempFile::new(self_signed(&parameters("Contoso"), &key));
    let mut later = parameters("Contoso");
    later.not_after = date_time_ymd(2999, 12, 31);
    let pem = self_signed(&later, &key);
    let address = serve_tls(server(&[&pem], &key.serialize_pem()));
    is_refused(&told("localhost", address, Some(named.path())), &["self-signed", "another one than that of the same name"]);
}

#[test]
fn the_signature_of_the_handshake_is_checked() {
    let key = KeyPair::generate().unwrap();
    let pem = self_signed(&parameters("Contoso"), &key);
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let thief = CertifiedKey::new(chain, Arc::new(WrongKey(SignatureScheme::ECDSA_NISTP256_SHA256, SignatureAlgorithm::ECDSA)));
    let file = TempFile::new(&pem);
    is_refused(&told("localhost", serve_tls(with_key(thief)), Some(file.path())), &["signature"]);
}

/// The key of a server that shows a certificate of somebody else.
#[derive(Clone, Copy, Debug)]
struct WrongKey(SignatureScheme, SignatureAlgorithm);

impl SigningKey for WrongKey {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(*self))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.1
    }
}

impl Signer for WrongKey {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![0x30; 128])
    }

    fn scheme(&self) -> SignatureScheme {
        self.0
    }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn with_key(key: CertifiedKey) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(ring()).with_safe_default_protocol_versions().unwrap();
    builder.with_no_client_auth().with_cert_resolver(Arc::new(Always(Arc::new(key))))
}

#[test]
fn what_is_wrong_with_an_issued_certificate() {
    let (root, root_key, key) = (authority("Contoso root"), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root_file = TempFile::new(self_signed(&root, &root_key));
    let issuer = Issuer::new(root, root_key);
    let issued = |parameters: CertificateParams| parameters.signed_by(&key, &issuer).unwrap().pem();
    let good = issued(parameters("server"));
    let address = serve_tls(server(&[&good], &key.serialize_pem()));
    is_accepted(&told("localhost", address, Some(root_file.path())));
    is_refused(&told("localhost", address, None), &["issued by an authority that is not trusted, CN=Contoso root", "ca_file"]);
    let wrong = told("127.0.0.1", address, Some(root_file.path()));
    is_refused(&wrong, &["is for localhost, and not for 127.0.0.1", "discovery_url"]);

    let mut expired = parameters("server");
    expired.not_after = date_time_ymd(2024, 5, 6);
    let mut early = parameters("server");
    early.not_before = date_time_ymd(2998, 7, 8);
    for (parameters, parts) in [
        (expired, &["expired on 2024-05-06T00:00:00Z", "administrator must renew it"][..]),
        (early, &["valid only from 2998-07-08T00:00:00Z"][..]),
        (authority("server"), &["CaUsedAsEndEntity", "new one issued"][..]),
    ] {
        let pem = issued(parameters);
        is_refused(&told("localhost", serve_tls(server(&[&pem], &key.serialize_pem())), Some(root_file.path())), parts);
    }
}

#[test]
fn certificates_that_are_not_secure() {
    let key = fixture("server.key");
    for (leaf, authority, parts) in [
        ("sha1.pem", "ca.pem", &["signed with SHA-1", "new one issued"][..]),
        ("v1.pem", "ca.pem", &["X.509 version 1", "new one issued"][..]),
        ("under_weak_ca.pem", "weak_ca.pem", &["RSA key of 1024 bits", "CN=Contoso weak CA"][..]),
    ] {
        let address = serve_tls(server_unchecked(leaf, &key));
        is_refused(&told("localhost", address, Some(&fixture_path(authority))), parts);
    }
    let chain = vec![CertificateDer::from_pem_slice(fixture("rsa1024.pem").as_bytes()).unwrap()];
    let rsa = CertifiedKey::new(chain, Arc::new(WrongKey(SignatureScheme::RSA_PSS_SHA256, SignatureAlgorithm::RSA)));
    let failure = told("localhost", serve_tls(with_key(rsa)), Some(&fixture_path("ca.pem")));
    is_refused(&failure, &["RSA key of 1024 bits", "2048"]);
}

/// rustls would look whether the key fits, and cannot read all of these certificates.
fn server_unchecked(leaf: &str, key: &str) -> ServerConfig {
    let key = rustls::crypto::ring::sign::any_supported_type(&PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap();
    with_key(CertifiedKey::new(vec![CertificateDer::from_pem_slice(fixture(leaf).as_bytes()).unwrap()], key))
}

/// A server that answers the first message of TLS with these bytes.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello);
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read(&mut hello);
    })
}

#[test]
fn servers_that_cannot_agree() {
    // Alerts: handshake failure, insufficient security, protocol version; TLS 1.0 chosen.
    const TLS_1_0: &[u8] = &[
        22, 3, 1, 0, 44, 2, 0, 0, 40, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        0, 0, 47, 0, 0, 0,
    ];
    for (bytes, parts) in [
        (&[21, 3, 3, 0, 2, 2, 40][..], &["no cipher in common", "Windows Server 2012 R2"][..]),
        (&[21, 3, 3, 0, 2, 2, 71], &["no cipher in common", "TLS 1.3"]),
        (&[21, 3, 1, 0, 2, 2, 70], &["protocol version", "TLS 1.2 or 1.3"]),
        (TLS_1_0, &["protocol version", "TLS 1.2 or 1.3"]),
        (&[21, 3, 3, 0, 2, 2, 112], &["no certificate for this name"]),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", &["does not speak TLS", "http://"]),
    ] {
        is_refused(&told("localhost", answering(bytes), None), parts);
    }
    // As Windows ends a handshake in which it finds no cipher.
    let failure = told("localhost", answering(b""), None);
    assert_eq!(failure.status, UCWA_NETWORK, "{}", failure.message);
    assert!(failure.message.contains("ended the TLS handshake") && failure.message.contains("no cipher in common"), "{}", failure.message);
}

#[test]
fn a_server_without_modern_ciphers() {
    let key = KeyPair::generate().unwrap();
    let pem = self_signed(&parameters("Contoso"), &key);
    let mut provider = rustls::crypto::ring::default_provider();
    // What is left needs an RSA certificate.
    provider.cipher_suites.retain(|suite| format!("{:?}", suite.suite()).contains("ECDHE_RSA"));
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let builder = ServerConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[&rustls::version::TLS12]).unwrap();
    let config =
        builder.with_no_client_auth().with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap());
    is_refused(&told("localhost", serve_tls(config.unwrap()), None), &["no cipher in common", "ECDHE"]);
}

#[test]
fn a_server_that_speaks_tls_1_2_alone_where_1_3_is_needed() {
    let key = KeyPair::generate().unwrap();
    let pem = self_signed(&parameters("Contoso"), &key);
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let builder = ServerConfig::builder_with_provider(ring()).with_protocol_versions(&[&rustls::version::TLS12]).unwrap();
    let config =
        builder.with_no_client_auth().with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap());
    let url = format!("https://localhost:{}/", serve_tls(config.unwrap()).port());
    is_refused(&told_by(Config::new().with("minimum_tls", "1.3"), &url), &["protocol version", "minimum_tls"]);
}

#[test]
fn a_server_that_requires_a_certificate_of_the_client() {
    let (root, root_key, key) = (authority("Contoso root"), KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root_pem = self_signed(&root, &root_key);
    let root_file = TempFile::new(&root_pem);
    let issuer = Issuer::new(root, root_key);
    let issued = |name: &str, key: &KeyPair| parameters(name).signed_by(key, &issuer).unwrap().pem();
    let pem = issued("server", &key);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root_pem.as_bytes()).unwrap()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), ring()).build().unwrap();
        let builder = ServerConfig::builder_with_provider(ring()).with_protocol_versions(&[version]).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
        let own_key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let address = serve_tls(builder.with_client_cert_verifier(verifier).with_single_cert(chain, own_key).unwrap());
        let failure = told("localhost", address, Some(root_file.path()));
        is_refused(&failure, &["certificate of the client", "client_certificate and client_key"]);

        let client_key = KeyPair::generate().unwrap();
        // Editors of Windows put a byte order mark before it.
        let certificate = TempFile::new(format!("\u{feff}{}", issued("client", &client_key)));
        let private = TempFile::new(format!("\u{feff}{}", client_key.serialize_pem()));
        let config = Config::new().with("ca_file", root_file.path()).with("client_certificate", certificate.path());
        let url = format!("https://localhost:{}/", address.port());
        is_accepted(&told_by(config.with("client_key", private.path()), &url));

        let stranger = TempFile::new(self_signed(&parameters("stranger"), &client_key));
        let config = Config::new().with("ca_file", root_file.path()).with("client_certificate", stranger.path());
        is_refused(&told_by(config.with("client_key", private.path()), &url), &["client's certificate", "client_certificate"]);
    }
}

#[test]
fn http_at_a_port_that_is_meant_for_https() {
    let key = KeyPair::generate().unwrap();
    let pem = self_signed(&parameters("Contoso"), &key);
    let address = serve_tls(server(&[&pem], &key.serialize_pem()));
    for address in [address, answering(b""), answering(&[21, 3, 3, 0, 2, 2, 10])] {
        let failure = told_by(Config::new(), &format!("http://localhost:{}/", address.port()));
        assert!(failure.message.contains("begin the URL with https://"), "{}", failure.message);
    }
}

#[test]
fn files_of_certificates_in_every_form() {
    let simulator = simulator();
    let pem = fs::read_to_string(simulator.ca_file()).unwrap();
    let utf16: Vec<u8> = format!("\u{feff}{pem}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec();
    for content in [format!("\u{feff}{pem}").into_bytes(), utf16, der, format!("CA of Büro\r\n{}", pem.replace('\n', "\r\n")).into_bytes()]
    {
        let file = TempFile::new(content);
        Config::of(&simulator).with("ca_file", file.path()).sign_in().unwrap();
    }
}

#[test]
fn invalid_files_of_certificates() {
    let config = Config::new();
    let pipe = std::env::temp_dir().join(format!("ucwa-fifo-{}", uuid::Uuid::new_v4()));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let long = TempFile::new("");
    fs::File::options().write(true).open(&long.0).unwrap().set_len(1 << 40).unwrap();
    let text = TempFile::new("hello");
    let temp = std::env::temp_dir();
    let broken = TempFile::new("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for (path, part) in [
        (pipe.to_str().unwrap(), "no regular file"),
        ("/dev/zero", "no regular file"),
        ("/nowhere/ca.pem", "cannot be read"),
        (temp.to_str().unwrap(), "folder"),
        (long.path(), "longer than 16 MiB"),
        (text.path(), "neither PEM"),
    ] {
        for key in ["ca_file", "client_certificate", "client_key"] {
            let failure = config.set(key, Some(path)).unwrap_err();
            assert_eq!(failure.status, UCWA_INVALID_CONFIG, "{}", failure.message);
            assert!(failure.message.contains(part) && failure.message.contains(key), "{}", failure.message);
        }
    }
    fs::remove_file(pipe).unwrap();
    let failure = told("localhost", answering(b""), Some(broken.path()));
    assert_eq!(failure.status, UCWA_INVALID_CONFIG, "{}", failure.message);
    assert!(failure.message.contains("no certificate that can be read"), "{}", failure.message);
}
