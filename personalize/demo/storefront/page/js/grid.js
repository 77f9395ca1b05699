// A list of cards that keeps each product's card and lets it travel to its new place.

import { make, write } from "./card.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const TRAVEL = { duration: 620, easing: "cubic-bezier(.2,.75,.2,1)" };
const APPEAR = { duration: 420, easing: "ease-out" };

/** A grid in an element; `show(items, placed)` draws it anew, cards that stay move. */
export function grid(list, acts) {
  const cards = new Map();
  return {
    show(items, placed) {
      const before = new Map([...cards].map(([id, card]) => [id, card.getBoundingClientRect()]));
      const held = document.activeElement?.closest(".card");
      const shown = items.map((item) => {
        const card = cards.get(item.id) ?? make(item, acts);
        cards.set(item.id, card);
        write(card, item, placed(item));
        return card;
      });
      for (const [id, card] of cards) if (!shown.includes(card)) cards.delete(id), card.remove();
      arrange(list, shown);
      if (held?.isConnected && !held.contains(document.activeElement)) held.querySelector(".open").focus();
      if (!still.matches) for (const card of shown) travel(card, before.get(card.dataset.id));
    },
  };
}

/** Where every visible card is, by product; `land` lets the visible ones travel from there. */
export function places() {
  const found = [...document.querySelectorAll(".card")].map((card) => [card.dataset.id, card.getBoundingClientRect()]);
  return new Map(found.filter(([, place]) => place.width > 0));
}

export function land(before) {
  if (still.matches) return;
  for (const card of document.querySelectorAll(".card")) travel(card, before.get(card.dataset.id));
}

// Moves only what stands wrong: a card that is moved in the document loses the focus.
function arrange(list, shown) {
  shown.forEach((card, place) => {
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
  });
}

function travel(card, from) {
  const to = card.getBoundingClientRect();
  if (to.width === 0 || (from && from.width === 0)) return;
  if (!from) {
    card.animate([{ opacity: 0, transform: "translateY(14px)" }, { opacity: 1, transform: "none" }], APPEAR);
  } else if (from.left !== to.left || from.top !== to.top) {
    const away = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
    card.animate([{ transform: away }, { transform: "none" }], TRAVEL);
  }
}
