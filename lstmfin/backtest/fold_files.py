"""Results of folds on disk, so that a backtest that was killed goes on at the fold it was in.

A file belongs to the prices a fold saw, to what it was told and to the versions; any other fold is
not served by it, and a damaged one is none. There is no pickle in it: laws are taken apart into
arrays and the names of their classes, which must be those of ``lstmfin.metrics``.
"""

import hashlib
import io
import json
import shutil
import tokenize
import zipfile
import zlib
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

import lstmfin
from lstmfin.backtest.fold import Done, Fold, FoldResult, Task
from lstmfin.config import section_to_table
from lstmfin.data.panel_variance import panel_moves
from lstmfin.workspace import Workspace, make_folder, safe_name, write_atomically, writing

FORMAT = 3
"""Raised when a result of before would no longer be that of the same fold."""

LAWS = "lstmfin.metrics."

_STRUCTURE = "structure"

_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, tokenize.TokenError, OSError, EOFError, ValueError, KeyError,
    TypeError, SyntaxError, RuntimeError, AttributeError, ImportError,
)  # fmt: skip
"""What reading a damaged file may end in."""


class FoldFiles:
    """The kept folds of the backtest of one symbol, or of a panel.

    Parameters
    ----------
    workspace : Workspace
    symbol : str
        Of a panel, what stands for it.
    """

    def __init__(self, workspace: Workspace, symbol: str) -> None:
        self.cache = workspace.cache
        self.folder = self.cache / "folds" / safe_name(symbol)

    @property
    def n_there(self) -> int:
        """How many folds lie there now."""
        return len(list(self.folder.glob("[!.]*.npz")))

    def load(self, task: Task) -> Done | None:
        """Return the result of a fold, or None when there is none of just this fold."""
        try:
            with np.load(io.BytesIO(self._path(task).read_bytes()), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            structure = json.loads(arrays.pop(_STRUCTURE).tobytes())
            if isinstance(task, Fold):
                return _result(structure, arrays)
            parts = zip(task.folds, structure, strict=True)
            return tuple(_result(part, arrays) for _, part in parts)
        except _UNREADABLE:
            return None

    def save(self, task: Task, done: Done) -> None:
        """Write the result of a fold whole; one that a series of a panel failed in is not kept."""
        results = (done,) if isinstance(done, FoldResult) else done
        whole = [one for one in results if isinstance(one, FoldResult)]
        if len(whole) < len(results):
            return
        arrays: dict[str, Any] = {"weights": whole[0].weights}
        structure = [
            [
                {name: [_taken_apart(one, arrays) for one in blocks] for name, blocks in of.items()}
                for of in (result.laws, result.variances)
            ]
            for result in whole
        ]
        kept = structure[0] if isinstance(task, Fold) else structure
        text = np.frombuffer(json.dumps(kept).encode(), np.uint8)
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **arrays, **{_STRUCTURE: text})
        make_folder(self.cache, mode=0o700)  # it is private, whoever makes it first
        write_atomically(self._path(task), packed.getvalue())

    def remove(self) -> None:
        """Remove all of the symbol, those of backtests that were never ended among them."""
        with writing(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, task: Task) -> Path:
        folds = [task] if isinstance(task, Fold) else task.folds
        key = hashlib.sha256(json.dumps([_bound_to(one) for one in folds]).encode()).hexdigest()
        return self.folder / f"{key[:32]}.npz"


def _bound_to(fold: Fold) -> dict[str, Any]:
    """Return all that the result of a fold hangs on, as JSON has it."""
    warm = fold.warm_start
    return {
        "format": FORMAT,
        "symbol": fold.prices.symbol,
        "data": fold.known.digest(),
        "panel": hashlib.sha256(panel_moves(fold.known).tobytes()).hexdigest(),
        "train": [int(fold.train[0]), int(fold.train[-1])],
        "tests": [[int(test[0]), int(test[-1])] for test in fold.tests],
        "number": fold.number,
        "network": section_to_table(fold.network),
        "baselines": fold.baselines,
        "warm": None if warm is None else hashlib.sha256(warm.tobytes()).hexdigest(),
        "versions": [lstmfin.__version__, np.__version__],
    }


def _result(structure: Any, arrays: dict[str, Any]) -> FoldResult:
    laws, variances = (
        {name: [_assembled(one, arrays) for one in blocks] for name, blocks in part.items()}
        for part in structure
    )
    return FoldResult(laws, variances, arrays["weights"])


def _taken_apart(value: Any, arrays: dict[str, Any]) -> Any:
    """Return the structure of a law as JSON has it; its arrays go to ``arrays`` by number."""
    if isinstance(value, tuple | list):
        return [_taken_apart(one, arrays) for one in value]
    if is_dataclass(value):
        kind = type(value)
        parts = {
            spec.name: _taken_apart(getattr(value, spec.name), arrays) for spec in fields(value)
        }
        return {"class": [kind.__module__, kind.__qualname__], "parts": parts}
    name = f"array {len(arrays)}"
    arrays[name] = np.asarray(value)
    return name


def _assembled(structure: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(structure, str):
        return arrays[structure]
    if isinstance(structure, list):
        return tuple(_assembled(one, arrays) for one in structure)
    module, name = structure["class"]
    if not module.startswith(LAWS):
        raise ValueError(module)
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise ValueError(name)
    law = object.__new__(kind)
    for part, value in structure["parts"].items():
        object.__setattr__(law, part, _assembled(value, arrays))
    return law
