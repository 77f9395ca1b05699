// Asks for the listing in both orders and draws them; says what changed.

import { ask } from "./gateway.js";
import { grid } from "./grid.js";
import { listing } from "./queries.js";
import { state } from "./state.js";
import { number, spoken, word } from "./words.js";

const TAKE = 24;
const KEPT = 20;
const FACTS = ["mode", "mood", "store", "occasion", "weather", "temperature", "daypart", "weekday", "season", "device"];
const of = (id) => document.getElementById(id);
const IDLE = 45_000; // ms after which a window that nobody asked for may be gone
const FILLED = 1_500; // ms within which it is there again
const shops = new Map(); // collection and language -> the shop's own page, the last KEPT
const asks = new Map(); // the same -> when it was last asked for
let grids = null;
let asked = 0;
let names = new Map();
let experiment = "";

export function prepare(acts, byHeader) {
  grids = { ours: grid(of("ours-grid"), acts), shop: grid(of("shop-grid"), acts) };
  experiment = byHeader;
}

export const called = (collections) => { names = new Map(collections.map(({ slug, name }) => [slug, name])); };

/** Draw the listing as it is now for whoever is here. `quietly` says nothing of it. */
export async function show({ quietly = false } = {}) {
  const mine = ++asked;
  of("orders").setAttribute("aria-busy", "true");
  try {
    const [ours, shop] = await Promise.all([page(null), shopsOwn()]);
    if (mine !== asked) return;
    draw(ours, shop);
    if (!quietly) say(ours);
    warm();
  } catch (error) {
    of("said").textContent = word("failed", { why: error.message });
  } finally {
    if (mine === asked) of("orders").setAttribute("aria-busy", "false");
  }
}

async function page(headers) {
  const data = await ask(listing(), { slug: state.collection, take: TAKE }, headers);
  const report = data.personalization.listings[0];
  const placed = new Map(report.items.map((one) => [one.itemId, one]));
  return { items: data.search.items.map(read), total: data.search.totalItems, placed, visit: data.personalization.visit };
}

// Who asks first gets the shop's page, ordered within itself, while its window is filled behind: ask again then.
function warm() {
  const key = `${state.collection} ${spoken()}`;
  const idle = Date.now() - (asks.get(key) ?? 0) > IDLE; // of a listing, not of a visitor: guests share its window
  asks.set(key, Date.now());
  if (idle) setTimeout(() => state.collection === key.split(" ")[0] && show({ quietly: true }), FILLED);
}

// The shop's own order is the same for everybody: a variant of an experiment that the storefront may choose by header.
async function shopsOwn() {
  const key = `${state.collection} ${spoken()}`;
  if (!shops.has(key)) {
    const found = await page({ "X-Personalize-Consent": "none", "X-Personalize-Experiment": `${experiment}=shop` });
    shops.set(key, found);
    if (shops.size > KEPT) shops.delete(shops.keys().next().value);
  }
  return shops.get(key);
}

function read(row) {
  const { value, min, max } = row.priceWithTax;
  return {
    id: row.productId, name: row.productName, picture: row.productAsset?.preview, currency: row.currencyCode,
    least: value ?? min, most: value ?? max, told: row.personalization ?? null,
  };
}

function draw(ours, shop) {
  of("title").textContent = names.get(state.collection) ?? "";
  of("count").textContent = word("products", { n: number(ours.total) });
  const positions = new Map(ours.items.map((item, at) => [item.id, at]));
  grids.shop.show(shop.items, (item) => ({ at: shop.items.indexOf(item), from: null, to: positions.get(item.id) ?? TAKE }));
  grids.ours.show(ours.items, (item) => {
    const one = ours.placed.get(item.id);
    // What stands where the shop has it needs no word on the page.
    const reason = one?.reason?.code === "shop_order" ? "" : one?.reason?.text;
    return { at: one?.position ?? ours.items.indexOf(item), from: one?.shopPosition ?? null, reason };
  });
  const { context, assignments } = ours.visit;
  const facts = FACTS.map((name) => context.find((fact) => fact.name === name)).filter(Boolean);
  of("facts").replaceChildren(...facts.map(fact), ...assignments.map(assigned), ...sources(context));
}

function fact({ name, label, saidBy, source }) {
  const element = Object.assign(document.createElement("li"), { textContent: name === "store" ? label : label.replace(/^[^:]*: /, ""), title: `${label} (${source})` });
  element.dataset.by = saidBy;
  return element;
}

function assigned({ experiment, variant }) {
  return Object.assign(document.createElement("li"), { textContent: word("assigned", { experiment, variant }) });
}

function sources(context) {
  const named = new Set(context.map((one) => one.attribution).filter(Boolean));
  return [...named].map((text) => Object.assign(document.createElement("li"), { className: "source", textContent: text }));
}

function say({ items, placed }) {
  const moved = [...placed.values()].filter((one) => one.position !== one.shopPosition).length;
  const told = { first: items[0]?.name ?? "", n: number(moved), all: number(items.length) };
  of("said").textContent = moved ? word("reordered", told) : word("unchanged");
}
