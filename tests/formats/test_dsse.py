import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.signature import local
from fixtures.signature.local import b64, canonical, keyed, sealed, statement
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import dsse, sigstore_bundle
from gate.formats.sigstore_bundle import LINES, Bundle, Detached, Message, signature, signatures

BOUNDED = settings(max_examples=200, deadline=None, derandomize=True)
OWN = {"sha256": "ab" * 32}
ENVELOPE = sealed(statement(OWN), b"s" * 70)
MESSAGE = {"messageSignature": {"signature": b64(b"s" * 70)}}


def bundle(**changes):
    return canonical({**keyed(MESSAGE, "hint"), **changes})


def envelope(**changes):
    return dsse.envelope({**ENVELOPE, **changes})


def test_what_is_signed_is_the_example_of_the_specification():
    """https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md"""
    one = dsse.Envelope(b"hello world", "http://example.com/HelloWorld", b"s", "")
    assert one.pae() == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_count_bytes_and_not_characters():
    assert dsse.Envelope("é".encode(), "é", b"s", "").pae() == "DSSEv1 2 é 2 é".encode()


@given(st.text(), st.binary(), st.text(), st.binary())
@BOUNDED
def test_two_envelopes_never_sign_the_same_bytes(kind, payload, other_kind, other_payload):
    one, other = dsse.Envelope(payload, kind, b"s", ""), dsse.Envelope(other_payload, other_kind, b"s", "")
    assert (one.pae() == other.pae()) == ((kind, payload) == (other_kind, other_payload))


def test_an_envelope_is_read():
    one = envelope(signatures=[{"sig": b64(b"s"), "keyid": "k"}])
    assert (one.payload_type, one.signature, one.keyid) == (dsse.IN_TOTO, b"s", "k")
    assert dsse.statement(one.payload).subjects == ((("sha256", "ab" * 32),),)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"signatures": []}, "0 signatures"),
        ({"signatures": [{"sig": b64(b"a")}, {"sig": b64(b"b")}]}, "2 signatures"),
        ({"signatures": {"sig": b64(b"a")}}, "0 signatures"),
        ({"signatures": [{"sig": ""}]}, "empty signature"),
        ({"signatures": [{"sig": b64(b"a"), "cert": "x"}]}, "does not have"),
        ({"signatures": [{"keyid": "k"}]}, "needs sig"),
        ({"signatures": [{"sig": b64(b"a"), "keyid": 1}]}, "keyid: not a string"),
        ({"payload": "e30"}, "not base64"),
        ({"payload": "e30=\n"}, "not base64"),
        ({"payload": "e3!0="}, "not base64"),
        ({"payload": "e31="}, "not canonical"),
        ({"payload": "-_8="}, "not base64"),
        ({"payload": 7}, "not a string"),
        ({"payloadType": None}, "needs payload"),
        ({"payloadType": 1}, "not a string"),
        ({"more": 1}, "does not have"),
    ],
)
def test_an_envelope_that_is_not_exactly_one_is_refused(change, complaint):
    with pytest.raises(FormatError, match=complaint):
        envelope(**change)


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (statement(), "1 to 1024 subjects"),
        (statement(*[OWN] * 1025), "1 to 1024 subjects"),
        (statement({}), "1 to 32 digests"),
        (statement({f"d{n}": "00" for n in range(33)}), "1 to 32 digests"),
        (statement({"sha256": "AB" * 32}), "lower-case"),
        (statement({"sha256": "ab" * 32 + "\n"}), "lower-case"),
        (statement({"sha256": ""}), "lower-case"),
        (statement({"sha256": 5}), "not a string"),
        (statement(OWN, _type="https://in-toto.io/Statement/v0.1"), "version 1"),
        (statement(OWN, predicateType=None), "needs _type"),
        (statement(OWN, predicateType=[]), "not a string"),
        (statement(OWN, predicate=[]), "not an object"),
        (statement(OWN, more=1), "does not have"),
        (b"[]", "not an object"),
        (b"\xef\xbb\xbf" + statement(OWN), "byte order mark"),
        (statement(OWN)[:-1] + b',"subject":[]}', "stands twice"),
        (b"{" * 9, "JSON"),
        (b"", "JSON"),
    ],
    ids=str,
)
def test_a_statement_that_could_be_read_in_two_ways_is_refused(payload, complaint):
    with pytest.raises(FormatError, match=complaint):
        dsse.statement(payload)


