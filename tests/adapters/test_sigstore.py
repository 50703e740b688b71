"""What gate says about a bundle is what sigstore-python says, and where it is stricter, why."""

import base64
import copy
import hashlib
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from sigstore.errors import Error
from sigstore.hashes import Hashed
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy
from sigstore_models.common.v1 import HashAlgorithm
from sigstore_models.trustroot.v1 import TrustedRoot as RootModel

from fixtures.signature.certificates import FOUNDED, NOON, Identity, private_key
from fixtures.signature.local import RELEASE, Sigstore, b64, statement
from gate.adapters.fulcio import Claims
from gate.adapters.sigstore import Root, shipped_root
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from tests.conftest import ROOT

DATA = b"the archive"
DIGEST = hashlib.sha256(DATA).digest()
STATEMENT = statement({"sha256": DIGEST.hex()})
LOCAL = Sigstore()
ANCHOR = LOCAL.trusted_root()
SIGNED, ATTESTED = LOCAL.sign(DATA), LOCAL.attest(STATEMENT)
CLAIMS = Claims(RELEASE.name, RELEASE.issuer, RELEASE.repository, RELEASE.ref, RELEASE.trigger)


def check(bundle, root=ANCHOR):
    return Root(root).check(json.dumps(bundle).encode(), DIGEST if "messageSignature" in bundle else None)


def oracle(bundle, root=ANCHOR):
    """Whether sigstore-python alone takes it, with its public API."""
    try:
        verifier = Verifier(trusted_root=TrustedRoot(RootModel.from_json(root)))
        parsed = Bundle.from_json(json.dumps(bundle))
        if "messageSignature" in bundle:
            verifier.verify_artifact(
                Hashed(algorithm=HashAlgorithm.SHA2_256, digest=DIGEST), parsed, policy.UnsafeNoOp()
            )
        else:
            verifier.verify_dsse(parsed, policy.UnsafeNoOp())
    except (Error, ValueError, TypeError, AttributeError):
        return False
    return True


def changed(bundle, *path, to):
    """A copy with one value replaced; `to` may be a function of the old one."""
    made = copy.deepcopy(bundle)
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to(at[path[-1]]) if callable(to) else to
    return made


ENTRY = ("verificationMaterial", "tlogEntries", 0)


def without(bundle, *path):
    made = copy.deepcopy(bundle)
    at = made
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return made


def test_a_genuine_bundle_says_who_signed_it_and_when():
    for bundle in (SIGNED, ATTESTED):
        assert oracle(bundle)
        checked = check(bundle)
        assert (checked.reason, checked.claims, checked.times) == ("", CLAIMS, ("2025-06-02T12:00:00Z",))
    assert check(ATTESTED).envelope == ("application/vnd.in-toto+json", STATEMENT)


