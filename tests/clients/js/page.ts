// A page of a storefront that uses what was generated; compiled, not run.
import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { ListingDocument, type ListingQuery, type PersonalizationConsent } from "./generated.js";

type Item = ListingQuery["search"]["items"][number];

export function label(item: Item): string {
  const bought: boolean | null | undefined = item.personalization?.bought;
  // @ts-expect-error there is no such field
  item.personalization?.price;
  return `${item.personalization?.itemId ?? item.productId} ${bought ? "again" : ""}`;
}

export async function page(uri: string): Promise<string[]> {
  const client = new ApolloClient({ link: new HttpLink({ uri }), cache: new InMemoryCache() });
  const input = { collectionSlug: "women", groupByProduct: true, take: 24 };
  const { data } = await client.query({ query: ListingDocument, variables: { input, key: "women" } });
  if (!data) return [];
  const report = data.personalization?.listings[0];
  const moved = report?.items.filter((one) => one.position !== one.shopPosition) ?? [];
  const consent: PersonalizationConsent | undefined = data.personalization?.visit.consent;
  return consent === "CONSENTED" ? moved.map((one) => one.itemId) : data.search.items.map(label);
}