def test_a_statement_may_name_many_digests_and_need_no_predicate():
    text = canonical(
        {"_type": dsse.STATEMENT, "subject": [{"digest": {**OWN, "gitCommit": "c0ffee"}}], "predicateType": "t"}
    )
    assert dsse.statement(text).subjects == ((("gitCommit", "c0ffee"), ("sha256", "ab" * 32)),)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kindVersion", {"kind": "intoto", "version": "0.0.2"}),
        ("kindVersion", {"kind": "dsse", "version": "0.0.2"}),
        ("kindVersion", None),
        ("kindVersion", [[]]),
        ("inclusionProof", {}),
        ("inclusionProof", None),
    ],
)
def test_log_entries_that_sigstore_does_not_take_are_no_errors(key, value):
    """npm signs with entries of the kind intoto; what was signed before 2024 may lack a checkpoint."""
    signed = local.Sigstore().sign(b"data")
    signed["verificationMaterial"]["tlogEntries"][0][key] = value
    with pytest.raises(NotExamined) as error:
        signature(json.dumps(signed).encode())
    assert error.value.reason is GapReason.UNSUPPORTED


def test_null_is_absence():
    one = envelope(signatures=[{"sig": b64(b"s"), "keyid": None}])
    assert one.keyid == "" and dsse.statement(statement(OWN, predicate=None)).predicate == {}
    material = {"publicKey": {"hint": None}, "certificate": None, "tlogEntries": None}
    made = signature(bundle(verificationMaterial=material, dsseEnvelope=None))
    assert isinstance(made, Bundle) and made.hint == "" and made.certificate == b""


def test_deep_nesting_is_measured_before_it_is_parsed():
    deep = statement(OWN)[:-1] + b',"predicate":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(NotExamined) as error:
        dsse.statement(deep)
    assert error.value.reason is GapReason.TOO_DEEP


# -- bundles -----------------------------------------------------------------------------------------------------------


def test_a_bundle_by_a_key_is_read():
    one = signature(bundle())
    assert isinstance(one, Bundle) and one.content == Message(b"s" * 70, "", b"")
    assert (one.hint, one.certificate, one.chained) == ("hint", b"", False)
    assert one.raw == bundle(), "sigstore gets what was read here"


def test_a_bundle_by_a_certificate_is_read():
    signed = local.Sigstore().sign(b"data")
    one = signature(json.dumps(signed, indent=3).encode())
    assert isinstance(one, Bundle) and isinstance(one.content, Message)
    assert one.certificate == base64.b64decode(signed["verificationMaterial"]["certificate"]["rawBytes"])
    assert one.content.algorithm == "sha256" and len(one.content.digest) == 32
    chain = {"certificates": [signed["verificationMaterial"]["certificate"]]}
    material = {"x509CertificateChain": chain, "tlogEntries": []}
    old = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    entries = signed["verificationMaterial"]["tlogEntries"]
    first = {**signed, "mediaType": old, "verificationMaterial": {**material, "tlogEntries": entries}}
    assert signature(canonical(first)).certificate == one.certificate
    with pytest.raises(NotExamined, match="entry of a transparency log"):
        signature(canonical({**first, "verificationMaterial": material}))
    chained = signature(canonical({**signed, "verificationMaterial": material}))
    assert isinstance(chained, Bundle) and chained.chained and chained.certificate == one.certificate


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mediaType": 3}, "not a string"),
        ({"more": 1}, "does not have"),
        ({"dsseEnvelope": ENVELOPE}, "needs either"),
        ({"messageSignature": {}}, "needs signature"),
        ({"messageSignature": {"signature": ""}}, "empty"),
        (
            {"messageSignature": {"signature": "AA==", "messageDigest": {"algorithm": "SHA2_256", "digest": "AA=="}}},
            "length",
        ),
        ({"verificationMaterial": {}}, "needs one of"),
        ({"verificationMaterial": {"publicKey": {"hint": 1}}}, "not a string"),
        ({"verificationMaterial": {"publicKey": {}, "certificate": {"rawBytes": "AA=="}}}, "needs one of"),
        ({"verificationMaterial": {"certificate": {"rawBytes": ""}}}, "empty"),
        ({"verificationMaterial": {"x509CertificateChain": {"certificates": []}}}, "empty"),
        ({"verificationMaterial": {"publicKey": {}, "tlogEntries": [{"logId": {"keyId": "AA=\n="}}]}}, "not base64"),
        ({"verificationMaterial": {"publicKey": {}, "tlogEntries": [{"hashes": ["AB=="]}]}}, "not canonical"),
    ],
)
def test_a_bundle_that_could_be_read_in_two_ways_is_refused(change, complaint):
    with pytest.raises(FormatError, match=complaint):
        signature(bundle(**change))


