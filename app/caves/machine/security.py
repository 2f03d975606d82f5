"""How a broker on one machine is secured: its listeners, whom they know, and their certificates.

For trying TLS and SASL out. The certificates are signed by an authority made for them; their keys
are not protected by a passphrase.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.caves.errors import UsageError
from app.caves.machine.apache_kafka import Listener

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


@dataclass(frozen=True)
class Security:
    """The listeners that were asked for beside the plain one, and whom they know."""

    tls_port: int | None = None
    sasl_port: int | None = None
    sasl_tls_port: int | None = None
    mutual_tls: bool = False
    users: Sequence[tuple[str, str]] = ()

    @property
    def tls(self) -> bool:
        return bool(self.tls_port or self.sasl_tls_port)

    def check(self) -> None:
        """May raise UsageError."""
        if (self.sasl_port or self.sasl_tls_port) and not self.users:
            raise UsageError("a SASL listener needs users: give --user NAME:PASSWORD")
        if self.users and not (self.sasl_port or self.sasl_tls_port):
            raise UsageError("--user needs a SASL listener: --sasl-port or --sasl-tls-port")
        if self.mutual_tls and not self.tls_port:
            raise UsageError("--mutual-tls needs --tls-port")

    def listeners(self, folder: Path) -> list[Listener]:
        store = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(folder / "ca.pem"),
        }
        mutual = {"ssl.client.auth": "required"} if self.mutual_tls else {}
        found = []
        if self.tls_port:
            found.append(Listener("TLS", "SSL", self.tls_port, settings={**store, **mutual}))
        if self.sasl_port:
            found.append(Listener("SASL", "SASL_PLAINTEXT", self.sasl_port))
        if self.sasl_tls_port:
            found.append(Listener("SASL_TLS", "SASL_SSL", self.sasl_tls_port, settings=store))
        return found

    def client_settings(self, folder: Path) -> dict[str, str]:
        """The text of a file for --kafka-config, by the file's name, for each listener."""
        trust = f"ssl.cafile={folder / 'ca.pem'}\n"
        client = f"ssl.certfile={folder / 'client.pem'}\n" if self.mutual_tls else ""
        sasl = ""
        if self.users:
            name, password = self.users[0]
            sasl = (
                "sasl.mechanism=SCRAM-SHA-512\n"
                f"sasl.plain.username={name}\nsasl.plain.password={password}\n"
            )
        files = {}
        if self.tls_port:
            files["tls.properties"] = f"security.protocol=SSL\n{trust}{client}"
        if self.sasl_port:
            files["sasl.properties"] = f"security.protocol=SASL_PLAINTEXT\n{sasl}"
        if self.sasl_tls_port:
            files["sasl-tls.properties"] = f"security.protocol=SASL_SSL\n{trust}{sasl}"
        return files


def write_certificates(folder: Path) -> None:
    """An authority, the broker's certificate and a client's, as long as they are not there."""
    names = ("ca.pem", "broker.pem", "client.pem")
    if all((folder / name).exists() for name in names):
        return
    issuer = authority()
    pems = (issuer.certificate_pem, issuer.issue("broker").pem, issuer.issue("client").pem)
    for name, pem in zip(names, pems, strict=True):
        write_private(folder / name, pem)


def write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
