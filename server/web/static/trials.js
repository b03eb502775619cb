"use strict";
// Two to five trials can be compared: the button says how many are chosen, and boxes beyond the most close.
{
  const button = document.querySelector("#compare button");
  const boxes = [...document.querySelectorAll("input[form=compare]")];
  const least = Number(button?.dataset.least), most = Number(button?.dataset.most), title = button?.textContent;
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    button.disabled = chosen < least;
    button.textContent = chosen < least ? title : `Compare ${chosen}`;
    for (const box of boxes) box.disabled = !box.checked && chosen >= most;
  };
  for (const box of boxes) box.addEventListener("change", count);
  if (button) count();
}
