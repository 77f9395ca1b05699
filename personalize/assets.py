"""Where the files that are not Python lie: shop maps and operations in `graphql/`, artefacts in `models/`."""

from __future__ import annotations

from pathlib import Path

from personalize.errors import MapError, PersonalizeError
from personalize.registry import nearest

PACKAGE = Path(__file__).resolve().parent
ROOTS = (PACKAGE / "_data", PACKAGE.parent)
"""The wheel's copy first, then the checkout this file lies in."""


class AssetError(PersonalizeError):
    """A file that belongs to the package is not there."""

    code = "ASSET_MISSING"


def find(folder: str, *parts: str) -> Path:
    """The path of a file or folder under `graphql` or `models`; raises `AssetError` if it is nowhere."""
    for root in ROOTS:
        path = root.joinpath(folder, *parts)
        if path.exists():
            return path
    raise AssetError(
        f"{'/'.join((folder, *parts))} was not found in the package or the checkout",
        hint="reinstall the package, or run from a complete checkout",
    )


def shop_maps() -> tuple[str, ...]:
    """The names of all shop maps that come with the package, sorted."""
    try:
        return tuple(sorted(path.stem for path in find("graphql", "shops").glob("*.graphql")))
    except AssetError:
        return ()


def shop_map(name: str) -> Path:
    """The shop map of that name, or the file at that path; raises `MapError` with the nearest name."""
    if name.endswith((".graphql", ".graphqls", ".gql")) or "/" in name or "\\" in name:
        path = Path(name)
        if path.is_file():
            return path
        raise MapError(f"shop map file {name!r} does not exist", hint="give a path to a .graphql file or a map's name")
    known = shop_maps()
    if name not in known:
        expected = ", ".join(known) or "none"
        raise MapError(f"unknown shop map {name!r}, expected a path or one of: {expected}", hint=nearest(name, known))
    return find("graphql", "shops", f"{name}.graphql")
