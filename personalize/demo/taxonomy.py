"""The demo shop's facets and its tree of collections, numbered like a shop's rows (ids are decimal strings)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from personalize.demo.catalogue import Collection, Facet, FacetValue, Text
from personalize.demo.source import read

ROOT = Collection("1", None, 0, "__root_collection__", Text("__root_collection__", "__root_collection__"))
SPECIAL = (
    ("all", Text("Everything", "Alles")),
    ("new-in", Text("New in", "Neu eingetroffen")),
    ("gifts", Text("Gifts", "Geschenke")),
)


def _text(row: dict[str, Any]) -> Text:
    return Text(row["en"], row["de"])


def facets() -> tuple[Facet, ...]:
    """All facets; ids of facets and of values count from 1, each on its own."""
    brand = read("brand")
    tables: list[tuple[str, Text, list[tuple[str, Text]]]] = [
        ("category", Text("Category", "Kategorie"), [(c["code"], _text(c)) for c in read("categories")["category"]]),
        ("line", Text("Line", "Linie"), [(line["code"], Text(line["name"], line["name"])) for line in brand["line"]]),
        ("colour", Text("Colour", "Farbe"), [(code, _text(row)) for code, row in read("colours")["colours"].items()]),
        (
            "material",
            Text("Material", "Material"),
            [(code, Text(row["en"], row.get("facet_de", row["de"]))) for code, row in read("materials").items()],
        ),
        ("season", Text("Season", "Saison"), [(row["code"], _text(row)) for row in brand["season"]]),
        ("occasion", Text("Occasion", "Anlass"), [(row["code"], _text(row)) for row in brand["occasion"]]),
        ("weather", Text("Weather", "Wetter"), [(row["code"], _text(row)) for row in brand["weather"]]),
    ]
    made: list[Facet] = []
    number = 0
    for at, (code, name, rows) in enumerate(tables, start=1):
        values = [FacetValue(str(number + n), str(at), *row) for n, row in enumerate(rows, start=1)]
        number += len(values)
        made.append(Facet(str(at), code, name, tuple(values)))
    return tuple(made)


def collections() -> tuple[Collection, ...]:
    """The tree without its products: root, the special ones, departments, then the categories below them."""
    tree = [ROOT]
    for slug, name in SPECIAL:
        tree.append(Collection(str(len(tree) + 1), "1", len(tree), slug, name))
    departments: dict[str, str] = {}
    for row in read("categories")["department"]:
        identity = str(len(tree) + 1)
        departments[row["code"]] = identity
        tree.append(Collection(identity, "1", len(tree) - 1, row["code"], _text(row)))
    for at, row in enumerate(read("categories")["category"], start=1):
        tree.append(Collection(str(len(tree) + 1), departments[row["department"]], at, row["code"], _text(row)))
    return tuple(tree)


def slugs_of(department: str, category: str, occasions: Iterable[str], *, new: bool) -> set[str]:
    """The slugs of the collections that a product belongs to; `new` says whether it is among the newest."""
    slugs = {"all", department, category}
    if new:
        slugs.add("new-in")
    if "gift" in occasions:
        slugs.add("gifts")
    return slugs


def fill(tree: Sequence[Collection], ranked: Iterable[tuple[int, tuple[str, ...]]]) -> tuple[Collection, ...]:
    """`tree` with its products: `ranked` yields (product index, collection ids) in the merchandiser's order."""
    members: dict[str, list[int]] = {collection.id: [] for collection in tree}
    for index, ids in ranked:
        for identity in ids:
            members[identity].append(index)
    return tuple(replace(collection, products=tuple(members[collection.id])) for collection in tree)
