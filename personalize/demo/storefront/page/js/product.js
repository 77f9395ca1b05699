// A product looked at closely: the gateway sees this as a click.

import { ask } from "./gateway.js";
import { PRODUCT } from "./queries.js";
import { state } from "./state.js";
import { writePrice } from "./card.js";
import { word } from "./words.js";

const of = (id) => document.getElementById(id);
const dialog = of("product");

/** `closed` is called when a look is over. */
export const prepare = (closed) => dialog.addEventListener("close", closed);

/** Open it over the list. */
export async function open(item) {
  of("product-name").textContent = item.name;
  of("product-picture").src = item.picture;
  of("product-why").textContent = item.reason ?? "";
  of("product-hint").textContent = word(state.consent ? "looked" : "lookedGuest");
  of("product-text").textContent = "";
  writePrice(of("product-price"), item);
  dialog.showModal();
  const { product } = await ask(PRODUCT, { id: item.id });
  of("product-text").textContent = product?.description ?? "";
}
