"use strict";
// Copies what stands in a block.
for (const block of navigator.clipboard ? document.querySelectorAll("pre[data-copy]") : []) {
  const text = block.textContent, button = document.createElement("button");
  button.textContent = "copy";
  button.className = "plain copy";
  button.addEventListener("click", () => navigator.clipboard.writeText(text).then(() => { button.textContent = "copied"; }));
  block.after(button);
}

// What a word means, beside it: on pointing, on focus, on a tap; Escape hides it.
const meaning = document.createElement("div");
meaning.id = "meaning";
meaning.setAttribute("role", "tooltip");
meaning.hidden = true;
document.body.append(meaning);
function explain(word) {
  meaning.textContent = word.dataset.meaning;
  meaning.hidden = false;
  word.setAttribute("aria-describedby", "meaning");
  const box = word.getBoundingClientRect(), room = document.documentElement.clientWidth;
  meaning.style.left = `${Math.max(8, Math.min(box.left, room - meaning.offsetWidth - 8))}px`;
  const below = box.bottom + 6, fits = below + meaning.offsetHeight < innerHeight;
  meaning.style.top = `${fits ? below : Math.max(8, box.top - meaning.offsetHeight - 6)}px`;
}
function hide() {
  meaning.hidden = true;
  document.querySelector("[aria-describedby=meaning]")?.removeAttribute("aria-describedby");
}
const wordOf = (event) => event.target instanceof Element ? event.target.closest("[data-meaning]") : null;
for (const kind of ["pointerover", "focusin", "click"]) {
  document.addEventListener(kind, (event) => { const word = wordOf(event); if (word) explain(word); else if (kind === "click") hide(); });
}
for (const kind of ["pointerout", "focusout"]) document.addEventListener(kind, (event) => { if (wordOf(event)) hide(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
addEventListener("scroll", hide, { passive: true, capture: true });

// A form that cannot be undone asks first.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
