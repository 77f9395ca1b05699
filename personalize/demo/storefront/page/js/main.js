// Puts the page together: asks what there is, wires the controls, draws.

import * as aside from "./aside.js";
import * as inspector from "./inspector.js";
import * as listing from "./listing.js";
import * as panel from "./panel.js";
import * as product from "./product.js";
import { ask, connect } from "./gateway.js";
import { COLLECTIONS, RESET, learn } from "./queries.js";
import { land, places } from "./grid.js";
import { choose, state, watch } from "./state.js";
import { script, sky, turn } from "./weather.js";
import { speak, spoken, word } from "./words.js";

const of = (id) => document.getElementById(id);
const NOTED = 700; // ms: events travel by a side door, and what was seen last counts a moment later
const wide = matchMedia("(min-width: 60rem)"); // as in css/panel.css: the controls are always open there
const config = await (await fetch("config.json")).json();

async function collections() {
  const found = (await ask(COLLECTIONS, {}, {})).collections.items;
  listing.called(found);
  of("collections").replaceChildren(...found.map(({ slug, name }) => {
    const row = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: name });
    if (slug === state.collection) button.setAttribute("aria-current", "page");
    button.addEventListener("click", () => choose({ collection: slug }));
    row.append(button);
    return row;
  }));
  const current = of("collections").querySelector("[aria-current]");
  if (current) of("collections").scrollLeft = current.offsetLeft - of("collections").offsetLeft;
}

function view() {
  const before = places();
  of("orders").dataset.view = state.view;
  for (const button of document.querySelectorAll("[data-view][type=button]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  }
  land(before);
}

async function translate(language) {
  speak(language);
  panel.write(config);
  aside.write();
  await collections();
}

watch(async (changed) => {
  if (changed.includes("view")) return view();
  if (changed.includes("person")) state.aside.clear(), aside.write();
  if (changed.includes("collection")) await collections();
  return listing.show();
});

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", async () => {
    await translate(button.dataset.language);
    await listing.show({ quietly: true });
  });
}
for (const button of document.querySelectorAll("[data-view][type=button]")) {
  button.addEventListener("click", () => choose({ view: button.dataset.view }));
}

const unfold = () => { of("situation").open = wide.matches; };
wide.addEventListener("change", unfold);
unfold();
connect(config.gateway);
script(config.weather);
inspector.prepare();
aside.prepare(() => listing.show({ quietly: true }));
product.prepare(() => setTimeout(listing.show, NOTED));
listing.prepare({ open: product.open, refuse: aside.refuse }, config.experiment);
panel.prepare(config, {
  weather: async (changes) => { if (await turn(changes)) await listing.show(); },
  reset: async () => {
    const { reset } = (await ask(RESET)).personalization;
    state.aside.clear();
    aside.write();
    await listing.show({ quietly: true });
    of("said").textContent = reset.done ? word("afresh") : reset.message;
  },
});
view();
await Promise.all([translate(spoken()), learn(), sky().then(panel.weather)]);
await listing.show({ quietly: true });
