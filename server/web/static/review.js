// Signs a decision in the browser: the passphrase goes nowhere, the signature alone is sent.
const form = document.getElementById("sign");
const { deriveSigningKey, findObstacle, readDecision, sign } = await import(form.dataset.script);
const passphrase = document.getElementById("passphrase");
const trouble = document.getElementById("trouble");
const button = form.querySelector("button");
// Read once: a browser may fill a hidden field with an older draft after this script has shown the new one.
const drafted = form.elements.message.value, bytes = decode(drafted);

function complain(text) {
  trouble.textContent = text;
  trouble.hidden = false;
  button.disabled = false;
}

function decode(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

// What is shown is read from the very bytes that are signed and sent: words in the list, hashes where the page explains them.
function show(decision) {
  const list = document.getElementById("signed");
  const order = [...list.querySelectorAll("dt")].map((term) => term.textContent.replaceAll(" ", "_"));
  const hashes = new Map([...document.querySelectorAll("[data-signed]")].map((place) => [place.dataset.signed, place]));
  const names = Object.keys(decision).filter((name) => !hashes.has(name)).sort((one, two) => order.indexOf(one) - order.indexOf(two));
  for (const [name, place] of hashes) place.textContent = decision[name];
  list.replaceChildren();
  for (const name of names) {
    const term = document.createElement("dt"), words = document.createElement("dd"), value = decision[name];
    term.textContent = name.replaceAll("_", " ");
    words.textContent = typeof value === "string" ? value || "nothing" : value.map((look) => look.join(" ")).join("; ") || "none";
    list.append(term, words);
  }
}

async function signAndSend(event) {
  event.preventDefault();
  button.disabled = true;
  trouble.hidden = true;
  if (passphrase?.value) {
    const { key, publicHex } = await deriveSigningKey(passphrase.value, form.dataset.salt);
    if (publicHex !== form.dataset.key) return complain("That is not the reviewer's passphrase; nothing was signed.");
    form.elements.signature.value = await sign(key, bytes);
    passphrase.value = "";
  }
  form.elements.message.value = drafted;
  form.submit();
}

show(readDecision(bytes));
form.addEventListener("submit", (event) => signAndSend(event).catch((error) => complain(String(error.message ?? error))));
// Until here a click would have sent the decision unsigned.
const obstacle = passphrase ? await findObstacle() : "";
if (obstacle) complain(obstacle);
button.disabled = Boolean(obstacle) && "mustSign" in form.dataset;