OTHER = LOCAL.sign(b"another archive")
CASES = {
    "signature": (
        changed(SIGNED, "messageSignature", "signature", to=b64(b"\x30\x06\x02\x01\x01\x02\x01\x01")),
        "signature",
    ),
    "other digest": (changed(SIGNED, "messageSignature", to=OTHER["messageSignature"]), "signature"),
    "other entry": (changed(SIGNED, *ENTRY, to=OTHER["verificationMaterial"]["tlogEntries"][0]), "log-mismatch"),
    "payload": (changed(ATTESTED, "dsseEnvelope", "payload", to=b64(STATEMENT + b" ")), "signature"),
    "payload type": (changed(ATTESTED, "dsseEnvelope", "payloadType", to="text/plain"), "signature"),
    "log entry time": (changed(SIGNED, *ENTRY, "integratedTime", to=lambda t: str(int(t) + 1)), "log"),
    "entry timestamp": (changed(SIGNED, *ENTRY, "inclusionPromise", "signedEntryTimestamp", to="AAAA"), "log"),
    "root hash": (changed(SIGNED, *ENTRY, "inclusionProof", "rootHash", to=b64(bytes(32))), "log"),
    "log index": (changed(SIGNED, *ENTRY, "inclusionProof", "logIndex", to="0"), "log"),
    "body": (changed(SIGNED, *ENTRY, "canonicalizedBody", to=b64(b"{}")), "log"),
    "no promise": (without(SIGNED, *ENTRY, "inclusionPromise"), "no-time"),
    "no time": (without(SIGNED, *ENTRY, "integratedTime"), "no-time"),
    "kind of entry": (changed(SIGNED, *ENTRY, "kindVersion", "kind", to="dsse"), "log-mismatch"),
    "kind of entry of an envelope": (
        changed(ATTESTED, *ENTRY, "kindVersion", "kind", to="hashedrekord"),
        "log-mismatch",
    ),
    "unknown kind of entry": (changed(SIGNED, *ENTRY, "kindVersion", "kind", to="intoto"), "log-mismatch"),
    "two entries": (changed(SIGNED, "verificationMaterial", "tlogEntries", to=lambda rows: rows * 2), "malformed"),
    "no entry": (changed(SIGNED, "verificationMaterial", "tlogEntries", to=[]), "malformed"),
    "unknown field": ({**SIGNED, "extra": 1}, "malformed"),
    "junk certificate": (changed(SIGNED, "verificationMaterial", "certificate", "rawBytes", to="AAAA"), "malformed"),
    "another sigstore": (Sigstore("other").sign(DATA), "unknown-root"),
    "no code signing": (LOCAL.sign(DATA, usage=ExtendedKeyUsageOID.SERVER_AUTH), "certificate"),
    "logged too late": (LOCAL.sign(DATA, late=11), "certificate-expired"),
    "logged too early": (LOCAL.sign(DATA, late=-1), "certificate-expired"),
    "before the authority": (LOCAL.sign(DATA, when=FOUNDED - timedelta(days=1)), "certificate"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_sigstore_refuses_is_refused_with_a_reason(name):
    bundle, reason = CASES[name]
    assert not oracle(bundle)
    assert check(bundle).reason == reason
    assert check(bundle).claims == Claims("", ""), "nothing is proven about its signer"


def untimed(bundle):
    """Without what the log says of the time, as in the log's second version."""
    made = without(bundle, *ENTRY, "integratedTime")
    return without(made, *ENTRY, "inclusionPromise")


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("bundle", [SIGNED, ATTESTED])
def test_timestamps_tell_the_time_beside_the_log_or_without_it(bundle):
    for made in (bundle, untimed(bundle)):
        stamped = LOCAL.stamped(made, NOON + SECOND)
        assert oracle(stamped)
        assert check(stamped).times[-1] == "2025-06-02T12:00:01Z"
    assert check(LOCAL.stamped(bundle, NOON + SECOND)).times == ("2025-06-02T12:00:00Z", "2025-06-02T12:00:01Z")
    assert not oracle(untimed(bundle)) and check(untimed(bundle)).reason == "no-time"


@pytest.mark.parametrize("bundle", [SIGNED, ATTESTED])
def test_entries_of_the_second_version_of_the_log_are_verified(bundle):
    made = LOCAL.second(bundle)
    assert oracle(made) and check(made).times == ("2025-06-02T12:00:00Z",)
    late = LOCAL.second(bundle, NOON + timedelta(minutes=11))
    assert not oracle(late) and check(late).reason == "certificate-expired"
    other = LOCAL.second(LOCAL.sign(b"another archive"))["verificationMaterial"]["tlogEntries"]
    mixed = changed(made, "verificationMaterial", "tlogEntries", to=other)
    assert not oracle(mixed) and check(mixed).reason == "log-mismatch"
    assert check(made, LOCAL.trusted_root(log=NOON - SECOND)).reason == "root-window"
    unstamped = without(made, "verificationMaterial", "timestampVerificationData")
    assert not oracle(unstamped) and check(unstamped).reason == "no-time"


def test_every_timestamp_must_hold_and_not_only_one():
    """sigstore-python ignores those that do not: a bundle could then name any time besides the true one."""
    strange = Sigstore("strange").stamped(SIGNED, NOON + SECOND)
    other = LOCAL.stamped(LOCAL.sign(b"another archive"), NOON + SECOND)["verificationMaterial"]
    mixed = LOCAL.stamped(untimed(SIGNED), NOON, NOON + SECOND)
    rows = mixed["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    rows[1] = strange["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0]
    material = SIGNED["verificationMaterial"] | {key: other[key] for key in ("timestampVerificationData",)}
    foreign = {**SIGNED, "verificationMaterial": material}
    for made in (strange, mixed, foreign):
        assert oracle(made)
        assert check(made).reason == "timestamp"


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ([NOON + timedelta(minutes=10)], ""),
        ([NOON + timedelta(minutes=10, seconds=1)], "certificate-expired"),
        ([NOON - SECOND], "certificate-expired"),
        ([NOON, NOON + timedelta(days=1)], "certificate-expired"),
        ([NOON, NOON], "timestamp"),
        ([NOON + SECOND * n for n in range(33)], "timestamp"),
        ([FOUNDED - timedelta(days=1)], "no-time"),
    ],
)
def test_a_timestamp_lies_within_the_certificate(when, reason):
    stamped = LOCAL.stamped(untimed(SIGNED), *when)
    assert oracle(stamped) == (not reason)
    assert check(stamped).reason == reason


