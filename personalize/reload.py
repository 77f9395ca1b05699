"""Reads the settings file again when it changes, so that an operator's switch works without a restart."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from personalize.errors import SettingsError
from personalize.settings import FIELDS, FILE, HOT, Settings, config_path, load_settings
from personalize.telemetry import Telemetry


class SettingsWatch:
    """Holds the current settings. `poll()` costs one `stat`; a broken file keeps the old settings and is told once."""

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        *,
        environ: Mapping[str, str] | None = None,
        path: Path | str | None = None,
    ) -> None:
        self.current = settings
        self._telemetry = telemetry
        self._environ = dict(os.environ if environ is None else environ)
        self._path = config_path(self._environ, path) or Path(FILE)
        self._stamp = self._look()

    def poll(self) -> Settings | None:
        """The new settings if strategies or experiments changed since the last call, else None; raises nothing."""
        stamp = self._look()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        if stamp is None:  # an editor that saves by delete and rename; a switch must not flip for that moment
            self._tell("missing", "it is gone; the settings stay as they were")
            return None
        try:
            fresh = load_settings(self._environ, self._path)
        except SettingsError as error:
            self._tell("invalid", f"kept the old settings: {error.message}")
            return None
        cold = [name for name in FIELDS if name not in HOT and getattr(fresh, name) != getattr(self.current, name)]
        if cold:
            self._tell("needs_restart", f"needs a restart: {', '.join(cold)}")
        changed = {name: getattr(fresh, name) for name in HOT if getattr(fresh, name) != getattr(self.current, name)}
        if not changed:
            return None
        self.current = msgspec.structs.replace(self.current, **changed)
        return self.current

    def _look(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _tell(self, reason: str, detail: str) -> None:
        self._telemetry.count("settings_reload", reason)
        self._telemetry.log.warning("settings file %s: %s", self._path, detail)
