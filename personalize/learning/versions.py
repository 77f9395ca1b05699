"""The shelf: a folder of model versions and the pointer to the one that is served, moved by rename alone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from personalize.artefact import CARD, LIVE, MODEL, Artefact, current, load
from personalize.errors import ArtefactError

KEPT = 8  # versions whose model is kept; of older ones the card stays
CARDS = 200  # versions whose card is kept
STEPS = 16  # how many steps the pointer remembers
REPORT = "promotion.json"
WITHDRAWN = "withdrawn"  # in a folder of versions, the file that names those a rollback took back, a line each
_VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Shelf:
    """`folder/<created>-<checksum>/` holds a version each, `folder/live` names the one served, then those before it.

    `folder/withdrawn` names those that a rollback took back, the latest first; at most `CARDS`.
    """

    folder: Path

    def history(self) -> list[str]:
        """The version that is served, then those that were served before it, the latest first; [] where none is."""
        return self._named(LIVE)

    def withdrawn(self) -> list[str]:
        """The versions that a rollback took back and nobody let in again, the latest first."""
        return self._named(WITHDRAWN)

    def versions(self) -> list[str]:
        """All versions there are, the oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(one.name for one in self.folder.iterdir() if one.is_dir() and _VERSION.fullmatch(one.name))

    def publish(
        self, candidate: Path, report: bytes = b"", expected: list[str] | None = None, judged: str = "",
        again: str | None = None,
    ) -> str:  # fmt: skip
        """Copy an artefact in as a version and let the pointer name it; returns the version.

        `expected` is the history that the decision was made on, `judged` the version it was made of. `again` names the
        candidate where it may go live although it was withdrawn. ArtefactError where the candidate is unusable or
        withdrawn, either is another one by now, or the folder cannot be written; the pointer is then what it was.
        """
        version = name_of(load(candidate))
        if judged and version != judged:
            raise ArtefactError(
                f"{candidate} holds {version} by now, compared was {judged}",
                code="CANDIDATE_CHANGED",
                hint="Run `personalize promote` again.",
            )
        withdrawn = self.withdrawn()
        if back := recall(version, withdrawn, again):
            raise ArtefactError(
                f"{version} is refused: {back} was taken back by a rollback, and it is the same model",
                code="WITHDRAWN",
                hint=f"Train on newer events; or, where it is to go live after all, add `--again {back}`.",
            )
        history = self.history()
        if expected is not None and history != expected:
            raise ArtefactError(
                f"{self.folder} serves {history[:1] or 'nothing'} by now, the candidate was compared with "
                f"{expected[:1] or 'nothing'}",
                code="SHELF_MOVED",
                hint="Run `personalize promote` again.",
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._whole(version):
                self._bring(candidate, version)
            if report:
                _write(self.folder / version / REPORT, report)
            self._point([version, *(one for one in history if one != version)])
            if recall(version, withdrawn):
                self._withdraw([one for one in withdrawn if not recall(version, [one])])
            self._tidy()
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return version

    def rollback(self) -> tuple[str, str]:
        """Let the pointer name the version before; returns what was served and what is served now.

        What was served is withdrawn: `publish` refuses it from now on. ArtefactError where there is none before, or its
        model is unusable.
        """
        history = self.history()
        if len(history) < 2:
            raise ArtefactError(
                f"{self.folder} holds no version that was served before",
                code="NOTHING_BEFORE",
                hint="`personalize promote CANDIDATE` brings one; without a model unset `model`.",
            )
        load(self.folder / history[1])
        try:
            # First: a rollback cut short between the two is given again, one forgotten would be undone overnight.
            self._withdraw([history[0], *(one for one in self.withdrawn() if one != history[0])])
            self._point(history[1:])
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        return history[0], history[1]

    def _whole(self, version: str) -> bool:
        try:
            load(self.folder / version)
        except ArtefactError:
            return False
        return True

    def _bring(self, candidate: Path, version: str) -> None:
        """Copy beside, then rename: a version is there whole or not at all."""
        source = current(candidate)
        fresh, place = self.folder / f".{version}.{token_hex(4)}", self.folder / version
        try:
            fresh.mkdir()
            for name in (MODEL, CARD):
                _write(fresh / name, (source / name).read_bytes())
            if name_of(load(fresh)) != version:
                raise ArtefactError(f"{candidate} changed while it was copied", code="CANDIDATE_CHANGED")
            if place.exists():  # one whose model was let go, or that was cut short
                shutil.rmtree(place)
            fresh.rename(place)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _named(self, file: str) -> list[str]:
        try:
            lines = (self.folder / file).read_text("utf-8").split("\n")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise _unwritable(self.folder, error) from error
        return [line for line in map(str.strip, lines) if _VERSION.fullmatch(line)]

    def _withdraw(self, versions: list[str]) -> None:
        _write(self.folder / WITHDRAWN, "".join(f"{one}\n" for one in versions[:CARDS]).encode())

    def _point(self, history: list[str]) -> None:
        _write(self.folder / LIVE, "".join(f"{one}\n" for one in history[:STEPS]).encode())

    def _tidy(self) -> None:
        """Let go of what is beyond the stated numbers, the oldest first; never of what is or was just served."""
        safe = set(self.history()[:2])
        versions = [one for one in self.versions() if one not in safe]
        for version in versions[: -(KEPT - len(safe))]:
            (self.folder / version / MODEL).unlink(missing_ok=True)
        for version in versions[: -(CARDS - len(safe))]:
            shutil.rmtree(self.folder / version, ignore_errors=True)


def recall(version: str, withdrawn: Sequence[str], again: str | None = None) -> str | None:
    """Which of the versions that were taken back is this model, None where none is or `again` names it.

    The checksum decides: trained anew on the same events it has another time in its name, and the same trees.
    """
    checksum = version.rpartition("-")[2]
    found = next((one for one in withdrawn if one.rpartition("-")[2] == checksum), None)
    return None if found is not None and again in (found, version) else found


def name_of(artefact: Artefact) -> str:
    """`<created>-<checksum>` of an artefact, as its card has them; sorted by name is sorted by time."""
    try:
        created = datetime.fromisoformat(str(artefact.card.get("created")))
    except ValueError:
        created = datetime(1970, 1, 1, tzinfo=UTC)
    return f"{created.astimezone(UTC):%Y%m%dT%H%M%SZ}-{artefact.version}"


def _write(path: Path, content: bytes) -> None:
    """Write a file beside and put it in place by rename, so that nobody ever reads half of it."""
    fresh = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _unwritable(folder: Path, error: Exception) -> ArtefactError:
    return ArtefactError(
        f"The versions in {folder} cannot be read or written: {error}",
        code="SHELF_UNUSABLE",
        hint="Give the user who promotes the right to write there.",
    )
