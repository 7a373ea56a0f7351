//! Who is believed to be the server: system roots, a CA file, or pinned certificates. There is no fourth way.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};

use crate::wire::Fingerprint;

/// What makes a server's certificate trusted.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The operating system's certificate store. Read when the first request for such an origin is made.
    SystemRoots,
    /// Certificates in PEM (Proxmox: `/etc/pve/pve-root-ca.pem`); nothing else is trusted.
    CaFile(Vec<u8>),
    /// Exactly one of these leaf certificates, whatever their names and dates say: the operator has compared them. None at
    /// all trusts nobody.
    Pins(Vec<Fingerprint>),
}

/// A certificate that was refused, with what the operator needs to compare it.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct Distrust {
    /// Our words, without anything that the server said.
    pub(super) why: &'static str,
    /// What was presented.
    pub(super) fingerprint: Fingerprint,
}

/// Finds the refusal in the errors that the layers above wrapped around it.
pub(super) fn distrust<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Distrust> {
    match find::<rustls::Error>(error)? {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<Distrust>()
        }
        _ => None,
    }
}

/// First error of a type in the chain, also inside `std::io::Error`, whose `source` skips what it wraps.
pub(super) fn find<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            let inner: &(dyn std::error::Error + 'static) = inner;
            next = Some(inner);
        } else {
            next = error.source();
        }
    }
    None
}

/// The TLS configuration for one origin. Errors are sentences for people.
pub(super) fn config(trust: &Trust) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let rule = match trust {
        Trust::Pins(fingerprints) => Rule::Pins(fingerprints.clone()),
        Trust::CaFile(pem) => Rule::Roots(verifier(ca_roots(pem)?, &provider)?),
        Trust::SystemRoots => Rule::Roots(system_verifier(&provider)?),
    };
    let verifier = Reporting { rule, provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| "this build has no usable TLS version".to_owned())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // Proxmox answers HTTP/1.1 only, and the reason phrase that carries its errors does not exist in HTTP/2.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of a CA file.
pub(super) fn ca_roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "the CA file is not valid PEM".to_owned())?;
        roots.add(certificate).map_err(|_| "a certificate in the CA file cannot be read".to_owned())?;
    }
    if roots.is_empty() {
        return Err("the CA file contains no certificate".to_owned());
    }
    Ok(roots)
}

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    built
        .map(|v| v as Arc<dyn ServerCertVerifier>)
        .map_err(|_| "the trusted certificates cannot be used".to_owned())
}

/// Bundles of the usual distributions, first one wins. They are read here and not by a library, because libraries let
/// `SSL_CERT_FILE` choose, and in CI an earlier step may have set it.
#[cfg(target_os = "linux")]
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

#[cfg(target_os = "linux")]
fn system_verifier(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = BUNDLES.iter().find_map(|path| std::fs::read(path).ok()) {
        // One unreadable certificate in a bundle of hundreds is the distribution's business, not a reason to stop.
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
    }
    if roots.is_empty() {
        return Err(
            "this system has no certificate store; name a CA file or pins (`tls: { sha256: … }`) in the spec"
                .to_owned(),
        );
    }
    verifier(roots, provider)
}

#[cfg(not(target_os = "linux"))]
fn system_verifier(provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    rustls_platform_verifier::Verifier::new(Arc::clone(provider))
        .map(|v| Arc::new(v) as Arc<dyn ServerCertVerifier>)
        .map_err(|_| "the certificate store of this system cannot be used".to_owned())
}

#[derive(Debug)]
enum Rule {
    Pins(Vec<Fingerprint>),
    Roots(Arc<dyn ServerCertVerifier>),
}

/// Verifies by the rule and reports what was presented when it refuses. The handshake signature is always verified:
/// a certificate is public, and only the signature proves that the server holds its key.
#[derive(Debug)]
struct Reporting {
    rule: Rule,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Reporting {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = Fingerprint::from_digest(Sha256::digest(leaf).into());
        let refused = |why| {
            let other = rustls::OtherError(Arc::new(Distrust { why, fingerprint }));
            rustls::Error::InvalidCertificate(CertificateError::Other(other))
        };
        match &self.rule {
            Rule::Pins(wanted) if wanted.contains(&fingerprint) => Ok(ServerCertVerified::assertion()),
            Rule::Pins(wanted) => Err(refused(if wanted.len() > 1 {
                "it is none of the pinned ones (Proxmox renews node certificates in the last two weeks of their two years)"
            } else {
                "it is not the pinned one (on Proxmox each node has its own, renewed in the last two weeks of its two years)"
            })),
            Rule::Roots(inner) => {
                inner.verify_server_cert(leaf, intermediates, name, ocsp, now).map_err(|e| refused(why(&e)))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Our words for a refused certificate. Names from the certificate are left out: they are the server's words.
fn why(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(error) = error else {
        return "it cannot be verified";
    };
    match error {
        // Another authority of the same name ends in a wrong signature, and all Proxmox authorities have one name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "it is not signed by a trusted authority"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is not made out to this host name or address"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::Revoked => "it has been revoked",
        CertificateError::BadEncoding => "it is malformed",
        _ => "it is not acceptable for a server",
    }
}
