"""Stock GraphQL clients of storefronts, a code generator and HTTP audits, run against the real gateway."""
