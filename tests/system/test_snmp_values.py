# SPDX-License-Identifier: ISC
"""What certificates say, however they say it, as values of SNMP objects.

The certificates are made for the test; where no library would make what is wanted, the
octets of a value are put in its place afterwards, for nobody here looks at signatures.
"""
import base64
import datetime
import re

import harness
import pytest
from test_snmp_agent import Unit, start_snmpd

x509 = pytest.importorskip("cryptography.x509")
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding  # noqa: E402
from cryptography.x509.name import _ASN1Type  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.utcnow().replace(microsecond=0)
CN, OU, O = NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME
KEY = ec.generate_private_key(ec.SECP256R1())


def attribute(oid, value, kind=None):
    return x509.NameAttribute(oid, value, *([kind] if kind else []))


def make(*subject, begin=NOW - 30 * DAY, end=NOW + 70 * DAY, sans=(), rdns=None, octets=()):
    """A certificate that signs itself, in DER; octets: (what stands there, what is to)."""
    name = x509.Name(rdns if rdns is not None else [attribute(*part) for part in subject])
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end))
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), not subject)
    der = builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)
    for old, new in octets:
        assert len(old) == len(new) and old in der
        der = der.replace(old, new)
    return der


def write(directory, name, *ders):
    path = directory / f"{name}.pem"
    path.write_bytes(b"".join(pem(der) for der in ders))
    return path


def pem(der):
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


SAN_VALUES = [x509.DNSName("a.example.test"), x509.DNSName("*.example.test"), x509.RFC822Name("a@example.test"),
              x509.UniformResourceIdentifier("https://example.test/"),
              x509.DirectoryName(x509.Name([attribute(CN, "in a name")]))]

LOCALS = {
    "local": make((CN, "a.example.test")),
    "long": make(*[(OU, f"{n}" + "ü" * 63) for n in range(6)], (CN, "x" * 64)),
    "hostile": make((CN, "AAAABBBB", _ASN1Type.PrintableString), octets=[(b"AAAABBBB", b"a\x00\x01\xff\xfe\x7fbc")]),
    "c1": make((CN, "AAAABBBB", _ASN1Type.PrintableString), octets=[(b"AAAABBBB", b"ab\xc2\x85\xc0\xafcd")]),
    "bmp": make((CN, "Žluťoučký kůň", _ASN1Type.BMPString)),
    "t61": make((CN, "MAAAller", _ASN1Type.T61String), octets=[(b"MAAAller", b"M\xfc\xe9\xdfller")]),
    "special": make((O, 'a,b+c"d;e<f>g\\h'), (CN, " # ")),
    "several": make((OU, "first"), (OU, "second"), (OU, "third, with comma"), (CN, "one"), (CN, "two")),
    "multi": make(rdns=[x509.RelativeDistinguishedName([attribute(CN, "m"), attribute(OU, "n")])]),
    "nameless": make(sans=SAN_VALUES),
    "cnless": make((O, "Only an organization")),
    "past": make((CN, "past"), begin=NOW - 100 * DAY, end=NOW - 2 * DAY - DAY / 2),
    "future": make((CN, "future"), begin=NOW + DAY, end=NOW + 100 * DAY),
    "soon": make((CN, "soon"), begin=NOW - 100 * DAY, end=NOW + 20 * DAY + DAY / 2),
    "far": make((CN, "far"), end=datetime.datetime(2110, 1, 1)),
    "ever": make((CN, "ever"), end=datetime.datetime(9999, 12, 31, 23, 59, 59)),
    "old": make((CN, "old"), begin=datetime.datetime(1955, 6, 1), end=datetime.datetime(1969, 12, 31)),
    "many": make((CN, "many"), sans=[x509.DNSName(f"host-{n:04}.example.test") for n in range(1500)]),
}
LOCALS["twin"] = LOCALS["bmp"]
ANCHORS = [make((CN, "Twice")), make((CN, "Twice")), make(sans=SAN_VALUES), make((O, "No CN"))]


class Values:
    """Values by name of the object and of the row."""

    def __init__(self, unit, rows):
        self.unit = unit
        self.rows = rows

    def get(self, column, *index):
        out = self.unit.device.snmp("snmpget", "-On", "-Ox", self.unit.oid(column, ".".join(map(str, index)))).stdout
        return value_of(out)

    def of(self, column, name):
        return self.get(column, self.rows[name])


def value_of(line):
    """Octets, a number, or None for an absent instance."""
    value = " ".join(line.partition(" = ")[2].split())
    if value.startswith("Hex-STRING: "):
        return bytes.fromhex(value.removeprefix("Hex-STRING: "))
    if value == '""':
        return b""
    number = re.match(r"(?:INTEGER|Gauge32|Timeticks): \(?(-?\d+)", value)
    if number:
        return int(number.group(1))
    assert "No Such Instance" in value, line
    return None


