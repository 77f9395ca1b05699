"""Requests side by side: proxies before a static shop; all off, cold, private and warm before a live one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import nginx, questions, visitors
from bench.cores import Cores
from bench.gateway import demo_shop, faults, passing, personalising, profiles_missed, replay
from bench.hive import install as hive
from bench.load import Measured, Request, measure
from bench.noise import Others, Patience
from bench.ranker import FOLDER
from bench.report import Result, difference, machine, middle, ratio, say, table, tell_of_others, told_of_model
from bench.servers import Server, free_port, running
from personalize.demo.catalogue import Catalogue

WARM_UP = 400  # requests a row before the first round
PROXY_WARM_UP = 2_000  # Node compiles what it meets often
LEAD_IN = 40  # requests before each measurement
MOST = 0.95  # share of the answers that have to be what their row says, or the row is not told
FEWER = 5  # rows that cost much more are asked so many times less

STATIC, NGINX, HIVE, OFF = "static shop alone", "nginx", "Hive Gateway", "all off"
SHOP, SHOP_OFF = "demo shop alone", "all off, demo shop"
COLD, PRIVATE, WARM = "cold listing each time", "private window", "warm"

Load = Callable[[int], tuple[list[Request], list[Request]]]
"""So many requests, and before them those that prepare them."""


@dataclass(slots=True)
class Row:
    """One row: where to send, what to send, which processes to watch; `found` by number of connections."""

    name: str
    server: Server
    load: Load
    watched: dict[str, Server]
    personal: bool = False
    dear: bool = False
    found: dict[int, list[Measured]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """What the command line asked for."""

    model: Path
    requests: int
    connections: tuple[int, ...]
    rounds: int
    patience: Patience


def run(ask: Ask, catalogue: Catalogue, cores: Cores) -> Result:
    """Start everything, measure all rows round by round, and tell."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    store = FOLDER / "requests.sqlite"
    for path in FOLDER.glob("requests.sqlite*"):
        path.unlink()
    store_url = f"sqlite:///{store.resolve()}"
    signed = visitors.remember(store_url, visitors.products(catalogue))
    skipped: dict[str, str] = {}
    others = Others()
    with contextlib.ExitStack() as stack:
        rows = _rows(ask.model, store_url, signed, cores, stack, skipped)
        for row in reversed(rows):  # the warm one first, one at a time: it gets all visitors into memory
            count = len(signed) if row.name == WARM else PROXY_WARM_UP if row.name in (NGINX, HIVE, OFF) else WARM_UP
            _measure(row, count, 1 if row.name == WARM else 8, cores)
        for at in range(ask.rounds):
            for connections in ask.connections:
                for row in rows[at % len(rows) :] + rows[: at % len(rows)]:
                    ask.patience.wait()
                    found = _measure(row, ask.requests, connections, cores)
                    row.found.setdefault(connections, []).append(found)
            say(f"round {at + 1} of {ask.rounds} done")
        noise = others.share()
    by_name = {row.name: row for row in rows}
    result = {
        "machine": machine(cores, **_versions(skipped)), "model": told_of_model(ask.model), "page": questions.TAKE,
        "window": 200, "profiles": len(signed), "events": visitors.EVENTS, "requests": ask.requests,
        "rounds": ask.rounds, "skipped": skipped, "others": noise,
        "rows": [
            {"row": row.name, "connections": connections, **middle(found)}
            for row in rows for connections, found in row.found.items()
        ],
        "ratios": {str(connections): _ratios(by_name, connections) for connections in ask.connections},
    }  # fmt: skip
    _show(result)
    return result


def _rows(
    model: Path, store_url: str, signed: list[str], cores: Cores, stack: contextlib.ExitStack, skipped: dict[str, str]
) -> list[Row]:
    shop = stack.enter_context(demo_shop(cores))
    static = stack.enter_context(replay(shop, cores))
    rows = [Row(STATIC, static, _plain, {"shop": static})]
    for name, proxy in _proxies(static, cores, skipped):
        server = stack.enter_context(proxy)
        rows.append(Row(name, server, _plain, {"proxy": server, "shop": static}))
    off = stack.enter_context(passing(static.url, cores))
    rows.append(Row(OFF, off, _plain, {"proxy": off, "shop": static}))
    rows.append(Row(SHOP, shop, _plain, {"shop": shop}))
    shop_off = stack.enter_context(passing(shop.url, cores))
    rows.append(Row(SHOP_OFF, shop_off, _plain, {"proxy": shop_off, "shop": shop}))
    gateway = stack.enter_context(personalising(shop.url, cores, model, store_url))
    both, tags = {"proxy": gateway, "shop": shop}, questions.tags()
    rows += [
        Row(COLD, gateway, lambda n: ([], questions.cold(signed, tags, n)), both, personal=True, dear=True),
        Row(PRIVATE, gateway, lambda n: ([], questions.private(signed, tags, n)), both, personal=True, dear=True),
        Row(WARM, gateway, lambda n: questions.known(signed, tags, n), both, personal=True),
    ]
    return rows


