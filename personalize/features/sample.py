"""Samples: the vectors that an order was made from, as JSON values of the log, so that they can be computed again."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from personalize.features.prepared import Prepared

MAX_BYTES = 4 * 1024 * 1024  # of the vectors of one line, unpacked


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Vectors (n, f) of the items `ids`, by the schema of this fingerprint.

    `prepared_at` (epoch seconds) is when the listing was made ready, `after` the event that popularity had seen last
    then, "" for none; `lift_after` the same when this situation was met first since then.
    """

    fingerprint: str
    prepared_at: float
    after: str
    lift_after: str
    ids: tuple[str, ...]
    vectors: NDArray[np.float32]


def sample(
    prepared: Prepared, matrix: NDArray[np.float32], context: Mapping[str, object], rows: Sequence[int]
) -> dict[str, object]:
    """What a `view_item_list` line bears in `vectors` of some rows; about 200 bytes a row."""
    packed = zlib.compress(np.ascontiguousarray(matrix[list(rows)], "<f4").tobytes())
    return {
        "fingerprint": prepared.schema.fingerprint,
        "prepared_at": prepared.at,
        "after": prepared.after,
        "lift_after": prepared.lifted(context)[1],
        "items": [prepared.ids[row] for row in rows],
        "data": b64encode(packed).decode(),
    }


def read(told: object) -> Sample | None:
    """The sample that `sample` told, None where there is none or it makes no sense."""
    if not isinstance(told, Mapping) or not isinstance(ids := told.get("items"), list) or not ids:
        return None
    at, data = told.get("prepared_at"), told.get("data")
    if not isinstance(at, (int, float)) or not isinstance(data, str):
        return None
    try:
        unpack = zlib.decompressobj()
        plain = unpack.decompress(b64decode(data, validate=True), MAX_BYTES)
        vectors = np.frombuffer(plain, "<f4").reshape(len(ids), -1)
    except (ValueError, zlib.error):
        return None
    fingerprint, after, lift_after = (str(told.get(name) or "") for name in ("fingerprint", "after", "lift_after"))
    return Sample(fingerprint, float(at), after, lift_after, tuple(map(str, ids)), vectors)