@pytest.fixture(scope="module")
def values(make_shared_device, build, top):
    if not (build / "tests" / "unit" / "fake_engine").exists():
        pytest.skip("tests/unit/fake_engine is not built")
    device = make_shared_device()
    start_snmpd(device)
    unit = Unit(device, build, top)
    unit.start_engine()
    for name, der in LOCALS.items():
        chain = [LOCALS["past"]] if name == "several" else []
        unit.engine.do("credential", name, write(device.dir, name, der, *chain))
    unit.engine.do("trust", *[write(device.dir, f"anchor{n}", der) for n, der in enumerate(ANCHORS)])
    unit.engine.do("publish")
    harness.wait_for(unit.answers, "certconf-snmp answers")
    rows = {}
    for line in re.sub(r" ?\n(?!\.1|$)", " ", unit.walk("LocalName")).splitlines():
        rows[value_of(line).decode()] = int(line.partition(" = ")[0].rpartition(".")[2])
    assert sorted(rows) == sorted(LOCALS)
    yield Values(unit, rows)
    assert unit.engine.end() == 0, unit.engine.log.read_text()


@pytest.mark.parametrize("name, column, expect", [
    ("hostile", "LocalSubject", r"CN=a\00\01\FF\FE\7Fbc"),
    ("hostile", "LocalSubjectCommonName", r"a\00\01\FF\FE\7Fbc"),
    ("c1", "LocalSubjectCommonName", r"ab\C2\85\C0\AFcd"),
    ("bmp", "LocalSubject", "CN=Žluťoučký kůň"),
    ("bmp", "LocalSubjectCommonName", "Žluťoučký kůň"),
    ("twin", "LocalIssuerCommonName", "Žluťoučký kůň"),
    ("t61", "LocalSubjectCommonName", "Müéßller"),
    ("special", "LocalSubject", r'CN=\ #\ ,O=a\,b\+c\"d\;e\<f\>g\\h'),
    ("several", "LocalSubject", r"CN=two,CN=one,OU=third\, with comma,OU=second,OU=first"),
    ("several", "LocalSubjectOrgUnit", "first, second, third, with comma"),
    ("several", "LocalSubjectCommonName", "one, two"),
    ("several", "LocalSubjectCountry", None),
    ("multi", "LocalSubjectOrgUnit", "n"),
    ("multi", "LocalSubjectCommonName", "m"),
    ("nameless", "LocalSubject", None),
    ("nameless", "LocalIssuer", None),
    ("nameless", "LocalSubjectCommonName", None),
    ("nameless", "LocalIssuerOrg", None),
    ("nameless", "LocalName", "nameless"),
    ("cnless", "LocalSubjectCommonName", None),
    ("cnless", "LocalSubjectOrg", "Only an organization"),
    ("cnless", "LocalSans", None),
    ("cnless", "LocalKeyUsage", None),
    ("cnless", "LocalExtKeyUsage", None),
])
def test_text(values, name, column, expect):
    found = values.of(column, name)
    assert (found if found is None else found.decode()) == expect


def test_parts_of_one_rdn_are_joined(values):
    assert values.of("LocalSubject", "multi").decode() in ("CN=m+OU=n", "OU=n+CN=m")


@pytest.mark.parametrize("column", ["LocalSubject", "LocalIssuer", "LocalSubjectOrgUnit"])
def test_long_text_is_cut_at_a_character(values, column):
    text = values.of(column, "long")
    assert 250 <= len(text) <= 255
    assert text.decode().endswith("ü...")


def date(when):
    return (when.year.to_bytes(2, "big") +
            bytes([when.month, when.day, when.hour, when.minute, when.second, 0]) + b"+\0\0")


EPOCH = datetime.datetime(1970, 1, 1)


def seconds(when):
    return (when - EPOCH) // datetime.timedelta(seconds=1)


@pytest.mark.parametrize("name, begin, end, end_time", [
    ("local", NOW - 30 * DAY, NOW + 70 * DAY, seconds(NOW + 70 * DAY)),
    ("far", NOW - 30 * DAY, datetime.datetime(2110, 1, 1), 2 ** 32 - 1),
    ("ever", NOW - 30 * DAY, datetime.datetime(9999, 12, 31, 23, 59, 59), 2 ** 32 - 1),
    ("old", datetime.datetime(1955, 6, 1), datetime.datetime(1969, 12, 31), 0),
])
def test_dates(values, name, begin, end, end_time):
    assert values.of("LocalNotBefore", name) == date(begin)
    assert values.of("LocalNotAfter", name) == date(end)
    assert values.of("LocalChainNotAfter", name) == date(end)
    assert values.of("LocalNotAfterTime", name) == end_time
    assert values.of("LocalNotBeforeTime", name) == max(0, seconds(begin))


