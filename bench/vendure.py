"""Throughput on a real Vendure: the shop alone against the gateway in front of it, both on the same cores."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean

from bench import listings, visitors
from bench.cores import Cores
from bench.gateway import faults, personalising, profiles_missed
from bench.listings import Mix
from bench.load import Measured, Request, measure
from bench.noise import Others, Patience
from bench.questions import of_visitor
from bench.ranker import FOLDER
from bench.report import Result, machine, middle, ratio, say, table, tell_of_others, told_of_model
from bench.servers import Server, free_port, python, running

PREPARE_SECONDS = 700.0
LISTINGS = 50
MOST_REQUESTS = 3_000  # a second; more are not made ready
ALONE, COLD, WARM = "Vendure alone", "gateway, first pass", "gateway, warm"


@dataclass(frozen=True, slots=True)
class Ask:
    """What the command line asked for."""

    model: Path
    products: int
    connections: int
    seconds: float
    rounds: int
    share_ttl: float
    patience: Patience


def run(ask: Ask) -> Result:
    """Requests a second and CPU of both, round by round."""
    found: dict[str, list[Measured]] = {ALONE: [], COLD: [], WARM: []}
    missed: dict[str, list[float]] = {ALONE: [], COLD: [], WARM: []}
    free = Cores()  # nothing is pinned: both may use all cores there are
    others = Others()
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(vendure(ask.products))
        mix = listings.mix(shop.url, LISTINGS)
        signed, store_url = _remember(listings.products(shop.url))
        gateway = stack.enter_context(personalising(shop.url, free, ask.model, store_url, share_ttl=str(ask.share_ttl)))
        coming = mix.requests(signed, seed=1)

        def measured(at: Server, seconds: float, name: str = "") -> None:
            watched = {"shop": shop} if at is shop else {"gateway": gateway, "shop": shop}
            ask.patience.wait()
            before = profiles_missed(gateway)
            one = measure(at.url, _some(coming, seconds), ask.connections, watched, free, seconds, strict=False)
            if name:
                found[name].append(one)
                missed[name].append((profiles_missed(gateway) - before) / (one.rate * seconds))

        measured(shop, 2.0)  # Node compiles what it meets often
        measure(gateway.url, [listings.request(mix.inputs[0])], 1, {}, free)  # the plan, not the windows
        measured(gateway, ask.seconds, COLD)
        # Every visitor was here before: one at a time, since profiles that are read late are not read at all.
        first = [of_visitor(listings.request(mix.inputs[0]), one) for one in signed]
        measure(gateway.url, first, 1, {}, free, strict=False)
        for _ in range(ask.rounds):
            measured(shop, ask.seconds, ALONE)
            measured(gateway, 2.0)  # windows that went stale meanwhile are asked for again
            measured(gateway, ask.seconds, WARM)
        noise = others.share()
        trouble = {name: value for name, value in faults(gateway).items() if not name.startswith("gave_up")}
    result = {
        "machine": machine(free), "model": told_of_model(ask.model), "products": ask.products, "page": listings.TAKE,
        "listings": LISTINGS, "profiles": len(signed), "connections": ask.connections, "seconds": ask.seconds,
        "share_ttl": ask.share_ttl, "mix": _told(mix), "faults": trouble, "others": noise,
        "rows": [
            {
                "row": name, "hit_rate": _hits(name, passes), "without_profile": round(mean(missed[name]), 4),
                **middle(passes),
            }
            for name, passes in found.items()
        ],
        "ratios": {
            "requests/s, first pass / alone": _rate(found[COLD] * ask.rounds, found[ALONE]),
            "requests/s, warm / alone": _rate(found[WARM], found[ALONE]),
            "sustained/s, warm / alone": _rate(found[WARM], found[ALONE], "sustained"),
            "CPU of all processes, alone / warm": ratio(_all_cpu(found[ALONE]), _all_cpu(found[WARM])),
        },
    }  # fmt: skip
    _show(result)
    return result


@contextlib.contextmanager
def vendure(products: int) -> Iterator[Server]:
    """A real Vendure with so many generated products, as its own process; installed and populated first if need be."""
    command = python("tests.vendure.server", "--products", str(products))
    subprocess.run([*command, "--prepare"], check=True, timeout=PREPARE_SECONDS, stdout=subprocess.DEVNULL)
    port = free_port()
    url = f"http://127.0.0.1:{port}/shop-api"
    with running([*command, "--port", str(port)], url, url) as shop:
        yield shop


def _remember(shown: list[visitors.Product]) -> tuple[list[str], str]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("vendure.sqlite*"):
        path.unlink()
    store_url = f"sqlite:///{(FOLDER / 'vendure.sqlite').resolve()}"
    return visitors.remember(store_url, shown), store_url


def _some(coming: Iterator[Request], seconds: float) -> list[Request]:
    return list(islice(coming, int(MOST_REQUESTS * seconds)))


def _hits(name: str, passes: list[Measured]) -> float | None:
    """The share of answers for which the shop was not asked; what a fill asks behind is not counted."""
    return None if name == ALONE else round(1 - sum(one.asked for one in passes) / len(passes), 4)


def _rate(above: list[Measured], below: list[Measured], figure: str = "rate") -> Result:
    return ratio([getattr(one, figure) for one in above], [getattr(one, figure) for one in below])


def _all_cpu(passes: list[Measured]) -> list[float]:
    return [sum(one.cpu.values()) for one in passes]


def _told(mix: Mix) -> list[dict[str, object]]:
    whole = sum(mix.weights)
    return [{**one, "share": round(weight / whole, 4)} for one, weight in zip(mix.inputs, mix.weights, strict=True)]


def _show(result: Result) -> None:
    rows = []
    for row in result["rows"]:
        hits = "-" if row["hit_rate"] is None else f"{row['hit_rate']:.1%}"
        cpu = row["cpu"]
        used = [f"{cpu[name]:.3f}" if name in cpu else "-" for name in ("gateway", "shop")]
        shares = [hits, f"{row['failed']:.1%}", f"{row['without_profile']:.1%}"]
        rows.append(
            [row["row"], *used, row["p50"], row["p99"], f"{row['rate']:.0f}", f"{row['sustained']:.0f}", *shares]
        )
    title = (
        f"Vendure with {result['products']:,} products, {result['listings']} listings, "
        f"{result['connections']} at once; ms per request"
    )
    table(
        title,
        ["", "CPU gateway", "CPU shop", "p50", "p99", "requests/s", "sustained", "hits", "failed", "no profile"],
        rows,
    )
    ratios = [[name, one["median"], one["least"], one["most"]] for name, one in result["ratios"].items()]
    table("ratios", ["", "median", "least", "most"], ratios)
    tell_of_others(result["others"])
    say(f"faults: {result['faults']}")
