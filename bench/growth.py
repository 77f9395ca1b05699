"""How the cost of a warm page grows: with the window, with the trees of the model, with the visitor's history."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import questions, visitors
from bench.cores import Cores
from bench.forest import cut
from bench.gateway import demo_shop, faults, personalising, profiles_missed
from bench.load import Measured, measure
from bench.noise import Others, Patience
from bench.ranker import FOLDER
from bench.report import Result, machine, middle, table, tell_of_others, told_of_model
from bench.servers import Server
from bench.visitors import Product, history
from personalize import assets
from personalize.demo.catalogue import Catalogue

WINDOWS = (24, 50, 100, 200, 350, 500)
TREES = (50, 100, 200, 400, 800)
HISTORIES = (10, 100, 1_000, 10_000)
LISTING = "all"  # the demo shop's longest
VISITORS = 100
DISTINCT = 3  # profiles of one size that differ: 10,000 events take a second to fold
EVERYBODY = 0.95

Point = tuple[Server, list[str]]
"""A gateway, and the visitors who ask it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the command line asked for."""

    requests: int
    rounds: int
    patience: Patience


def run(model: Path, demo: Path, ask: Ask, catalogue: Catalogue, cores: Cores) -> Result:
    """CPU milliseconds and p50 of a warm page at every point of the three curves; `demo` holds the log to train on."""
    shown = visitors.products(catalogue)
    tags = questions.tags()
    others = Others()
    with demo_shop(cores) as shop, contextlib.ExitStack() as stack:
        curves = {
            "window": _curve(_windows(stack, shop, model, shown, cores), tags, ask, cores),
            "trees": {},
            "history": {},
        }
        stack.pop_all().close()
        curves["trees"] = _curve(_forests(stack, shop, demo, shown, cores), tags, ask, cores)
        stack.pop_all().close()
        curves["history"] = _curve(_histories(stack, shop, model, shown, cores), tags, ask, cores)
        noise = others.share()
        stack.pop_all().close()
    result = {
        "machine": machine(cores), "model": told_of_model(model), "page": questions.TAKE, "requests": ask.requests,
        "rounds": ask.rounds, "others": noise, "curves": curves,
    }  # fmt: skip
    _show(result)
    return result


def _curve(points: Mapping[int, Point], tags: Iterator[str], ask: Ask, cores: Cores) -> dict[str, Result]:
    found: dict[int, list[Measured]] = {size: [] for size in points}
    for at in range(ask.rounds + 1):  # the first round is not told: it loads the profiles
        for size, (server, signed) in points.items():
            warm_up, load = questions.known(signed, tags, ask.requests, LISTING)
            for one in (*warm_up, *warm_up):
                measure(server.url, [one], 1, {}, cores)
            ask.patience.wait()
            missed = profiles_missed(server)
            one_pass = measure(server.url, load, 1, {"proxy": server}, cores)
            missed = (profiles_missed(server) - missed) / len(load)
            if at and min(one_pass.personal, 1 - one_pass.asked, 1 - missed) < EVERYBODY:
                raise RuntimeError(f"at {size} the pages were not warm and personalised: {faults(server)}")
            if at:
                found[size].append(one_pass)
    return {str(size): middle(passes) for size, passes in found.items()}


def _windows(
    stack: contextlib.ExitStack, shop: Server, model: Path, shown: list[Product], cores: Cores
) -> dict[int, Point]:
    store_url = _store("windows")
    signed = visitors.remember(store_url, shown, visitors=VISITORS)
    told = assets.shop_map("vendure").read_text("utf-8")
    points = {}
    for size in WINDOWS:
        path = FOLDER / f"window-{size}.graphql"
        path.write_text(told.replace("window: 200", f"window: {size}"), "utf-8")
        gateway = personalising(shop.url, cores, model, store_url, shop=str(path.resolve()))
        points[size] = (stack.enter_context(gateway), signed)
    return points


def _forests(
    stack: contextlib.ExitStack, shop: Server, demo: Path, shown: list[Product], cores: Cores
) -> dict[int, Point]:
    store_url = _store("forests")
    signed = visitors.remember(store_url, shown, visitors=VISITORS)
    models = cut(demo / "events.jsonl.gz", demo, TREES)
    return {
        size: (stack.enter_context(personalising(shop.url, cores, models[size], store_url)), signed) for size in TREES
    }


def _histories(
    stack: contextlib.ExitStack, shop: Server, model: Path, shown: list[Product], cores: Cores
) -> dict[int, Point]:
    store_url = _store("histories")
    now, rng = time.time(), random.Random(7)
    signed = {}
    for size in HISTORIES:
        made = [history(shown, size, rng, now) for _ in range(DISTINCT)] * VISITORS
        signed[size] = visitors.put(store_url, made[:VISITORS], f"history-{size}")
    server = stack.enter_context(personalising(shop.url, cores, model, store_url))
    return {size: (server, signed[size]) for size in HISTORIES}


def _store(name: str) -> str:
    for path in FOLDER.glob(f"{name}.sqlite*"):
        path.unlink()
    return f"sqlite:///{(FOLDER / f'{name}.sqlite').resolve()}"


def _show(result: Result) -> None:
    for name, curve in result["curves"].items():
        rows = [[size, f"{point['cpu']['proxy']:.3f}", f"{point['p50']:.3f}"] for size, point in curve.items()]
        table(f"a warm page of {result['page']}, by {name}", [name, "CPU ms", "p50 ms"], rows)
    tell_of_others(result["others"])