VALID, WARNING, CRITICAL, EXPIRED, NOT_YET_VALID = 2, 3, 4, 5, 6


@pytest.mark.parametrize("name, days, life, status", [
    ("local", 69, 69, VALID),
    ("soon", 20, 17, WARNING),              # within 30 days, and within a third of 120
    ("past", -3, 0, EXPIRED),               # two days and a half ago: rounded down
    ("future", 99, 100, NOT_YET_VALID),
    ("old", (datetime.datetime(1969, 12, 31) - NOW).days, 0, EXPIRED),
    ("ever", (datetime.datetime(9999, 12, 31, 23, 59, 59) - NOW).days, None, VALID),
])
def test_what_is_left(values, name, days, life, status):
    assert values.of("LocalDaysRemaining", name) in (days, days - 1)
    assert values.of("LocalStatus", name) == status
    if life is not None:
        assert abs(values.of("LocalLifeRemaining", name) - life) <= 1


@pytest.mark.parametrize("name, least, most", [
    ("past", -2.6 * 86400, -2.5 * 86400),
    ("local", 69.9 * 86400, 70 * 86400),
    ("far", 2147483647, 2147483647),
    ("ever", 2147483647, 2147483647),
    ("old", -2147483647, -2147483647 + 2 ** 30),
])
def test_seconds_left(values, name, least, most):
    assert least <= values.of("LocalSecsRemaining", name) <= most


def test_duplicates_have_rows_of_their_own(values):
    assert values.rows["bmp"] != values.rows["twin"]
    assert values.of("LocalFingerprint", "bmp") == values.of("LocalFingerprint", "twin")


def test_anchors_are_labelled(values):
    """By CN, else SAN, else subject; the second of a name is numbered."""
    names = [values.get("TrustName", n).decode() for n in range(1, len(ANCHORS) + 1)]
    assert names[:2] == ["Twice", "Twice#2"]
    assert "a.example.test" in names[2]
    assert names[3] == "O=No CN"
    assert values.get("TrustSubject", 3) is None
    assert values.get("TrustSubjectCommonName", 4) is None


@pytest.mark.parametrize("n, kind, value", [
    (1, 2, "a.example.test"), (2, 2, "*.example.test"), (3, 4, "a@example.test"),
    (4, 5, "https://example.test/"), (5, 6, "CN=in a name"), (6, None, None)])
def test_alternative_names(values, n, kind, value):
    row = values.rows["nameless"]
    assert values.get("SanType", row, n) == kind
    found = values.get("SanValue", row, n)
    assert (found if found is None else found.decode()) == value


def test_all_of_many_names(values):
    """The text of all is cut, the table has each, as far as its index goes."""
    row = values.rows["many"]
    assert values.of("LocalSans", "many").endswith(b"...")
    assert len(values.of("LocalSans", "many")) <= 255
    for n in (1, 2, 750, 1024):
        assert values.get("SanValue", row, n) == f"host-{n - 1:04}.example.test".encode()
    assert values.get("SanValue", row, 1025) is None


def test_intermediates(values):
    row = values.rows["several"]
    assert values.of("LocalChainLength", "several") == 1
    assert values.get("ChainSubject", row, 1) == b"CN=past"
    assert values.get("ChainStatus", row, 1) == EXPIRED
    assert values.get("ChainDaysRemaining", row, 1) in (-3, -4)
    assert values.get("ChainNotAfter", row, 1) == values.of("LocalNotAfter", "past")
    assert values.get("ChainSubject", row, 2) is None
    assert values.get("ChainSubject", values.rows["local"], 1) is None


def test_time_stamps(values):
    """RFC 2579: what changed before the last start of the agent has the stamp 0."""
    assert values.of("LocalRowLastChange", "local") == 0
    assert [values.get(name, 0) for name in ("LocalLastChange", "TrustLastChange")] == [0, 0]


def test_bulk_reads_what_next_reads(values):
    """More than 1000 rows with two indices, and a table after them."""
    plain = values.unit.walk("SanTable")
    bulk = values.unit.device.snmp("snmpbulkwalk", "-On", "-Ox", "-Cr25", values.unit.oids["SanTable"]).stdout
    assert plain == bulk
    assert len(re.findall(r"^\.1", plain, re.MULTILINE)) == 2 * (1024 + len(SAN_VALUES))
