"""Our map of Shopify against the Storefront schema that npm's `@shopify/hydrogen-react` ships."""

from __future__ import annotations

import fcntl
import subprocess
import tarfile
from pathlib import Path

from personalize.gateway.ours.knowledge import schema_from_file
from personalize.shops import reader
from personalize.shops.draft import draft
from personalize.shops.fit import fit
from tests.clients.install import INSTALL_DEADLINE, ROOT, environment
from tests.vendure.node import npm_command

PACKAGE = "@shopify/hydrogen-react@2026.4.4"
SCHEMA = "package/storefront.schema.json"


def storefront_schema() -> Path:
    """The schema's file in `.cache`, fetched once. Safe to call from several processes at once."""
    home = ROOT / f"shopify-{PACKAGE.rpartition('@')[2]}"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # what is done under it has a deadline, so this wait is bounded
        if not (home / SCHEMA).exists():
            command = [*npm_command(environment()), "pack", PACKAGE, "--silent", "--pack-destination", str(home)]
            subprocess.run(command, env=environment(), capture_output=True, timeout=INSTALL_DEADLINE, check=True)
            (packed,) = home.glob("*.tgz")
            with tarfile.open(packed) as archive:
                archive.extract(SCHEMA, home, filter="data")
    return home / SCHEMA


def test_every_entry_of_the_map_is_in_the_schema() -> None:
    """Listings, items, cart and events: nothing is switched off."""
    shop = reader.load("shopify")
    fitted, findings = fit(shop, schema_from_file(str(storefront_schema())))
    assert [finding for finding in findings if not finding.found] == []
    assert fitted == shop
    assert len(findings) == 18


def test_a_draft_says_what_the_map_says() -> None:
    """`personalize map` finds the same lists, products and carts by itself."""
    schema, by_hand = schema_from_file(str(storefront_schema())), reader.load("shopify")
    drafted = reader.read(draft(schema, name="shopify").text)
    assert set(drafted.listings) == set(by_hand.listings)
    for where, ours in by_hand.listings.items():
        found = drafted.listings[where]
        assert (found.paged, found.edges, found.items, found.total) == (ours.paged, ours.edges, ours.items, ours.total)
        assert (found.sort, found.term) == (ours.sort, ours.term)
        assert set(map(str, ours.neutral)) <= set(map(str, found.neutral))
    for kind, item in by_hand.items.items():
        found_item = drafted.items[kind]
        assert (found_item.id, found_item.title) == (item.id, item.title)
        assert (found_item.price, found_item.currency) == (item.price, item.currency)
    ours_cart, cart = by_hand.carts["Cart"], drafted.carts["Cart"]
    assert (cart.id, cart.item, cart.variant, cart.price) == (
        ours_cart.id, ours_cart.item, ours_cart.variant, ours_cart.price,
    )  # fmt: skip
    assert set(by_hand.events) <= set(drafted.events)
