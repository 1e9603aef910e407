"use strict";
// j and k move between cards, a r s decide, u undoes; without this file the buttons do the same.
const cards = [...document.querySelectorAll("article.card")];
let here = cards.length ? 0 : -1;
const go = (to) => {
  if (to < 0 || to >= cards.length) return;
  here = to;
  cards[to].focus();
  cards[to].scrollIntoView({ block: "nearest" });
};
cards.forEach((card, place) => card.addEventListener("focusin", () => { here = place; }));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === "j") go(document.activeElement === cards[here] ? here + 1 : here);
  else if (event.key === "k") go(here - 1);
  else if (event.key === "u") document.querySelector('[data-key="u"]')?.click();
  else if ("ars".includes(event.key) && here >= 0) cards[here].querySelector(`[data-key="${event.key}"]`)?.click();
});