def test_a_timestamp_authority_that_was_out_of_use_tells_no_time():
    ended = LOCAL.trusted_root(timestamps=NOON)
    assert check(LOCAL.stamped(untimed(SIGNED), NOON + SECOND), ended).reason == "no-time"
    assert check(LOCAL.stamped(SIGNED, NOON + SECOND), ended).reason == "timestamp"
    assert check(LOCAL.stamped(SIGNED, NOON), LOCAL.trusted_root(timestamps=NOON + SECOND)).reason == ""


def test_a_bundle_of_an_older_version_is_judged_as_well():
    material = {"x509CertificateChain": {"certificates": [SIGNED["verificationMaterial"]["certificate"]]}}
    material |= {"tlogEntries": SIGNED["verificationMaterial"]["tlogEntries"]}
    for version in ("0.1", "0.2"):
        media = f"application/vnd.dev.sigstore.bundle+json;version={version}"
        made = {**SIGNED, "mediaType": media, "verificationMaterial": material}
        assert oracle(made) and check(made).claims == CLAIMS


@pytest.mark.parametrize("which", ["authority", "log", "certificate_log"])
def test_a_key_of_the_root_that_was_out_of_use_is_refused_which_sigstore_takes(which):
    ended = LOCAL.trusted_root(**{which: NOON - timedelta(days=1)})
    for bundle in (SIGNED, ATTESTED):
        assert oracle(bundle, ended), "sigstore-python reads the window and does not enforce it"
        assert check(bundle, ended).reason == "root-window"
        assert check(bundle, LOCAL.trusted_root(**{which: NOON + timedelta(days=1)})).reason == ""


def test_a_window_ends_with_its_last_second():
    assert check(SIGNED, LOCAL.trusted_root(log=NOON)).reason == ""
    assert check(SIGNED, LOCAL.trusted_root(log=NOON - timedelta(seconds=1))).reason == "root-window"


@pytest.mark.parametrize(
    ("identity", "claims"),
    [
        (
            Identity(name="me@acme.example", repository="", ref="", trigger=""),
            Claims("me@acme.example", RELEASE.issuer),
        ),
        (
            Identity(name="J\u00f6rg", username=True, ref="", trigger="", repository=""),
            Claims("J\u00f6rg", RELEASE.issuer),
        ),
        (Identity(old_issuer=""), CLAIMS),
        (Identity(issuer="", old_issuer=RELEASE.issuer), CLAIMS),
        (Identity(old_issuer="https://other.example"), None),
        (Identity(issuer="", old_issuer=""), None),
        (Identity(more_names=("https://second.example",)), None),
    ],
)
def test_a_certificate_names_one_identity_and_one_issuer(identity, claims):
    checked = check(LOCAL.sign(DATA, identity))
    assert checked.reason == ("" if claims else "certificate")
    assert checked.claims == (claims or Claims("", ""))


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path


STAMPED = LOCAL.stamped(untimed(SIGNED), NOON)
PLACES = [(bundle, path) for bundle in (SIGNED, ATTESTED, STAMPED) for path in leaves(bundle)]
VALUES = st.sampled_from(["", "AAAA", "0", "9" * 30, "-1", None, [], {}, 0, "\x00", "é", b64(bytes(64)), "A" * 5000])


