import hashlib
import os
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn import signing
from fixtures.signature.certificates import private_key
from gate.adapters import keys
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)
DATA = b"what is signed"
HASH = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
RSA = rsa.generate_private_key(65537, 2048)
EC = {curve.key_size: ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())}
ED = ed25519.Ed25519PrivateKey.generate()


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def p1363(signature, size):
    r, s = utils.decode_dss_signature(signature)
    return r.to_bytes((size + 7) // 8, "big") + s.to_bytes((size + 7) // 8, "big")


PSS = [padding.PSS(padding.MGF1(hashes.SHA256()), length) for length in (32, padding.PSS.MAX_LENGTH)]
SIGNED = {
    "ed25519": (ED, ED.sign(DATA)),
    "pkcs1": (RSA, RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA256())),
    **{f"pss-{n}": (RSA, RSA.sign(DATA, pss, hashes.SHA256())) for n, pss in enumerate(PSS)},
    **{f"der-{size}": (key, key.sign(DATA, ec.ECDSA(HASH[size]))) for size, key in EC.items()},
}
SIGNED |= {f"p1363-{size}": (key, p1363(SIGNED[f"der-{size}"][1], size)) for size, key in EC.items()}


@pytest.mark.parametrize("name", SIGNED)
def test_every_kind_of_signature_verifies_and_over_nothing_else(name):
    key, signature = SIGNED[name]
    public = keys.read(pem(key))
    assert keys.verifies(public, signature, DATA)
    assert not keys.verifies(public, signature, DATA + b".")
    assert not keys.verifies(public, signature[:-1] + bytes([signature[-1] ^ 1]), DATA)
    assert not keys.verifies(public, b"", DATA)
    if public.digest:
        assert keys.verifies_digest(public, signature, hashlib.new(public.digest, DATA).digest())
    else:
        with pytest.raises(ValueError, match="does not sign digests"):
            keys.verifies_digest(public, signature, hashlib.sha256(DATA).digest())


def test_no_key_takes_the_signature_of_another():
    publics = [keys.read(pem(key)) for key in (ED, RSA, *EC.values())]
    for key, signature in SIGNED.values():
        mine = keys.read(pem(key))
        assert [keys.verifies(public, signature, DATA) for public in publics] == [public == mine for public in publics]


def test_the_key_chooses_the_hash_and_not_the_signature():
    assert not keys.verifies(keys.read(pem(EC[256])), EC[256].sign(DATA, ec.ECDSA(hashes.SHA384())), DATA)
    assert not keys.verifies(keys.read(pem(EC[384])), EC[384].sign(DATA, ec.ECDSA(hashes.SHA256())), DATA)
    assert not keys.verifies(keys.read(pem(RSA)), RSA.sign(DATA, padding.PKCS1v15(), hashes.SHA512()), DATA)


@given(st.binary(max_size=200))
@BOUNDED
def test_any_bytes_are_a_signature_that_does_not_verify(signature):
    for key in (ED, RSA, *EC.values()):
        assert not keys.verifies(keys.read(pem(key)), signature, DATA)


def test_p1363_of_zeros_and_of_the_largest_numbers_do_not_verify():
    for fill in (b"\0", b"\xff"):
        assert not keys.verifies(keys.read(pem(EC[256])), fill * 64, DATA)


PRIVATE = [
    EC[256].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    EC[256].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ),
    EC[256].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"p")
    ),
    b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
]


@pytest.mark.parametrize("data", [*PRIVATE, pem(ED) + PRIVATE[0]])
def test_a_private_key_is_refused_and_not_quoted(data):
    with pytest.raises(FormatError, match="private key") as error:
        keys.read(data)
    assert not any(line in str(error.value) for line in data.decode().splitlines())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        pem(ED) + pem(RSA),
        pem(ED)[:60],
        pem(ED).replace(b"PUBLIC", b"RSA PUBLIC"),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        pem(ED) + b" " * 20_000,
    ],
    ids=["nothing", "junk", "two", "cut off", "another label", "a certificate", "no key", "too large"],
)
def test_what_is_not_one_public_key_is_refused(data):
    with pytest.raises(FormatError, match="public key in PEM"):
        keys.read(data)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ],
    ids=["rsa-1024", "secp256k1", "ed448", "dsa"],
)
def test_weak_and_unusual_keys_are_not_supported(key):
    with pytest.raises(NotExamined) as error:
        keys.read(pem(key))
    assert error.value.reason is GapReason.UNSUPPORTED


def test_a_key_is_known_by_its_fingerprint():
    der = EC[256].public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    public = keys.read(pem(EC[256]).replace(b"\n", b"\r\n"))
    assert public == keys.PublicKey("ecdsa-secp256r1", "sha256", der)
    assert public.sha256 == hashlib.sha256(der).hexdigest()


def test_the_key_of_the_demo_is_the_same_each_time():
    assert signing.sign(DATA) == signing.sign(DATA) != signing.sign(DATA + b".")
    assert hashlib.sha256(signing.public_key()).hexdigest() in signing.trust_yaml().decode()
    assert pem(private_key("a")) == pem(private_key("a")) != pem(private_key("b"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
@pytest.mark.parametrize(("size", "digest"), [(256, "sha256"), (384, "sha384"), (521, "sha512")])
def test_what_openssl_signs_verifies(tmp_path, size, digest):
    key = tmp_path / "key.pem"
    key.write_bytes(
        EC[size].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (tmp_path / "data").write_bytes(DATA)
    command = ["openssl", "dgst", f"-{digest}", "-sign", key, "-out", tmp_path / "sig", tmp_path / "data"]
    subprocess.run(command, check=True, env={"PATH": os.environ["PATH"]})
    assert keys.verifies(keys.read(pem(EC[size])), (tmp_path / "sig").read_bytes(), DATA)
