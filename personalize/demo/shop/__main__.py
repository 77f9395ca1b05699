"""`python -m personalize.demo.shop --port N`: serves the demo shop until it is stopped."""

from __future__ import annotations

import click
import uvicorn

from personalize.demo.generate import generate
from personalize.demo.shop.app import create_shop


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=3100, show_default=True)
@click.option("--seed", default=7, show_default=True, help="Which catalogue.")
@click.option("--introspection/--no-introspection", default=True, show_default=True)
def main(host: str, port: int, seed: int, introspection: bool) -> None:
    """Serve the demo shop; its GraphQL endpoint is /shop-api."""
    app = create_shop(generate(seed), introspection=introspection, asset_base=f"http://{host}:{port}")
    uvicorn.run(app, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    main()
