"""sign.js derives the key that Python does and signs the same bytes, by the vectors of RFC 7914 and in Node."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import factory.review
from factory.review.decisions import PREFIX, draft_decision, record_decision, signing_bytes
from factory.review.status import review_status
from factory.vault.reviewer import _from_passphrase, require_reviewer
from factory.workshop import Workshop
from tests.review.conftest import PASSPHRASE, PIPELINE

SCRIPT = Path(factory.review.__file__).parent / "static" / "sign.js"
VECTORS = (
    ("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17"),
    ("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a388"),
    ("pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"),
)
"""RFC 7914, section 12: password, salt, N, r, p, and how the 64 bytes begin."""
SIGN = """\
import * as signing from %s;
import { readFileSync } from "node:fs";
const asked = JSON.parse(readFileSync(0, "utf8"));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const told = { obstacle: await signing.findObstacle() };
told.vectors = [];
for (const [word, salt, N, r, p] of asked.vectors ?? []) {
  const derived = await signing.scrypt(new TextEncoder().encode(word), new TextEncoder().encode(salt), { N, r, p }, 64);
  told.vectors.push(Buffer.from(derived).toString("hex"));
}
if (asked.passphrase !== undefined) {
  const { key, publicHex } = await signing.deriveSigningKey(asked.passphrase, asked.salt);
  told.public = publicHex;
  told.extractable = key.extractable;
  told.signed = [];
  for (const message of asked.messages) {
    try { told.signed.push(await signing.sign(key, bytes(message))); } catch (error) { told.signed.push(String(error)); }
  }
  told.read = asked.messages.length ? signing.readDecision(bytes(asked.messages[0])) : null;
}
console.log(JSON.stringify(told));
"""


@pytest.fixture
def sign(tmp_path: Path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    module, script = tmp_path / "sign.mjs", tmp_path / "run.mjs"
    shutil.copy(SCRIPT, module)
    script.write_text(SIGN % json.dumps(module.as_uri()), encoding="utf-8")

    def run(**asked: Any) -> dict[str, Any]:
        ran = subprocess.run([node, str(script)], input=json.dumps(asked), capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        if "no Ed25519" in told["obstacle"]:
            pytest.skip("needs node 20, whose WebCrypto has Ed25519")
        assert told["obstacle"] == ""
        return told

    return run


def test_scrypt_gives_the_vectors_of_its_rfc(sign) -> None:
    vectors = [one[:-1] for one in VECTORS]
    for (word, salt, n, r, p, begins), derived in zip(VECTORS, sign(vectors=vectors)["vectors"], strict=True):
        assert derived.startswith(begins)
        assert derived == hashlib.scrypt(word.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=2**26, dklen=64).hex()


@pytest.mark.parametrize("passphrase", [PASSPHRASE, "naïve-日本語-🐈 \\n \x00 end", "x" * 300])
def test_the_browser_derives_the_key_of_the_command_line(sign, passphrase: str) -> None:
    salt = bytes(range(16))
    python = _from_passphrase(passphrase, salt)
    message = PREFIX + '{"comment":"naïve 🐈"}'.encode()
    told = sign(passphrase=passphrase, salt=salt.hex(), messages=[message.hex()])
    assert told["public"] == python.public(salt).signing.hex()
    assert told["signed"] == [python.sign_message(message)]
    assert told["extractable"] is False


def test_a_decision_that_the_browser_signed_is_recorded(sign, workshop: Workshop, proposed: Path) -> None:
    reviewer = require_reviewer(workshop.ledger)
    message = signing_bytes(draft_decision(workshop, PIPELINE, "approved", "naïve 🐈", "ana"))
    told = sign(passphrase=PASSPHRASE, salt=reviewer.salt.hex(), messages=[message.hex()])
    assert told["public"] == reviewer.signing.hex()
    assert told["read"]["comment"] == "naïve 🐈"
    record_decision(workshop, message, told["signed"][0], "ana")
    review = review_status(workshop, PIPELINE)
    assert review is not None
    assert review.is_approved


def test_a_page_signs_nothing_but_reviews(sign) -> None:
    grant = b'{"a_day":20,"dataset":"vault-sim"}'
    wrong = [
        PREFIX + b"{}",
        grant,
        PREFIX[:-1] + grant,
        b"\xef\xbb\xbf" + PREFIX + b"{}",
        PREFIX + b"no JSON",
        PREFIX + b"\xff",
    ]
    first, *others = sign(passphrase="x" * 12, salt="00", messages=[one.hex() for one in wrong])["signed"]
    assert re.fullmatch("[0-9a-f]{128}", first)
    assert all("Error" in one for one in others)


def test_the_script_needs_nothing_that_a_strict_policy_forbids() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert not re.search(
        r"\beval\b|new Function|\bimport\s*\(|^import\b|innerHTML|document\.|fetch\(|localStorage|style=", text, re.MULTILINE
    )
