// urql with its normalised cache, which learns unions and interfaces from the gateway's introspection.
import { fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { getIntrospectionQuery } from "graphql";
import { connect as plain } from "./fetch.mjs";
import { connect as urql } from "./urql.mjs";

const embedded = () => null;
const keys = {
  SearchResult: (item) => item.productId,
  ItemPersonalization: (item) => item.itemId,
  SearchResponse: embedded,
  ProductList: embedded,
  Personalization: embedded,
  PersonalizationVisit: embedded,
  PersonalizationListing: embedded,
  PersonalizationPlacement: embedded,
};

export async function connect(shop) {
  const schema = await plain({ ...shop, send: fetch, documents: { IntrospectionQuery: getIntrospectionQuery() } }).query("IntrospectionQuery");
  return urql(shop, [cacheExchange({ keys, schema }), fetchExchange]);
}
