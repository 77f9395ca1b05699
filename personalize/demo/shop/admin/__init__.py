"""A small part of Vendure's Admin API over the demo shop: promotions, prices, stock and orders."""
