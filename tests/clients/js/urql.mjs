// urql as it comes: its document cache, and GET for queries that fit into a URL.
import { Client, cacheExchange, fetchExchange } from "@urql/core";

export function connect({ url, send, documents }, exchanges = [cacheExchange, fetchExchange]) {
  const client = new Client({ url, fetch: send, exchanges });
  const told = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  const query = async (operation, variables) =>
    told(await client.query(documents[operation], variables, { requestPolicy: "network-only" }).toPromise());
  const mutate = async (operation, variables) =>
    told(await client.mutation(documents[operation], variables).toPromise());
  const read = async (operation, variables) =>
    told(await client.query(documents[operation], variables, { requestPolicy: "cache-only" }).toPromise());
  return { query, mutate, read };
}
