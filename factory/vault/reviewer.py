"""The person who grants looks and reads reports: a passphrase, and the keys that are made of it.

The passphrase is kept nowhere. Its public halves stand in the ledger: reports
are encrypted to one of them, and what only the reviewer may decide is signed
with the other.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factory.core.canonical import dumps
from factory.core.errors import SealError
from factory.ledger import Entry, Ledger

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KIND = "reviewer"
SHORTEST = 12
"""Characters of a passphrase."""
_N, _R, _P = 2**15, 8, 1
"""Costs of scrypt: about a tenth of a second and 32 MiB a guess."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What anyone may know of the reviewer.

    Parameters
    ----------
    salt : bytes
        Of the passphrase.
    sealing, signing : bytes
        Public keys, X25519 and Ed25519.
    """

    salt: bytes
    sealing: bytes
    signing: bytes

    def encrypt(self, plain: bytes) -> bytes:
        """Encrypt to the reviewer: a fresh public key, then the text under the key agreed with it."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

        once = X25519PrivateKey.generate()
        shared = once.exchange(X25519PublicKey.from_public_bytes(self.sealing))
        public = once.public_key().public_bytes_raw()
        return public + bytes(_cipher(shared, public).encrypt(_NONCE, plain, None))

    def signed(self, payload: Mapping[str, Any]) -> bool:
        """Check whether the reviewer signed a payload."""
        return verify_signature(self.signing, _signable(payload), str(payload.get("signature", "")))


class Unlocked:
    """A reviewer who gave the passphrase.

    Parameters
    ----------
    sealing, signing
        Private keys.
    """

    def __init__(self, sealing: "X25519PrivateKey", signing: "Ed25519PrivateKey") -> None:
        self._sealing, self._signing = sealing, signing

    def public(self, salt: bytes) -> Reviewer:
        """Return the public halves."""
        return Reviewer(salt, self._sealing.public_key().public_bytes_raw(), self._signing.public_key().public_bytes_raw())

    def sign(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Add a signature to the payload."""
        return {**payload, "signature": self._signing.sign(_signable(payload)).hex()}

    def sign_message(self, message: bytes) -> str:
        """Sign bytes that begin with words of their own, and so can be no payload: 128 hex digits."""
        if message.startswith(b"{"):
            raise ValueError("a message that reads as a payload; begin it with what it is")
        return self._signing.sign(message).hex()

    def decrypt(self, sealed: bytes) -> bytes:
        """Read what was encrypted to the reviewer.

        Raises
        ------
        SealError
            If it was damaged.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        public, rest = sealed[:32], sealed[32:]
        try:
            shared = self._sealing.exchange(X25519PublicKey.from_public_bytes(public))
            return bytes(_cipher(shared, public).decrypt(_NONCE, rest, None))
        except (InvalidTag, ValueError):
            raise SealError("vault: the report is damaged; restore the vault folder from a backup") from None


def verify_signature(key: bytes, message: bytes, signature: str) -> bool:
    """Check whether an Ed25519 key, 32 bytes, signed a message; the signature as hex digits."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


_NONCE = b"\0" * 12  # each message has a key of its own


def _cipher(shared: bytes, public: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(_derived(shared, b"rfcat report" + public))


def _derived(secret: bytes, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(secret)


def _signable(payload: Mapping[str, Any]) -> bytes:
    return dumps({key: value for key, value in payload.items() if key not in ("signature", "v")}).encode()


def _from_passphrase(passphrase: str, salt: bytes) -> Unlocked:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    secret = Scrypt(salt, 32, _N, _R, _P).derive(passphrase.encode())
    return Unlocked(
        X25519PrivateKey.from_private_bytes(_derived(secret, b"rfcat seal")),
        Ed25519PrivateKey.from_private_bytes(_derived(secret, b"rfcat sign")),
    )


def find_reviewer(entries: Sequence[Entry]) -> Reviewer | None:
    """Find the reviewer whom rows of the ledger name, if there is one."""
    keys = next((entry.payload for entry in entries if entry.kind == KIND), None)
    return None if keys is None else Reviewer(*(bytes.fromhex(keys[name]) for name in ("salt", "sealing", "signing")))


def require_reviewer(ledger: Ledger) -> Reviewer:
    """Read who reviews in a workspace.

    Raises
    ------
    SealError
        If there is nobody yet.
    """
    reviewer = find_reviewer(ledger.of_kinds((KIND,)))
    if reviewer is None:
        raise SealError("reviewer: none yet; choose a passphrase with `rfcat vault reviewer`")
    return reviewer


def appoint(ledger: Ledger, passphrase: str) -> None:
    """Make the holder of a passphrase the reviewer of a workspace, for good.

    Raises
    ------
    SealError
        If there is a reviewer already, or the passphrase is short.
    """
    if len(passphrase) < SHORTEST:
        raise SealError(f"passphrase: {len(passphrase)} characters came; at least {SHORTEST}")
    salt = os.urandom(16)
    public = _from_passphrase(passphrase, salt).public(salt)
    payload = {name: getattr(public, name).hex() for name in ("salt", "sealing", "signing")}

    def decide(entries: Sequence[Entry]) -> dict[str, Any]:
        if entries:
            raise SealError("reviewer: this workspace has one, and who reviews is fixed; use that passphrase")
        return {**payload, "subject": KIND}

    ledger.append_after(KIND, (KIND,), decide)


def unlock(ledger: Ledger, passphrase: str) -> Unlocked:
    """Unlock the reviewer's private keys.

    Raises
    ------
    SealError
        If there is no reviewer, or it is not the passphrase.
    """
    reviewer = require_reviewer(ledger)
    unlocked = _from_passphrase(passphrase, reviewer.salt)
    if unlocked.public(reviewer.salt) != reviewer:
        raise SealError("passphrase: not the reviewer's; nothing was changed")
    return unlocked
