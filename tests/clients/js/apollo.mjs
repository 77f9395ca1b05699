// Apollo Client with its normalised cache; the list is paged with fetchMore.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";

export function connect({ url, send, documents }, link = new HttpLink({ uri: url, fetch: send })) {
  const parsed = Object.fromEntries(Object.entries(documents).map(([name, text]) => [name, gql(text)]));
  const cache = new InMemoryCache({
    possibleTypes: { ErrorResult: ["NegativeQuantityError", "InsufficientStockError"] },
    typePolicies: {
      SearchResult: { keyFields: ["productId"] },
      ItemPersonalization: { keyFields: ["itemId"] },
    },
  });
  const client = new ApolloClient({ link, cache });

  async function query(operation, variables) {
    return (await client.query({ query: parsed[operation], variables, fetchPolicy: "network-only" })).data;
  }
  async function mutate(operation, variables) {
    return (await client.mutate({ mutation: parsed[operation], variables })).data;
  }
  const read = (operation, variables) => cache.readQuery({ query: parsed[operation], variables });
  async function pages(input, pageOf) {
    const watched = client.watchQuery({ query: parsed.Listing, variables: pageOf(input, 0) });
    const subscription = watched.subscribe(() => {});
    let { search } = (await watched.refetch()).data;
    while (search.items.length < search.totalItems) {
      const before = search.items.length;
      await watched.fetchMore({
        variables: pageOf(input, before),
        updateQuery: (previous, { fetchMoreResult }) => ({
          ...previous,
          search: { ...previous.search, items: [...previous.search.items, ...fetchMoreResult.search.items] },
        }),
      });
      ({ search } = read("Listing", pageOf(input, 0)));
      if (search.items.length === before) break;
    }
    subscription.unsubscribe();
    // What the list grew to is in the cache under page one, so page one is fetched anew for what follows.
    await query("Listing", pageOf(input, 0));
    return search.items.map((item) => item.productId);
  }
  return { query, mutate, pages, read };
}
