"""The embedded demo shop: a part of Vendure's shop API in pure Python, over the invented catalogue."""

from personalize.demo.shop.app import create_shop

__all__ = ["create_shop"]
