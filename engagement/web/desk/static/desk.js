"use strict";
// j and k move between cards, a r s decide about the marked one, u undoes; without this file the buttons do the same.
const cards = [...document.querySelectorAll("article.card")];
let here = -1;
let sent = false;
const mark = (place) => {
  if (place < 0 || place >= cards.length) return;
  if (here >= 0) cards[here].removeAttribute("aria-current");
  here = place;
  cards[place].setAttribute("aria-current", "true");
};
const go = (place) => {
  mark(place);
  cards[here]?.focus();
  cards[here]?.scrollIntoView({ block: "nearest" });
};
// A key never decides about a card that is not marked, and never twice: the second press may come before the next page.
const press = (button) => {
  if (!button || button.disabled || sent) return;
  button.click();
};
mark(0);
cards.forEach((card, place) => card.addEventListener("focusin", () => mark(place)));
document.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
});
window.addEventListener("pageshow", () => { sent = false; });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, textarea, select")) return;
  if (event.key === "j") go(document.activeElement === cards[here] ? Math.min(here + 1, cards.length - 1) : here);
  else if (event.key === "k") go(Math.max(here - 1, 0));
  else if (event.key === "u") press(document.querySelector('[data-key="u"]'));
  else if (["a", "r", "s"].includes(event.key)) press(cards[here]?.querySelector(`[data-key="${event.key}"]`));
});
