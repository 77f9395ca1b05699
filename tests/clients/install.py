"""The clients' packages in `.cache/clients-<hash>/`, installed once, and Node run over the scripts of `js/` there."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.vendure.node import node_environment, npm_command

SOURCE = Path(__file__).parent
ROOT = SOURCE.parents[1] / ".cache"
PACKAGES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_DEADLINE = 240.0  # seconds; 5 to 15 are usual
RUN_DEADLINE = 90.0  # seconds; 1 or 2 are usual, more when all cores are busy
SCRIPTS_KEPT = 4


class NodeError(RuntimeError):
    """Packages could not be installed or a script failed; the message ends with what it said."""


@cache
def environment() -> dict[str, str]:
    """The environment to run Node in; looked up once."""
    return node_environment()


@cache
def installed() -> Path:
    """The folder with the packages, made now if it is not there yet.

    Safe to call from several processes at once.
    """
    home = ROOT / f"clients-{_hash([SOURCE / name for name in PACKAGES])}"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # what is done under it has a deadline, so this wait is bounded
        if not (home / "installed").exists():
            _install(home)
    return home


def scripts() -> Path:
    """The scripts as they are now, copied beside their packages: Node finds packages by climbing up from a script."""
    files = sorted((SOURCE / "js").iterdir())
    home = installed()
    folder = home / f"js-{_hash(files)}"
    if not folder.exists():
        for old in sorted(home.glob("js-*"), key=lambda one: one.stat().st_mtime)[:-SCRIPTS_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    for file in files:
        if not (folder / file.name).exists():
            shutil.copyfile(file, folder / file.name)
    return folder


async def node(script: str, *arguments: str) -> Any:
    """What a script of `js/` prints, read as JSON. Raises NodeError with what it said where it fails."""
    return json.loads(await run("node", str(scripts() / script), *arguments))


async def run(*command: str, cwd: Path | None = None) -> str:
    """What a command prints. Raises NodeError where it fails or is not done in time."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RUN_DEADLINE):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NodeError(f"{command[:3]} took over {RUN_DEADLINE:.0f} s") from None
    if process.returncode != 0:
        said = f"{out.decode()[-2000:]}\n{err.decode()[-4000:]}"
        raise NodeError(f"{command[:3]} ended with {process.returncode}\n{said}")
    return out.decode()


def _install(home: Path) -> None:
    for name in PACKAGES:
        shutil.copyfile(SOURCE / name, home / name)
    command = [*npm_command(environment()), "ci", "--no-progress"]
    try:
        done = subprocess.run(
            command, cwd=home, env=environment(), capture_output=True, timeout=INSTALL_DEADLINE, check=False
        )
    except subprocess.TimeoutExpired:
        raise NodeError(f"npm ci took over {INSTALL_DEADLINE:.0f} s") from None
    if done.returncode != 0:
        raise NodeError(f"npm ci ended with {done.returncode}\n{done.stderr.decode(errors='replace')[-4000:]}")
    (home / "installed").touch()


def _hash(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
