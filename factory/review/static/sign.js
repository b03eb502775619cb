/**
 * Sign a review in the browser: the passphrase and the key that is made of it never leave the page.
 *
 * The same key as `factory/vault/reviewer.py` derives: scrypt (RFC 7914; N 2^15, r 8, p 1) of the passphrase, HKDF-SHA256 with
 * the info "rfcat sign" and no salt, and of that an Ed25519 seed. WebCrypto has all of it but scrypt's ROMix, which is here.
 *
 * An ES module without dependencies, for `script-src 'self'`. WebCrypto needs a secure context: https, or localhost.
 */

const PREFIX = "rfcat review 1\n";
const COST = { N: 2 ** 15, r: 8, p: 1 };
const PKCS8 = "302e020100300506032b657004220420"; // RFC 8410: an Ed25519 private key, the seed follows
const ALGORITHM = { name: "Ed25519" };
const encoder = new TextEncoder();

/** Say why nothing can be signed here, in a sentence; "" where it can. */
export async function findObstacle() {
  if (!globalThis.crypto?.subtle) {
    return "this page is not in a secure context: open it by https or as http://localhost, or use `rfcat approve`";
  }
  try {
    await importSeed(new Uint8Array(32), false);
    return "";
  } catch {
    return "this browser has no Ed25519: use a newer one, or `rfcat approve`";
  }
}

/**
 * Derive the reviewer's signing key.
 *
 * @param {string} passphrase
 * @param {string} saltHex - of the reviewer's row in the ledger
 * @returns {Promise<{key: CryptoKey, publicHex: string}>} the key, which cannot be exported, and its public half: compare that
 *     with the reviewer's before you sign, for another passphrase gives another key and no error
 */
export async function deriveSigningKey(passphrase, saltHex) {
  const secret = await scrypt(encoder.encode(passphrase), fromHex(saltHex), COST, 32);
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const expand = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: encoder.encode("rfcat sign") };
  const seed = new Uint8Array(await crypto.subtle.deriveBits(expand, base, 256));
  const whole = await crypto.subtle.exportKey("jwk", await importSeed(seed, true));
  const key = await importSeed(seed, false);
  for (const bytes of [secret, seed]) bytes.fill(0);
  return { key, publicHex: toHex(fromBase64Url(whole.x)) };
}

/**
 * Read what is about to be signed, to show it to the person who signs.
 *
 * @param {Uint8Array} bytes
 * @returns {Object<string, string | string[][]>} the decision's fields
 * @throws {Error} if it is no review: a page signs nothing else
 */
export function readDecision(bytes) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  if (!text.startsWith(PREFIX)) throw new Error("not a review; nothing was signed");
  return JSON.parse(text.slice(PREFIX.length));
}

/**
 * Sign a review.
 *
 * @param {CryptoKey} key - of deriveSigningKey
 * @param {Uint8Array} bytes - as the server drafted them
 * @returns {Promise<string>} the signature, 128 hex digits
 * @throws {Error} if the bytes are no review
 */
export async function sign(key, bytes) {
  readDecision(bytes);
  return toHex(new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes)));
}

/**
 * Compute scrypt. Source: RFC 7914.
 *
 * @param {Uint8Array} passphrase
 * @param {Uint8Array} salt
 * @param {{N: number, r: number, p: number}} cost
 * @param {number} length - bytes to derive
 * @returns {Promise<Uint8Array>}
 */
export async function scrypt(passphrase, salt, { N, r, p }, length) {
  const blocks = await pbkdf2(passphrase, salt, p * 128 * r);
  for (let i = 0; i < p; i += 1) romix(blocks.subarray(i * 128 * r, (i + 1) * 128 * r), N, r);
  return pbkdf2(passphrase, blocks, length);
}

async function pbkdf2(passphrase, salt, length) {
  const base = await crypto.subtle.importKey("raw", passphrase, "PBKDF2", false, ["deriveBits"]);
  const once = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 };
  return new Uint8Array(await crypto.subtle.deriveBits(once, base, length * 8));
}

/** Replace a block of 128 * r bytes by scryptROMix of it (RFC 7914, section 5). */
function romix(block, N, r) {
  const words = 32 * r;
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  let x = new Uint32Array(words);
  let spare = new Uint32Array(words);
  const table = new Uint32Array(words * N);
  for (let i = 0; i < words; i += 1) x[i] = view.getUint32(4 * i, true);
  for (let i = 0; i < N; i += 1) {
    table.set(x, i * words);
    mixBlocks(x, spare, r);
    [x, spare] = [spare, x];
  }
  for (let i = 0; i < N; i += 1) {
    const from = (x[words - 16] & (N - 1)) * words; // Integerify: N is a power of two below 2^32
    for (let k = 0; k < words; k += 1) x[k] ^= table[from + k];
    mixBlocks(x, spare, r);
    [x, spare] = [spare, x];
  }
  for (let i = 0; i < words; i += 1) view.setUint32(4 * i, x[i], true);
}

/** Write scryptBlockMix of `input` to `output` (RFC 7914, section 4): even blocks first, then odd ones. */
function mixBlocks(input, output, r) {
  const state = input.slice(input.length - 16);
  for (let i = 0; i < 2 * r; i += 1) {
    for (let k = 0; k < 16; k += 1) state[k] ^= input[16 * i + k];
    salsa(state);
    output.set(state, 16 * ((i >> 1) + (i & 1 ? r : 0)));
  }
}

/** Replace 16 words by Salsa20/8 of them (RFC 7914, section 3). */
function salsa(B) {
  const x = B.slice();
  const quarter = (a, b, c, d) => {
    let t = (x[a] + x[d]) | 0;
    x[b] ^= (t << 7) | (t >>> 25);
    t = (x[b] + x[a]) | 0;
    x[c] ^= (t << 9) | (t >>> 23);
    t = (x[c] + x[b]) | 0;
    x[d] ^= (t << 13) | (t >>> 19);
    t = (x[d] + x[c]) | 0;
    x[a] ^= (t << 18) | (t >>> 14);
  };
  for (let round = 0; round < 8; round += 2) {
    quarter(0, 4, 8, 12);
    quarter(5, 9, 13, 1);
    quarter(10, 14, 2, 6);
    quarter(15, 3, 7, 11);
    quarter(0, 1, 2, 3);
    quarter(5, 6, 7, 4);
    quarter(10, 11, 8, 9);
    quarter(15, 12, 13, 14);
  }
  for (let k = 0; k < 16; k += 1) B[k] += x[k];
}

function importSeed(seed, extractable) {
  return crypto.subtle.importKey("pkcs8", fromHex(PKCS8 + toHex(seed)), ALGORITHM, extractable, ["sign"]);
}

function fromHex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error("not hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromBase64Url(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}
