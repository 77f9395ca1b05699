"""The house stands on floors: a file imports only lower floors or its own folder, and nothing runs in a circle."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "personalize"

FLOORS = [
    {"errors", "telemetry", "trees"},
    {"domain"},
    {"registry"},
    {"settings", "assets"},
    {"stores", "caches", "signals", "shops", "features"},
    {"artefact", "visitors", "events"},
    {"decisions", "experiments", "places"},
    {"guardrails"},
    {"learning"},
    {"gateway"},
    {"console"},
    {"app"},
    {"serving"},
    {"demo"},
    {"cli"},
    {"__main__"},
]
GATEWAY = ["offers", "edge", "document", "listing", "pricing", "ours"]
"""The floors inside the gateway; the files beside them are the way of a request, on top of all six."""
LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}
BANNED = {"utils", "helpers", "common", "core", "manager", "service", "models", "graphql", "types"}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts)


def room(path: Path) -> str:
    """The top-level room a file stands in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path, *, types: bool = True) -> set[str]:
    """The modules of this package that a file imports, wherever in the file; without `types`, those at run time."""
    found = set()
    tree = ast.parse(path.read_text("utf-8"))
    if not types:
        blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
        for block in blocks:
            block.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return {name for name in found if name.split(".")[0] == "personalize"}


def module_of(name: str) -> str | None:
    """The dotted name of the module an import leads to, None where it names something in a package's __init__."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:size])
        if path.with_suffix(".py").is_file():
            return ".".join(parts[:size])
        if size == len(parts) and (path / "__init__.py").is_file():
            return f"{name}.__init__"
    return None


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_lower_floors_or_its_own_folder(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert not imported(path)
        return
    own = room(path)
    assert own in LEVEL, f"room {own!r} has no floor: give it one"
    for name in imported(path):
        parts = name.split(".")
        if len(parts) == 1 or parts[1] == own or parts[1] not in LEVEL:
            continue
        assert LEVEL[parts[1]] < LEVEL[own], f"{path.relative_to(ROOT)} imports {name} of a floor that is not lower"


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "gateway").glob("*/*.py")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_the_gateways_folders_stand_on_each_other(path: Path) -> None:
    below = GATEWAY[: GATEWAY.index(path.parent.name) + 1]
    for name in imported(path):
        parts = name.split(".")
        if parts[1:2] == ["gateway"] and len(parts) > 2:
            assert parts[2] in below, f"{path.relative_to(ROOT)} imports {name} of a floor that is not lower"


def test_no_circles() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        graph[own] = {found for name in imported(path, types=False) if (found := module_of(name)) and found != own}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports run in a circle: {' -> '.join(error.args[1])}")


def test_rooms_have_telling_names() -> None:
    names = {part.removesuffix(".py") for path in FILES for part in path.relative_to(PACKAGE).parts}
    assert not names & BANNED


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_what_lives_here(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert said, f"{path} has no docstring"
    assert said.splitlines()[0].endswith("."), f"{path}: the first line is one sentence"


def test_the_gateway_knows_no_plugs_name() -> None:
    from personalize.registry import SOCKETS

    plugs = {name for table in SOCKETS.values() for name in table} - {"memory", "offer"}  # words of their own
    for path in (PACKAGE / "gateway").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        words = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert not words & plugs - {"shop_order"}, f"{path.name} names a plug"
