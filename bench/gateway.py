"""Gateway processes with the settings of a benchmark, and the demo shop and its replay that they stand in front of."""

from __future__ import annotations

import re
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from bench.cores import Cores
from bench.servers import Server, free_port, python, running
from bench.visitors import SECRET

SHARE_SECONDS = "60"
SERVE = "from personalize.cli import main; main(['serve'])"


def gateway(shop_url: str, cores: Cores, **settings: str) -> AbstractContextManager[Server]:
    """A gateway in front of a shop, up when it knows the shop's schema; `settings` by their names in the docs."""
    port, operator = free_port(), free_port()
    given = {
        "shop_url": shop_url, "port": str(port), "operator_port": str(operator), "secret": SECRET,
        "store_url": "memory://", "share_ttl": SHARE_SECONDS, **settings,
    }  # fmt: skip
    environ = {f"PERSONALIZE_{name.upper()}": value for name, value in given.items()}
    url = f"http://127.0.0.1:{port}/graphql"
    probe = f"http://127.0.0.1:{operator}/readyz"
    return running([sys.executable, "-c", SERVE], url, probe, environ, cores=cores)


def faults(gateway: Server) -> dict[str, float]:
    """What the gateway counted as faults so far, by kind and reason."""
    told = httpx.get(gateway.probe.replace("/readyz", "/metrics"), timeout=5.0).text
    found = {}
    for line in told.splitlines():
        if line.startswith("personalize_faults_total"):
            labels, _, value = line.rpartition(" ")
            kind, reason = re.findall(r'"([^"]*)"', labels)
            found[f"{kind}/{reason}"] = float(value)
    return found


def profiles_missed(gateway: Server) -> float:
    """How many visitors so far were answered without the profile they have."""
    told = faults(gateway)
    return sum(told.get(f"profile/{reason}", 0.0) for reason in ("late", "unreadable", "store_paused"))


def passing(shop_url: str, cores: Cores) -> AbstractContextManager[Server]:
    """A gateway with everything off."""
    return gateway(shop_url, cores, strategies="off")


def personalising(
    shop_url: str, cores: Cores, model: Path, store_url: str, **settings: str
) -> AbstractContextManager[Server]:
    """A gateway that ranks with a model."""
    return gateway(shop_url, cores, model=str(model.resolve()), store_url=store_url, **settings)


def demo_shop(cores: Cores) -> AbstractContextManager[Server]:
    """The demo shop as its own process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/shop-api"
    return running(python("personalize.demo.shop", "--port", str(port)), url, url, cores=cores)


def replay(shop: Server, cores: Cores) -> AbstractContextManager[Server]:
    """The static shop: what the demo shop said, repeated."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/shop-api"
    return running(python("bench.replay", "--shop", shop.url, "--port", str(port)), url, url, cores=cores)