@given(st.sampled_from(PLACES), VALUES | st.integers(0, 10_000))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_value_at_any_place_is_judged_as_sigstore_does(place, value):
    bundle, path = place

    def flipped(old):
        if isinstance(value, int) and isinstance(old, str) and old and value:
            at = value % len(old)
            return old[:at] + ("A" if old[at] != "A" else "B") + old[at + 1 :]
        return value

    made = changed(bundle, *path, to=flipped)
    try:
        taken = not check(made).reason
    except NotExamined:
        taken = False
    assert taken == oracle(made)


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_certificate_is_judged(der):
    made = changed(SIGNED, "verificationMaterial", "certificate", "rawBytes", to=b64(der))
    assert check(made).reason


def test_any_damaged_certificate_is_judged():
    der = base64.b64decode(SIGNED["verificationMaterial"]["certificate"]["rawBytes"])
    for at in range(0, len(der), 3):
        broken = der[:at] + bytes([der[at] ^ 0x15]) + der[at + 1 :]
        made = changed(SIGNED, "verificationMaterial", "certificate", "rawBytes", to=b64(broken))
        try:
            assert check(made).reason
        except NotExamined as error:
            assert error.reason in (GapReason.UNSUPPORTED, GapReason.CRASHED)


@pytest.mark.parametrize("root", [b"", b"{}", b"[]", b"junk", ANCHOR.replace(b"MII", b"AAA"), ANCHOR[:-1]])
def test_a_root_that_is_none_is_no_verdict_about_the_signature(root):
    with pytest.raises(NotExamined):
        check(SIGNED, root)


@pytest.mark.parametrize("part", ["tlogs", "ctlogs", "certificateAuthorities"])
def test_a_root_that_lacks_a_part_never_verifies(part):
    poor = json.dumps({**json.loads(ANCHOR), part: []}).encode()
    try:
        assert check(SIGNED, poor).reason
    except NotExamined as error:
        assert error.reason in (GapReason.UNSUPPORTED, GapReason.CORRUPT)


def test_the_shipped_root_is_the_public_sigstore():
    root = json.loads(shipped_root())
    assert root["tlogs"][0]["baseUrl"] == "https://rekor.sigstore.dev"
    assert check(SIGNED, shipped_root()).reason == "unknown-root"


_PROGRAM = """
import sys, json
events = []
def hook(event, arguments):
    # urllib3 binds a socket when it is imported, to see whether there is IPv6; nothing may resolve, connect or send.
    if event.startswith(("socket.", "urllib", "http")) and event not in ("socket.__new__", "socket.bind"):
        events.append(event)
    if event in ("os.mkdir", "os.rename", "os.remove"):
        events.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        events.append(f"{event} {arguments}")
    if event == "open" and ".cache" in str(arguments[0]):
        events.append(f"{event} {arguments}")
sys.addaudithook(hook)
sys.dont_write_bytecode = True
from gate.adapters.sigstore import Root, shipped_root
assert "sigstore.models" not in sys.modules and "cryptography" not in sys.modules
root, bundle, digest = sys.argv[1:]
checked = Root(open(root, "rb").read()).check(open(bundle, "rb").read(), bytes.fromhex(digest))
assert checked.reason == "", checked
assert Root(shipped_root()).check(open(bundle, "rb").read(), bytes.fromhex(digest)).reason == "unknown-root"
print(events)
"""


def test_it_needs_no_home_and_no_network_and_writes_nothing(tmp_path):
    (tmp_path / "root.json").write_bytes(ANCHOR)
    (tmp_path / "bundle.json").write_text(json.dumps(SIGNED))
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent/home", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _PROGRAM, tmp_path / "root.json", tmp_path / "bundle.json", DIGEST.hex()]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n" and result.stderr == ""


def test_a_cache_in_the_home_of_the_user_is_never_trusted(tmp_path, monkeypatch):
    """sigstore's own offline mode reads this file without verifying it."""
    cache = tmp_path / ".cache" / "sigstore-python" / "tuf" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
    cache.mkdir(parents=True)
    (cache / "trusted_root.json").write_bytes(ANCHOR)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    assert check(SIGNED, shipped_root()).reason == "unknown-root"


def test_everything_is_the_same_byte_for_byte_each_time():
    assert Sigstore().sign(DATA) == Sigstore().sign(DATA)
    assert private_key("a").private_numbers() != private_key("b").private_numbers()
    with pytest.raises(FormatError):
        Root(b"junk").check(b"{}", None)
