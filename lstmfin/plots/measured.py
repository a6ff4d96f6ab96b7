"""What a command measured of the engine itself, kept so that it can be drawn at any time."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lstmfin.errors import DataError
from lstmfin.workspace import Workspace, write_atomically

FOLDER = "measured"
"""Below the workspace's reports; the name of no symbol's folder is this."""


@dataclass(frozen=True)
class Measured:
    """A measurement, as it is kept.

    Attributes
    ----------
    command : str
        The command that measured it, such as ``"bench adding"``.
    at : str
        When, in UTC, as ISO 8601.
    version : str
        Of the package.
    options : dict
        What was asked for; the seed is among it.
    found : dict
        What the kind of picture makes of it is its own concern; plain values.
    """

    command: str
    at: str
    version: str
    options: dict[str, Any]
    found: dict[str, Any]

    @property
    def source(self) -> str:
        """What the corner of a picture says of where it comes from."""
        return f"lstmfin {self.command}, seed {self.options['seed']}"

    @property
    def day(self) -> dt.date:
        """The day of the measurement, in UTC."""
        return dt.datetime.fromisoformat(self.at).date()


def save_measured(workspace: Workspace, measured: Measured) -> Path:
    """Keep the last measurement of a command; return its path.

    Raises
    ------
    WriteError
        When it cannot be written.
    """
    path = _path(workspace, measured.command)
    write_atomically(path, json.dumps(asdict(measured), sort_keys=True).encode())
    return path


def load_measured(workspace: Workspace, command: str) -> Measured:
    """Return the last measurement of a command.

    Raises
    ------
    DataError
        When there is none, or it cannot be read; the message names the command.
    """
    try:
        with intact(workspace, command):
            measured = Measured(**json.loads(_path(workspace, command).read_bytes()))
            if measured.command != command:
                raise ValueError(measured.command)
            return measured
    except FileNotFoundError as error:
        raise DataError(
            f"nothing was measured by lstmfin {command} in {workspace.root} yet; measure it: "
            f"lstmfin {command}"
        ) from error


@contextlib.contextmanager
def intact(workspace: Workspace, command: str) -> Iterator[None]:
    """Turn what a damaged file brings about inside the block into a DataError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{_path(workspace, command)} is not what lstmfin {command} keeps; move it away and "
            f"measure anew: lstmfin {command}"
        ) from error


def _path(workspace: Workspace, command: str) -> Path:
    return workspace.reports / FOLDER / f"{command.replace(' ', '-')}.json"
