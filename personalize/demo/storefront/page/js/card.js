// One product in a list: picture, name, price, where it stands, and why there.

import { dress, number, price, word } from "./words.js";

const template = document.getElementById("card");

/** A new card for a product; `acts` has `open(item)` and `refuse(item)`. */
export function make(item, acts) {
  const card = template.content.firstElementChild.cloneNode(true);
  card.dataset.id = item.id;
  card.querySelector(".open").addEventListener("click", () => acts.open(card.item));
  card.querySelector(".not").addEventListener("click", () => acts.refuse(card.item));
  return card;
}

/** Write what is true now; `placed` is `{ at, from, reason }` (0-based, null where nobody says). */
export function write(card, item, placed) {
  card.item = { ...item, reason: placed.reason };
  dress(card);
  const image = card.querySelector("img");
  if (image.getAttribute("src") !== item.picture) image.src = item.picture;
  card.querySelector("h3").textContent = item.name;
  card.querySelector(".open").setAttribute("aria-label", word("open", { name: item.name }));
  card.querySelector(".not").setAttribute("aria-label", word("notThis", { name: item.name }));
  card.querySelector(".number").textContent = number(placed.at + 1);
  writePrice(card.querySelector(".price"), item);
  writeMove(card.querySelector(".moved"), placed);
  card.querySelector(".told").replaceChildren(...channels(item));
  card.querySelector(".why").textContent = placed.reason ?? "";
}

function writeMove(element, { at, from }) {
  const by = from === null ? 0 : from - at;
  element.className = `moved ${by > 0 ? "up" : by < 0 ? "down" : ""}`;
  const arrow = Object.assign(document.createElement("span"), { textContent: by > 0 ? "↑" : "↓" });
  arrow.setAttribute("aria-hidden", "true");
  const words = Object.assign(document.createElement("span"), { className: "quiet" });
  words.textContent = word(by > 0 ? "up" : "down", { n: number(Math.abs(by)) });
  element.replaceChildren(...(by ? [arrow, number(Math.abs(by)), words] : []));
}

/** The shop's price; beside it a personal one with what has to be said of it, where the gateway has one. */
export function writePrice(element, item) {
  const shops = item.least === item.most ? price(item.least, item.currency)
    : word("size", { price: price(item.least, item.currency) });
  const own = personal(item);
  element.classList.toggle("personal", own !== null);
  if (own === null) return element.replaceChildren(shops);
  const list = Object.assign(document.createElement("s"), { textContent: shops });
  const mine = Object.assign(document.createElement("strong"), { textContent: own.price });
  const told = Object.assign(document.createElement("small"), { textContent: own.disclosure });
  return element.replaceChildren(mine, " ", list, told);
}

function personal({ told, currency }) {
  const offer = told?.offer;
  const amount = minor(offer?.personalPrice ?? offer?.price);
  if (amount === null) return null;
  const said = offer.disclosure?.text ?? offer.disclosure ?? word("personal");
  return { price: price(amount, offer.currency ?? currency), disclosure: String(said) };
}

function minor(value) {
  if (Number.isInteger(value)) return value;
  for (const name of ["minor", "value", "amount"]) if (Number.isInteger(value?.[name])) return value[name];
  return null;
}

function channels({ told }) {
  const first = [told?.channels].flat().find(Boolean);
  const said = first?.label ?? first?.text ?? first?.name;
  return said ? [String(said)] : [];
}
