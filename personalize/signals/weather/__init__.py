"""The weather where the visitor, or the shop, is: one signal, and a socket of providers."""
