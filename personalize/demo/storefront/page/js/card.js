// One product in a list: picture, name, price, where it stands, and why there.

import { dress, number, price, word } from "./words.js";

const PAGE = 24;
const template = document.getElementById("card");

/** A new card for a product; `acts` has `open(item)` and `refuse(item)`. */
export function make(item, acts) {
  const card = template.content.firstElementChild.cloneNode(true);
  card.dataset.id = item.id;
  card.querySelector(".open").addEventListener("click", () => acts.open(card.item));
  card.querySelector(".not").addEventListener("click", () => acts.refuse(card.item));
  return card;
}

/** Write what is true now; `placed` is `{ at, from, to, reason }`: 0-based places here, in the shop, in ours. */
export function write(card, item, placed) {
  card.item = { ...item, reason: placed.reason ?? "" };
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

function writeMove(element, { at, from, to }) {
  const by = (from ?? at) - at;
  element.className = `moved ${by > 0 ? "up" : ""}`;
  if (by) return element.replaceChildren(...told(by > 0 ? "↑" : "↓", Math.abs(by), by > 0 ? "up" : "down"));
  const elsewhere = to !== undefined && to !== at;
  return element.replaceChildren(...(elsewhere ? told("→", to + 1, to < PAGE ? "now" : "later") : []));
}

// A sign and a number for the eye, the same in words for the ear.
function told(sign, count, key) {
  const seen = Object.assign(document.createElement("span"), { textContent: `${sign} ${number(count)}` });
  if (key === "later") seen.textContent = `${sign} ${number(PAGE)}+`;
  seen.setAttribute("aria-hidden", "true");
  const heard = Object.assign(document.createElement("span"), { className: "quiet" });
  heard.textContent = word(key, { n: number(count) });
  return [seen, heard];
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
  const small = Object.assign(document.createElement("small"), { textContent: own.disclosure });
  return element.replaceChildren(mine, " ", list, small);
}

function personal({ told, currency }) {
  const offer = told?.offer;
  if (!offer?.price) return null;
  const code = offer.code && !offer.automatic ? [word("code", { code: offer.code })] : [];
  const said = [offer.disclosure ?? word("personal"), ...code].join(" · ");
  return { price: price(offer.price.minorUnits, offer.price.currency ?? currency), disclosure: said };
}

function channels({ told }) {
  const first = [told?.channels].flat().find(Boolean);
  return first?.label ? [first.label] : [];
}
