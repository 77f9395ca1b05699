"""The demo's storefront: a page in plain HTML, CSS and ES modules that knows the shop only by the gateway's GraphQL."""
