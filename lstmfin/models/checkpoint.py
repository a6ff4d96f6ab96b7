"""The checkpoint of a training: one file beside the models of its symbol, gone when it is done.

It is bound to what the run depends on: prices, options, random streams and versions. One that
belongs to anything else, or is damaged, is no checkpoint; training then starts anew. There is no
pickle in it.
"""

import hashlib
import io
import json
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import lstmfin
from lstmfin.config import section_to_table
from lstmfin.data.prices import Prices
from lstmfin.engine.checkpoint import State
from lstmfin.models.forecaster import Forecaster
from lstmfin.workspace import Workspace, write_atomically, writing

FORMAT = 1
"""Raised when a checkpoint of before could no longer be gone on from."""

NAME = "checkpoint.npz"

_VALUES = "values"
"""The member that holds all that is no array, as JSON."""

_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, tokenize.TokenError, OSError, EOFError, ValueError, KeyError,
    TypeError, SyntaxError, RuntimeError,
)  # fmt: skip
"""What reading a damaged file may end in."""


class CheckpointFile:
    """Keeps the last state of a run in a file.

    Parameters
    ----------
    path : Path
        The file; it need not exist.
    key : str
        What the run depends on; a state of another key is not loaded.
    resume : bool
        Whether ``load`` looks for a state at all.

    Attributes
    ----------
    n_done : int
        Steps that the last state loaded or saved had taken; 0 without one.
    """

    def __init__(self, path: Path, key: str, *, resume: bool = True) -> None:
        self.path, self.key, self.resume = path, key, resume
        self.n_done = 0

    def load(self) -> State | None:
        """Return the state of the same run, or None when there is none."""
        if not self.resume:
            return None
        try:
            content = self.path.read_bytes()
            _refuse_bomb(content)
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            values = json.loads(arrays.pop(_VALUES).tobytes())
            if values.pop("key") != self.key:
                return None
            self.n_done = int(values["step"])
        except _UNREADABLE:
            return None
        return State(arrays, values)

    def save(self, state: State) -> None:
        """Write a state whole, in place of the one before."""
        text = json.dumps(state.values | {"key": self.key}).encode()
        packed = io.BytesIO()
        values = np.frombuffer(text, np.uint8)
        np.savez(packed, allow_pickle=False, **state.arrays | {_VALUES: values})
        write_atomically(self.path, packed.getvalue())
        self.n_done = int(state.values["step"])

    def remove(self) -> None:
        """Remove the file, if there is one."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)


def _refuse_bomb(content: bytes) -> None:
    """Refuse an archive that unpacks to more than it is long: it was not written here."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("a compressed member")
        if sum(member.file_size for member in archive.infolist()) > len(content):
            raise ValueError("a member that is longer than the archive")


class Checkpoints(tuple[CheckpointFile, ...]):
    """The checkpoints of a forecaster's members, one file each; a finished member keeps its own."""

    __slots__ = ()

    @property
    def n_done(self) -> int:
        """Steps of all members that their last states had taken."""
        return sum(file.n_done for file in self)

    def load(self) -> None:
        """Learn how far each member had come."""
        for file in self:
            file.load()

    def remove(self) -> None:
        """Remove the files."""
        for file in self:
            file.remove()


def checkpoints_of(
    workspace: Workspace,
    forecaster: Forecaster,
    prices: Prices | Sequence[Prices],
    *,
    resume: bool,
) -> Checkpoints:
    """Return the checkpoints of training a forecaster on prices, one for each member.

    Parameters
    ----------
    forecaster : Forecaster
        Not yet trained.
    resume : bool
        Whether to go on from what is there; else it is written over.
    """
    series = [prices] if isinstance(prices, Prices) else prices
    bound_to = {
        "format": FORMAT,
        "panel": forecaster.config.panel,
        "symbols": [one.symbol for one in series],
        "config": section_to_table(forecaster.config),
        "streams": list(forecaster.stream_names),
        "data": [one.finished().digest() for one in series],
        "versions": [lstmfin.__version__, np.__version__],
    }
    folder = workspace.panel if forecaster.config.panel else workspace.models(series[0].symbol)

    def of_member(number: int) -> CheckpointFile:
        text = json.dumps(bound_to | {"member": number}, sort_keys=True)
        path = folder / (NAME if number == 0 else f"checkpoint-{number}.npz")
        return CheckpointFile(path, hashlib.sha256(text.encode()).hexdigest(), resume=resume)

    return Checkpoints(of_member(number) for number in range(forecaster.config.members))
