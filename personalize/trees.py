"""Trees: a model behind LightGBM's C API, for whoever scores a few rows at a time.

Its Python layer adds a sixth to a third of what the trees cost on the rows of a page: parameters are written out and
read again, and the size of the answer is asked for apart. The C API is documented and stable
(https://lightgbm.readthedocs.io/en/stable/C-API.html); names and arguments here are those of its version 4.
"""

from __future__ import annotations

import ctypes
import weakref
from functools import cache
from pathlib import Path

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

FLOAT32, ROW_MAJOR, NORMAL, FROM_FIRST, ALL = 0, 1, 0, 0, -1
# One thread: LightGBM's pool costs more than it gives on a page, and 8 ms under contention.
PARAMETERS = b"num_threads=1"
_NAMES = "lib/lib_lightgbm.so", "lib/lib_lightgbm.dylib", "bin/lib_lightgbm.dll", "lib/lib_lightgbm.dll"


class Trees:
    """The trees of one model. Rows may be scored from several threads at once."""

    def __init__(self, library: ctypes.CDLL, model: str) -> None:
        """`model` is LightGBM's text of a model. LightGBMError where it cannot be read, or gives no one score a row."""
        self._library, self._handle = library, ctypes.c_void_p()
        width, trees, classes = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        self._check(library.LGBM_BoosterLoadModelFromString(model.encode(), trees, self._handle))
        weakref.finalize(self, library.LGBM_BoosterFree, self._handle).atexit = False
        self._check(library.LGBM_BoosterGetNumFeature(self._handle, width))
        self.width = width.value
        self._check(library.LGBM_BoosterGetNumClasses(self._handle, classes))
        if classes.value != 1:  # the library would write on behind the scores
            raise lgb.basic.LightGBMError(f"the model gives {classes.value} scores a row")
        self._predict = library.LGBM_BoosterPredictForMat

    def score(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """What the model says (n,) of rows (n, f); LightGBMError where f is not the model's."""
        rows, columns = matrix.shape
        if columns != self.width:  # else the library would read on behind the matrix
            raise lgb.basic.LightGBMError(f"the model takes {self.width} features, the matrix has {columns}")
        matrix = np.ascontiguousarray(matrix, np.float32)
        found = np.empty(rows)
        told = ctypes.c_int64()  # how many numbers were written: one a row
        self._check(
            self._predict(
                self._handle, matrix.ctypes.data, FLOAT32, rows, columns, ROW_MAJOR, NORMAL, FROM_FIRST, ALL,
                PARAMETERS, told, found.ctypes.data,
            )
        )  # fmt: skip
        return found

    def _check(self, code: int) -> None:
        if code:
            raise lgb.basic.LightGBMError(self._library.LGBM_GetLastError().decode("utf-8", "replace"))


def trees_of(model: str) -> Trees | None:
    """The trees of a model's text; None where LightGBM's Python layer has to score.

    That is where its library lies elsewhere than in its wheels, or where `Trees` does not take the model.
    """
    library = _library()
    try:
        return Trees(library, model) if library is not None else None
    except lgb.basic.LightGBMError:
        return None


@cache
def _library() -> ctypes.CDLL | None:
    folder = Path(lgb.__file__).parent
    path = next((path for name in _NAMES if (path := folder / name).is_file()), None)
    if path is None:
        return None
    library = ctypes.CDLL(str(path))
    number, text, handle, out = ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.POINTER
    library.LGBM_GetLastError.restype = text
    library.LGBM_BoosterFree.argtypes = [handle]
    library.LGBM_BoosterGetNumFeature.argtypes = [handle, out(number)]
    library.LGBM_BoosterGetNumClasses.argtypes = [handle, out(number)]
    library.LGBM_BoosterLoadModelFromString.argtypes = [text, out(number), out(handle)]
    library.LGBM_BoosterPredictForMat.argtypes = [
        handle, handle, number, ctypes.c_int32, ctypes.c_int32, number, number, number, number, text,
        out(ctypes.c_int64), handle,
    ]  # fmt: skip
    return library
