"""`personalize demo`: an embedded shop, simulated shoppers and the gateway, started with one command."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from personalize.demo.run import run


@click.command()
@click.option("--once", is_flag=True, help="Print the before/after table and exit.")
@click.option("--port", default=8000, show_default=True, help="The gateway's storefront port (0: any).")
@click.option("--shop-port", default=3100, show_default=True, help="The demo shop's port (0: any).")
@click.option("--operator-port", default=8001, show_default=True, help="The gateway's operator port (0: any).")
@click.option("--weather-port", default=3101, show_default=True, help="The invented weather's port (0: any).")
@click.option("--storefront-port", default=3000, show_default=True, help="The storefront page's port (0: any).")
@click.option(
    "--dir", "folder", default=Path(".demo"), show_default=True, type=click.Path(file_okay=False, path_type=Path),
    help="Where the simulated log, the model and the store go.",
)  # fmt: skip
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Also write the table as a picture.")
def demo(
    once: bool, port: int, shop_port: int, operator_port: int, weather_port: int, storefront_port: int, folder: Path,
    svg: Path | None,
) -> None:  # fmt: skip
    """Start the demo: a shop, simulated shoppers' history, a model trained on it, the gateway and a storefront."""
    ports = (shop_port, port, operator_port, weather_port, storefront_port)
    asyncio.run(run(folder, once=once, ports=ports, svg=svg))
