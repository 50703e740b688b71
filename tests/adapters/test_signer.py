"""Private keys: what is read, what is refused and why, and that what they sign verifies."""

import subprocess
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters import keys, signer
from gate.core.errors import FormatError, NotExamined

P256 = ec.generate_private_key(ec.SECP256R1())
PASSWORD = b"correct horse"
LOCKED = s.BestAvailableEncryption(PASSWORD)


def pem(key, form=s.PrivateFormat.PKCS8, lock=None):
    return key.private_bytes(s.Encoding.PEM, form, lock or s.NoEncryption())


def labelled(label):
    return f"-----BEGIN {label}-----\nMIIB\n-----END {label}-----\n".encode()


@pytest.mark.parametrize(
    "key",
    [
        P256,
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=["P-256", "P-384", "P-521", "Ed25519"],
)
@pytest.mark.parametrize("lock", [None, LOCKED])
def test_what_a_key_signs_verifies_by_its_public_half(key, lock):
    data = pem(key, lock=lock)
    assert signer.encrypted(data) == (lock is not None)
    read = signer.read(data, PASSWORD)
    assert keys.verifies(read.public, read.sign(b"message"), b"message")
    assert not keys.verifies(read.public, read.sign(b"message"), b"another")
    assert read.sign(b"message") == read.sign(b"message")


@pytest.mark.parametrize("lock", [None, LOCKED])
def test_keys_of_openssl_ec_are_read(lock):
    data = pem(P256, s.PrivateFormat.TraditionalOpenSSL, lock)
    assert signer.encrypted(data) == (lock is not None)
    assert signer.read(data, PASSWORD).public == signer.read(pem(P256)).public


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pem(P256, lock=LOCKED), "wrong password"),
        (pem(P256)[:-60], "is not one|damaged"),
        (labelled("PRIVATE KEY"), "damaged"),
        (b"", "not one private key"),
        (b"\xff\x00" * 99, "not one private key"),
        (pem(P256) * 2, "not one private key"),
        (pem(P256) + b"#" * 20_000, "not one private key"),
        (labelled("CERTIFICATE"), "not one private key"),
        (P256.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo), "holds a public key"),
        (labelled("ENCRYPTED SIGSTORE PRIVATE KEY"), "cosign's own format"),
        (labelled("ENCRYPTED COSIGN PRIVATE KEY"), "cosign's own format"),
        (pem(ed25519.Ed25519PrivateKey.generate(), s.PrivateFormat.OpenSSH), "OpenSSH"),
        (pem(rsa.generate_private_key(65537, 2048)), "RSA"),
        (labelled("RSA PRIVATE KEY"), "RSA"),
        (pem(ed448.Ed448PrivateKey.generate()), "not supported"),
        (pem(x25519.X25519PrivateKey.generate()), "does not sign"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "not supported"),
    ],
)
def test_everything_else_is_refused_with_its_reason(data, said):
    with pytest.raises(NotExamined, match=said):
        signer.read(data, b"guess")


def test_a_locked_key_without_a_password_is_refused():
    with pytest.raises(FormatError, match="wrong password"):
        signer.read(pem(P256, lock=LOCKED))


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8), st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_damaged_file_raises_nothing_else(at, junk, locked):
    data = pem(P256, lock=LOCKED if locked else None)
    with suppress(NotExamined):
        signer.read(data[:at] + junk + data[at + len(junk) :], PASSWORD)


@pytest.mark.parametrize("kind", signer.TYPES)
@pytest.mark.parametrize("password", [b"", PASSWORD])
def test_a_generated_key_is_read_again(kind, password):
    made = signer.generate(kind)
    data = signer.private_pem(made, password)
    assert signer.encrypted(data) == bool(password)
    assert signer.read(data, password).public == made.public == keys.read(signer.public_pem(made))
    assert made.public.kind in signer.PORTABLE


def test_openssl_reads_a_generated_key(tmp_path):
    (tmp_path / "k").write_bytes(signer.private_pem(signer.generate("p256"), PASSWORD))
    command = ["openssl", "pkey", "-in", "k", "-passin", f"pass:{PASSWORD.decode()}", "-noout"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0


def test_a_signer_does_not_show_its_key():
    made = signer.generate("p256")
    assert repr(made) == f"Signer(ecdsa-secp256r1, {made.public.sha256})"
