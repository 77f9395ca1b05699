"""The frameworks of docs/ssr.md, as far as its code uses them, and a run of that code under Node."""