def _proxies(
    shop: Server, cores: Cores, skipped: dict[str, str]
) -> Iterator[tuple[str, contextlib.AbstractContextManager[Server]]]:
    path = shop.url.rpartition("/")[2]
    binary, port = nginx.found(), free_port()
    if binary is None:
        skipped[NGINX] = nginx.ABSENT
    else:
        url = f"http://127.0.0.1:{port}/{path}"
        yield NGINX, running(nginx.command(binary, shop.url, port, FOLDER / "nginx"), url, url, cores=cores)
    port = free_port()
    try:
        command, home = hive.command(shop.url, port, FOLDER)
    except hive.HiveError as error:
        skipped[HIVE] = str(error)
        return
    url = f"http://127.0.0.1:{port}/graphql"
    yield HIVE, running(command, url, url, hive.environment(), cores=cores, cwd=home)


def _plain(count: int) -> tuple[list[Request], list[Request]]:
    return [], questions.distinct(count)


def _measure(row: Row, count: int, connections: int, cores: Cores) -> Measured:
    count = max(count // FEWER, 1) if row.dear else count
    prepare, load = row.load(count)
    for request in prepare:  # twice: the first asks the shop, the second finds the window
        for _ in range(2):
            measure(row.server.url, [request], 1, {}, cores)
    if not prepare:
        measure(row.server.url, row.load(LEAD_IN)[1], connections, {}, cores)
    missed = profiles_missed(row.server) if row.personal else 0.0
    found = measure(row.server.url, load, connections, row.watched, cores)
    if row.personal:
        _check(row, found, (profiles_missed(row.server) - missed) / count)
    return found


def _check(row: Row, found: Measured, missed: float) -> None:
    """RuntimeError where a row is not what it says: not personalised, not warm, or without the visitors' profiles."""
    if found.personal < MOST or missed > 1 - MOST or (row.name == WARM and found.asked > 1 - MOST):
        raise RuntimeError(
            f"{row.name}: {found.personal:.0%} of the pages were personalised, {missed:.0%} without the profile, "
            f"the shop was asked for {found.asked:.0%}; faults: {faults(row.server)}"
        )


def _versions(skipped: dict[str, str]) -> dict[str, str]:
    told = {}
    if NGINX not in skipped and (binary := nginx.found()) is not None:
        told["nginx"] = nginx.version(binary)
    if HIVE not in skipped:
        told |= {"hive_gateway": hive.version(), "node": hive.node_version()}
    return told


def _ratios(rows: dict[str, Row], connections: int) -> Result:
    """What the targets are about, each within one round."""

    def cpu(name: str) -> list[float]:
        return [one.cpu["proxy"] for one in rows[name].found[connections]]

    def each(name: str, figure: str) -> list[float]:
        return [float(getattr(one, figure)) for one in rows[name].found[connections]]

    told = {
        "CPU, all off / nginx": ratio(cpu(OFF), cpu(NGINX)) if NGINX in rows else None,
        "CPU, all off / Hive Gateway": ratio(cpu(OFF), cpu(HIVE)) if HIVE in rows else None,
        "CPU, warm / all off": ratio(cpu(WARM), cpu(OFF)),
        "requests/s, warm / demo shop alone": ratio(each(WARM, "rate"), each(SHOP, "rate")),
    }
    if connections == 1:  # with many at once the time is spent waiting for the others
        told["p50 ms, warm - all off"] = difference(each(WARM, "p50"), each(OFF, "p50"))
        told["p50 ms, warm - all off, demo shop"] = difference(each(WARM, "p50"), each(SHOP_OFF, "p50"))
    return {name: value for name, value in told.items() if value is not None}


def _show(result: Result) -> None:
    rows = []
    for row in result["rows"]:
        cpu = row["cpu"]
        used = [f"{cpu[name]:.3f}" if name in cpu else "-" for name in ("proxy", "shop")]
        memory = row["memory_mib"].get("proxy", "-")
        rows.append([row["row"], row["connections"], *used, row["p50"], row["p99"], f"{row['rate']:.0f}", memory])
    for name, why in result["skipped"].items():
        rows.append([f"{name}: skipped, {why}", *["-"] * 7])
    model = result["model"]
    title = f"ms per request; {model['trees']} trees of {model['leaves']} leaves, {model['features']} features"
    table(title, ["", "at once", "CPU proxy", "CPU shop", "p50", "p99", "requests/s", "MiB"], rows)
    ratios = [
        [name, connections, one["median"], one["least"], one["most"]]
        for connections, told in result["ratios"].items()
        for name, one in told.items()
    ]
    tell_of_others(result["others"])
    table("within rounds", ["", "at once", "median", "least", "most"], ratios)
