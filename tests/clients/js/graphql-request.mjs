// graphql-request: no cache.
import { GraphQLClient } from "graphql-request";

export function connect({ url, send, documents }) {
  const client = new GraphQLClient(url, { fetch: send });
  const query = (operation, variables) => client.request(documents[operation], variables);
  return { query, mutate: query };
}
