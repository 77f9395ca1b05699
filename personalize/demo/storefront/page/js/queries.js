// The operations of the page. What the gateway can tell of an item depends on its version: the schema says what there is.

import { ask } from "./gateway.js";

const OPTIONAL = ["offer", "channels"];
const DEPTH = 3;
let ofItem = "";

const LEAVES = `query Leaves($name: String!) {
  __type(name: $name) {
    fields { name args { type { kind } } type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }
  }
}`;

/** Look which optional fields items have; ask for all that lies below them. */
export async function learn() {
  const found = [];
  for (const field of await fieldsOf("ItemPersonalization")) {
    if (OPTIONAL.includes(field.name)) found.push(await selection(field, DEPTH));
  }
  const inside = found.filter(Boolean).join(" ");
  ofItem = inside && `personalization { ${inside} }`;
}

async function fieldsOf(name) {
  const { __type: type } = await ask(LEAVES, { name }, {});
  const needs = (field) => field.args.some((argument) => argument.type.kind === "NON_NULL");
  return (type?.fields ?? []).filter((field) => !needs(field));
}

async function selection(field, depth) {
  let type = field.type;
  while (type.ofType) type = type.ofType;
  if (type.kind === "SCALAR" || type.kind === "ENUM") return field.name;
  if (type.kind !== "OBJECT" || depth === 0) return "";
  const below = await Promise.all((await fieldsOf(type.name)).map((one) => selection(one, depth - 1)));
  return below.some(Boolean) ? `${field.name} { ${below.filter(Boolean).join(" ")} }` : "";
}

export const listing = () => `query Listing($slug: String!, $take: Int!) {
  search(input: { collectionSlug: $slug, groupByProduct: true, take: $take }) {
    totalItems
    items {
      productId productName productAsset { preview } currencyCode
      priceWithTax { ... on SinglePrice { value } ... on PriceRange { min max } }
      ${ofItem}
    }
  }
  personalization {
    visit { consent assignments { experiment variant } context { name value label saidBy source attribution } }
    listings { personalized strategy items { itemId position shopPosition reason { code text } } }
  }
}`;

export const COLLECTIONS = `query Collections {
  collections(options: { topLevelOnly: true }) { items { slug name } }
}`;
export const PRODUCT = "query Product($id: ID!) { product(id: $id) { id description } }";
export const SITUATION = "query Situation { personalization { visit { context { name value } } } }";
export const NOT_THIS = "mutation NotThis($id: ID!) { personalization { notInterested(itemId: $id) } }";
export const AGAIN = `mutation Again($id: ID!) {
  personalization { interestedAgain(itemId: $id) { done message } }
}`;
export const RESET = "mutation Reset { personalization { reset { done message } } }";
