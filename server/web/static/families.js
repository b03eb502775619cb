"use strict";
// What a mark of the tree says is shown as every other meaning is; without this script it is the browser's own hint.
for (const title of document.querySelectorAll(".tree a > title")) {
  const mark = title.parentNode;
  mark.dataset.meaning = title.textContent;
  mark.setAttribute("aria-label", title.textContent);
  title.remove();
}