@pytest.mark.parametrize(
    "data",
    [
        bundle(mediaType="application/vnd.dev.sigstore.bundle.v0.4+json"),
        b'{"base64Signature": "AA==", "cert": ""}',
        b"-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n",
        b"-----BEGIN SSH SIGNATURE-----\n",
        b"untrusted comment: minisign\nRW\n",
        b"\x88\x50\x04" + bytes(79),
        b"\x89\x01\x00\x04" + bytes(255),
        b"\x8a\x00\x00\x01\x00\x04" + bytes(255),
        b"\xc2\x50\x06" + bytes(79),
        b"\xc2\xc0\x10\x04" + bytes(207),
        b"\xc2\xff\x00\x00\x01\x00\x04" + bytes(255),
        bytes.fromhex("3082071006092a864886f70d010702a0820701") + bytes(1793),
        b"-----BEGIN PKCS7-----\n",
        bundle(messageSignature={"signature": "AA==", "messageDigest": {"algorithm": "SHA3_256", "digest": "AA=="}}),
    ],
)
def test_signatures_of_other_kinds_are_named_as_such(data):
    with pytest.raises(NotExamined) as error:
        signature(data)
    assert error.value.reason is GapReason.UNSUPPORTED


@pytest.mark.parametrize(
    "spell", [bytes, b64, lambda raw: b64(raw) + "\n", lambda raw: b64(raw)[:40] + "\n" + b64(raw)[40:]]
)
def test_a_detached_signature_is_read_raw_and_in_base64(spell):
    spelled = spell(b"\x30" + bytes(range(69)))
    assert signature(spelled if isinstance(spelled, bytes) else spelled.encode()) == Detached(
        b"\x30" + bytes(range(69))
    )


@pytest.mark.parametrize("data", [b"", b"short", bytes(2000), b"A" * 9000, b'{"a": 1}', b"{", b"[]"])
def test_what_is_no_signature_is_said_to_be_none(data):
    with pytest.raises(FormatError):
        signature(data)


def test_each_line_is_a_signature_of_its_own_and_a_bad_one_hides_no_other():
    good = bundle() + b"\n"
    found = list(signatures(good + b"junk\n\n" + good + b"{}", lines=True))
    assert [type(one) for one in found] == [Bundle, FormatError, Bundle, FormatError]
    (none,) = signatures(b"\n\n", lines=True)
    assert isinstance(none, FormatError)
    many = list(signatures(b"x\n" * (LINES + 5), lines=True))
    assert len(many) == LINES + 1 and many[-1].reason is GapReason.TOO_MANY


@given(st.binary(max_size=300) | st.text().map(str.encode))
@BOUNDED
def test_any_bytes_are_read_or_refused(data):
    for lines in (False, True):
        for one in signatures(data, lines=lines):
            assert isinstance(one, (sigstore_bundle.Bundle, dsse.Envelope, Detached, NotExamined))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["AA==", "SHA2_256"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
PLACES = [(key,) for key in keyed(MESSAGE, "")] + [
    ("verificationMaterial", "publicKey"),
    ("messageSignature", "messageDigest"),
]


@given(st.sampled_from(PLACES), JSON)
@BOUNDED
def test_any_value_at_any_place_of_a_bundle_is_read_or_refused(place, value):
    document = json.loads(bundle())
    at = document
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    (one,) = signatures(canonical(document), lines=False)
    assert isinstance(one, (Bundle, NotExamined))
