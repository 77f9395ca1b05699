// Takes one client through the scenario: node run.mjs CLIENT URL OPERATIONS SCENARIO, and prints what it got as JSON.
import { readFileSync } from "node:fs";
import { parse, print } from "graphql";
import { storefront } from "./storefront.mjs";

const [name, url, operations, scenario] = process.argv.slice(2);
const documents = Object.fromEntries(
  parse(readFileSync(operations, "utf8")).definitions.map((one) => [one.name.value, print(one)]),
);
const { list, other, products, variant, tooMany } = JSON.parse(scenario);
const { seen, send } = storefront();
const { connect } = await import(`./${name}.mjs`);
const client = await connect({ url, send, documents });

const pageOf = (input, skip) => ({ input: { ...input, skip }, key: `${JSON.stringify(input)} ${skip}` });

async function pages(input) {
  const read = [];
  for (let total = 1; read.length < total; ) {
    const data = await client.query("Listing", pageOf(input, read.length));
    total = data.search.totalItems;
    if (!data.search.items.length) break;
    read.push(...data.search.items.map((item) => item.productId));
  }
  return read;
}

const cached = [];
async function remember(operation, variables) {
  const data = await client.query(operation, variables);
  cached.push({ operation, variables, fetched: structuredClone(data) });
  return data;
}

const first = await remember("Listing", pageOf(list, 0));
const read = await (client.pages ?? pages)(list, pageOf);
const added = await client.mutate("Add", { variant, quantity: 2 });
const refused = await client.mutate("Add", { variant, quantity: tooMany });
await remember("Narrow", pageOf(other, 0));
const shelf = await remember("Products", { options: products, key: "products" });
await remember("Detail", { id: shelf.products.items[0].id });
if (client.read) {
  for (const one of cached) one.read = await client.read(one.operation, one.variables);
}
console.log(JSON.stringify({ ...seen, first, read, added, refused, cached }));
