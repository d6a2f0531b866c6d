# SPDX-License-Identifier: ISC
"""A small PKI made with openssl, and documents made of it."""
import datetime
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = "urn:certconf:params:xml:ns:yang:certconf"
PASSWORD = "correct horse battery staple"

KEYS = {
    "rsa": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "ec": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "ed25519": ("-algorithm", "ED25519"),
    "ed448": ("-algorithm", "ED448"),
}


def openssl(*args, data=None):
    """Runs openssl and returns what it prints, as bytes."""
    return subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, timeout=60,
                          check=True).stdout


class Credential:
    """A leaf with its chain and key."""

    def __init__(self, path, chain):
        self.cert_file, self.key_file = path.with_suffix(".crt"), path.with_suffix(".key")
        self.cert = self.cert_file.read_text()
        self.key = self.key_file.read_text()
        self.chain = self.cert + chain

    def encrypted_key(self, password=PASSWORD):
        """The key as PKCS#8, encrypted with PBES2."""
        return openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{password}",
                       "-in", self.key_file).decode()

    def sha256(self):
        """Fingerprint of the leaf, 64 lower-case hexadecimal digits."""
        return fingerprint(self.cert)


def fingerprint(pem):
    """SHA-256 of the first certificate of a PEM text."""
    line = openssl("x509", "-noout", "-fingerprint", "-sha256", data=pem.encode()).decode()
    return line.split("=")[1].strip().replace(":", "").lower()


class Pki:
    """A root and an intermediate that sign what a test asks for."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.number = 0
        self.root = self._authority("root", "/C=GB/O=Example/CN=Example root", None)
        self.other_root = self._authority("other", "/C=GB/O=Other/CN=Other root", None)
        self.intermediate = self._authority("intermediate", "/C=GB/O=Example/CN=Example issuing CA",
                                            "root")

    def _key(self, path, kind):
        openssl("genpkey", *KEYS[kind], "-out", path)

    def _sign(self, name, subject, issuer, days, extensions, digest="sha256"):
        path = self.directory / name
        config = path.with_suffix(".ext")
        config.write_text(extensions)
        digest = () if digest is None else (f"-{digest}",)
        request = openssl("req", "-new", "-key", path.with_suffix(".key"), "-subj", subject)
        by = self.directory / (issuer or name)
        signer = ("-signkey", by.with_suffix(".key")) if issuer is None else (
            "-CA", by.with_suffix(".crt"), "-CAkey", by.with_suffix(".key"), "-CAcreateserial")
        openssl("x509", "-req", *signer, "-days", days, *digest, "-extfile", config, "-out",
                path.with_suffix(".crt"), data=request)
        return path

    def _authority(self, name, subject, issuer):
        self._key(self.directory / f"{name}.key", "ec")
        path = self._sign(name, subject, issuer, 3650,
                          "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n"
                          "subjectKeyIdentifier=hash\n")
        return path.with_suffix(".crt").read_text()

    def leaf(self, common_name="unit.example.test", kind="ec", days=365, digest="sha256"):
        """A new credential, signed by the intermediate."""
        self.number += 1
        name = f"leaf{self.number}"
        self._key(self.directory / f"{name}.key", kind)
        return self._leaf(name, common_name, days, digest)

    def stranger(self, common_name="unit.example.test"):
        """A credential of the other root, in whom nobody need trust."""
        self.number += 1
        name = f"leaf{self.number}"
        self._key(self.directory / f"{name}.key", "ec")
        path = self._sign(name, f"/O=Other/CN={common_name}", "other", 365, self._extensions(common_name))
        return Credential(path, "")

    def ageing(self, age_days, left_days, common_name="unit.example.test"):
        """A credential that has been valid for some days and will be for some more."""
        self.number += 1
        path = self.directory / f"leaf{self.number}"
        self._key(path.with_suffix(".key"), "ec")
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = (f"{now + datetime.timedelta(days=days):%Y%m%d%H%M%SZ}" for days in (-age_days, left_days))
        config = path.with_suffix(".ca")
        config.write_text(f"[ca]\ndefault_ca=own\n[own]\ndatabase={path}.db\nnew_certs_dir={self.directory}\n"
                          "rand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no\n"
                          "[any]\ncommonName=supplied\n"
                          "[leaf]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
                          f"extendedKeyUsage=serverAuth\nsubjectAltName=DNS:{common_name}\n")
        Path(f"{path}.db").write_text("")
        request = path.with_suffix(".csr")
        request.write_bytes(openssl("req", "-new", "-key", path.with_suffix(".key"), "-subj",
                                    f"/CN={common_name}"))
        issuer = self.directory / "intermediate"
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions", "leaf", "-startdate", begin,
                "-enddate", end, "-cert", issuer.with_suffix(".crt"), "-keyfile", issuer.with_suffix(".key"),
                "-in", request, "-out", path.with_suffix(".crt"))
        return Credential(path, self.intermediate)

    def renew(self, credential, common_name="unit.example.test", days=700):
        """A new certificate for the key of another."""
        self.number += 1
        name = f"leaf{self.number}"
        (self.directory / f"{name}.key").write_text(credential.key)
        return self._leaf(name, common_name, days, "sha256")

    def _leaf(self, name, common_name, days, digest):
        path = self._sign(
            name, f"/C=GB/ST=Greater London/L=London/O=Example/OU=Rooms/CN={common_name}",
            "intermediate", days, self._extensions(common_name), digest)
        return Credential(path, self.intermediate)

    @staticmethod
    def _extensions(common_name):
        return ("basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n"
                f"extendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:{common_name}\n")


def document(certificate=None, key=None, password=None, trust=None, mode=None, services=(),
             name="local"):
    """A configuration document with what is given."""
    out = [f'<certconf xmlns="{NAMESPACE}">']
    if certificate is not None or key is not None:
        out.append(f"  <credential>\n    <name>{name}</name>")
        if certificate is not None:
            out.append(f"    <certificate>{certificate}</certificate>")
        if key is not None:
            out.append(f"    <private-key>{key}</private-key>")
        if password is not None:
            out.append(f"    <private-key-password>{escape(password)}</private-key-password>")
        out.append("  </credential>")
    if trust is not None:
        out.append(f"  <trust-store>\n    <certificates>{trust}</certificates>\n  </trust-store>")
    if mode is not None:
        out.append(f"  <verification-mode>{mode}</verification-mode>")
    for service in services:
        out.append(f"  <service>\n    <name>{service}</name>\n    <enabled>true</enabled>\n  </service>")
    out.append("</certconf>\n")
    return "\n".join(out)
