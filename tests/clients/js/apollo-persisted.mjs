// Apollo Client with automatic persisted queries, hashes by GET.
import { createHash } from "node:crypto";
import { HttpLink } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { connect as apollo } from "./apollo.mjs";

export function connect(shop) {
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  const hashes = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  return apollo(shop, hashes.concat(new HttpLink({ uri: shop.url, fetch: shop.send })));
}
