"""The embedded demo shop: a part of Vendure's shop API in pure Python, over the invented catalogue."""
