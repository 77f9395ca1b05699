// Relay's runtime: its network layer and its store; the request nodes are what its compiler would write.
import relay from "relay-runtime";

const { Environment, Network, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery } = relay;

const scalar = (name, alias = null) => ({ kind: "ScalarField", name, alias, args: null, storageKey: null });
const use = (name, variableName = name) => ({ kind: "Variable", name, variableName });
const say = (name, value) => ({ kind: "Literal", name, value });
const linked = (name, concreteType, selections, { args = null, plural = false } = {}) => ({
  kind: "LinkedField", name, alias: null, args, concreteType, plural, selections, storageKey: null,
});
const many = (name, type, selections) => linked(name, type, selections, { plural: true });
const on = (type, selections, abstractKey = null) => ({ kind: "InlineFragment", type, selections, abstractKey });

const bought = linked("personalization", "ItemPersonalization", [scalar("itemId"), scalar("bought")]);
const report = (path, fields, ...beside) =>
  linked("personalization", "Personalization", [
    ...beside,
    linked("listings", "PersonalizationListing", fields, { args: [say("path", path)], plural: true }),
  ], { args: [use("key")] });
const placed = (...more) => many("items", "PersonalizationPlacement", [scalar("itemId"), scalar("position"), ...more]);
const visit = linked("visit", "PersonalizationVisit", [scalar("identified"), scalar("consent")]);
const search = (...fields) =>
  linked("search", "SearchResponse", [scalar("totalItems"), many("items", "SearchResult", fields)], {
    args: [use("input")],
  });

const roots = {
  Listing: [
    search(scalar("productId"), scalar("productName"), bought),
    report("search", [scalar("path"), scalar("personalized"), scalar("strategy"), placed(scalar("shopPosition"))], visit),
  ],
  Narrow: [
    search(scalar("productId"), linked("personalization", "ItemPersonalization", [scalar("itemId")])),
    report("search", [scalar("path"), placed()]),
  ],
  Products: [
    linked("products", "ProductList", [
      scalar("totalItems"), many("items", "Product", [scalar("id"), scalar("name"), bought]),
    ], { args: [use("options")] }),
    report("products", [scalar("path"), placed()]),
  ],
  Detail: [
    linked("product", "Product", [scalar("id"), scalar("name"), scalar("description"), bought], { args: [use("id")] }),
  ],
  Add: [
    linked("addItemToOrder", null, [
      scalar("__typename"),
      on("Order", [
        scalar("id"), scalar("totalQuantity"),
        many("lines", "OrderLine", [
          scalar("id"), scalar("quantity"), linked("productVariant", "ProductVariant", [scalar("id")]),
        ]),
      ]),
      on("ErrorResult", [scalar("errorCode"), scalar("message")], "__isErrorResult"),
    ], { args: [use("productVariantId", "variant"), use("quantity")] }),
  ],
};
const arguments_ = {
  Listing: ["input", "key"], Narrow: ["input", "key"], Products: ["options", "key"], Detail: ["id"],
  Add: ["variant", "quantity"],
};

function node(name, text) {
  const defined = arguments_[name].map((one) => ({ kind: "LocalArgument", name: one, defaultValue: null }));
  const operationKind = name === "Add" ? "mutation" : "query";
  const selections = roots[name];
  return {
    kind: "Request",
    fragment: {
      kind: "Fragment", name, type: operationKind === "query" ? "Query" : "Mutation",
      argumentDefinitions: defined, selections, metadata: null, abstractKey: null,
    },
    operation: { kind: "Operation", name, argumentDefinitions: defined, selections },
    params: { id: null, cacheID: name, name, text, operationKind, metadata: {} },
  };
}

export function connect({ url, send, documents }) {
  const nodes = Object.fromEntries(Object.entries(documents).map(([name, text]) => [name, node(name, text)]));
  const network = Network.create(async (request, variables) => {
    const response = await send(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json, application/json" },
      body: JSON.stringify({ query: request.text, variables, operationName: request.name }),
    });
    return response.json();
  });
  const environment = new Environment({ network, store: new Store(new RecordSource(), { gcReleaseBufferSize: 100 }) });
  const held = []; // what a mounted component would hold, so that the store's collector leaves it

  async function query(name, variables) {
    held.push(environment.retain(createOperationDescriptor(nodes[name], variables)));
    return fetchQuery(environment, nodes[name], variables, { fetchPolicy: "network-only" }).toPromise();
  }
  const mutate = (name, variables) =>
    new Promise((resolve, reject) => {
      commitMutation(environment, { mutation: nodes[name], variables, onCompleted: resolve, onError: reject });
    });
  function read(name, variables) {
    const operation = createOperationDescriptor(nodes[name], variables);
    if (environment.check(operation).status !== "available") throw new Error(`${name} is not whole in the store`);
    return environment.lookup(operation.fragment).data;
  }
  return { query, mutate, read };
}
