"""Certificates for a broker on one machine: an authority of one's own, and what it signs, as PEM.

For trying TLS out. Their keys are not protected by a passphrase.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 365
LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key; `pem` is both, the form that Kafka's brokers and clients
    take as a key store."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        none = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, none).decode()

    @property
    def pem(self) -> str:
        return self.key_pem + self.certificate_pem

    def issue(
        self, name: str, hosts: Sequence[str] = LOOPBACK, days: float = DAYS
    ) -> "Certificate":
        """One that this authority signs, for servers on these hosts and for the client `name`. It
        is valid until so many days from now, which may be over."""
        return _certificate(name, hosts, days, self)


def authority(name: str = "Les Caves d'Albert, local authority") -> Certificate:
    """A root authority of one's own."""
    return _certificate(name, (), 10 * DAYS, None)


def self_signed(name: str, hosts: Sequence[str] = LOOPBACK) -> Certificate:
    """A server's certificate that no authority has signed."""
    return _certificate(name, hosts, DAYS, None)


def _certificate(
    name: str, hosts: Sequence[str], days: float, issuer: Certificate | None
) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    is_authority = not hosts
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2 * DAYS))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                (issuer.key if issuer else key).public_key()
            ),
            critical=False,
        )
        .add_extension(_usage(is_authority), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_host(each) for each in hosts])
        builder = builder.add_extension(names, critical=False)
    signed = builder.sign((issuer.key if issuer else key), hashes.SHA256())
    return Certificate(signed, key)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
