"""The model that pages are ranked with where the command line names none: the demo's, trained as it is now."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from personalize.demo.catalogue import Catalogue
from personalize.demo.run import prepare
from personalize.features.schema import VERSION
from personalize.learning import train

FOLDER = Path(".cache/bench")


def demo(catalogue: Catalogue) -> Path:
    """A folder with the demo's log, `events.jsonl.gz`, and its `model`; made anew where training has changed."""
    told = repr((VERSION, sorted(train.PARAMETERS.items()), train.SHORT, train.LONG, train.MIN_TREES))
    folder = FOLDER / f"demo-{blake2b(told.encode(), digest_size=4).hexdigest()}"
    prepare(catalogue, folder)
    return folder
