"""The cache of the test shop in `.cache/`: Vendure's packages and the populated databases, each made once.

`.cache/vendure-<hash of the lockfile>/` holds the packages; below it `shop-<hash of the scripts>/` holds the scripts,
`products-<n>.sqlite` and logs. Node finds the packages from the scripts by climbing up.
"""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.vendure.node import node_environment, npm_command

SOURCE = Path(__file__).parent
ROOT = SOURCE.parents[1] / ".cache"
PACKAGES = ("package.json", "package-lock.json", ".npmrc")
INSTALL_DEADLINE = 240.0  # seconds; 10 to 25 are usual
POPULATE_DEADLINE = 400.0  # seconds; 10 are usual, 60 for 3,000 generated products
MAX_PRODUCTS = 20_000
LOGS_KEPT = 20


class VendureError(RuntimeError):
    """The test shop could not be installed, populated or started; the message ends with the tail of its log."""


def populated(products: int = 0) -> Path:
    """The saved database with the sample data and so many generated products, made now if it is not there yet.

    Safe to call from several processes at once: one does the work, the others wait for it.
    """
    if not 0 <= products <= MAX_PRODUCTS:
        raise ValueError(f"products: {products}, expected 0 to {MAX_PRODUCTS}")
    home = ROOT / f"vendure-{_hash(SOURCE / name for name in PACKAGES)}"
    shop = home / f"shop-{_hash(sorted(SOURCE.glob('*.cjs')))}"
    database = shop / f"products-{products}.sqlite"
    if database.exists():  # it appears by a rename, whole or not at all
        return database
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / "lock"):
        _install(home)
        _copy_scripts(shop)
        if not database.exists():
            command = ["node", "populate.cjs", str(database), str(products)]
            _run(command, shop, shop / f"populate-{products}.log", POPULATE_DEADLINE)
    return database


def new_log(shop: Path) -> Path:
    """The next free name for a server's log; the oldest logs go."""
    logs = shop / "logs"
    logs.mkdir(exist_ok=True)
    numbers = sorted(int(path.stem) for path in logs.glob("*.log"))
    for number in numbers[:-LOGS_KEPT]:
        (logs / f"{number}.log").unlink(missing_ok=True)
    for number in range((numbers or [0])[-1] + 1, 10**9):
        try:
            (logs / f"{number}.log").touch(exist_ok=False)
        except FileExistsError:  # another process took it
            continue
        return logs / f"{number}.log"
    raise VendureError(f"{logs} is full")


def tail(log: Path, lines: int = 30) -> str:
    """The end of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _install(home: Path) -> None:
    if (home / "installed").exists():
        return
    for name in PACKAGES:
        shutil.copyfile(SOURCE / name, home / name)
    _run([*npm_command(node_environment()), "ci", "--no-progress"], home, home / "install.log", INSTALL_DEADLINE)
    (home / "installed").touch()


def _copy_scripts(shop: Path) -> None:
    shop.mkdir(exist_ok=True)
    for script in SOURCE.glob("*.cjs"):
        shutil.copyfile(script, shop / script.name)


def _run(command: list[str], folder: Path, log: Path, deadline: float) -> None:
    with log.open("wb") as sink:
        try:
            done = subprocess.run(
                command, cwd=folder, env=node_environment(), stdout=sink, stderr=sink, timeout=deadline, check=False
            )
        except subprocess.TimeoutExpired:
            raise VendureError(f"{command[-3:]} took over {deadline:.0f} s\n{tail(log)}") from None
    if done.returncode != 0:
        raise VendureError(f"{command[-3:]} ended with {done.returncode}; its log {log}:\n{tail(log)}")


def _hash(files: Iterator[Path] | list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the work under it has its own deadlines, so this wait is bounded
        yield
