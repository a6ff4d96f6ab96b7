"""The models of a workspace: each in a folder named by its content, and which one is current."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from lstmfin.advice import advised
from lstmfin.errors import ModelFileError
from lstmfin.models.artifact import from_folder, identity, to_files
from lstmfin.models.forecaster import PANEL, Forecaster
from lstmfin.workspace import Workspace, write_atomically, write_folder_atomically

CURRENT = "current"
"""File that holds the identity of the model in use; replacing it is what publishes a model."""

LONGEST_NAME = 100
"""Characters of that file that can be a name."""


def save_model(workspace: Workspace, symbol: str, forecaster: Forecaster) -> str:
    """Save a trained forecaster as the current model of a symbol; return its identity.

    The folder is written whole before the name of the current model changes: whenever the process
    ends, the old model or the new one is there, and whole.
    """
    files = to_files(forecaster)
    name = identity(files)
    folder = workspace.models(symbol)
    write_folder_atomically(folder / name, files)
    write_atomically(folder / CURRENT, name.encode())
    return name


def save_panel(workspace: Workspace, forecaster: Forecaster) -> str:
    """Save a panel once, as the last panel and the current model of each of its symbols.

    Its own name changes first; a process that ends in between leaves some symbols the models they
    had.
    """
    assert forecaster.provenance is not None
    files = to_files(forecaster)
    name = identity(files)
    write_folder_atomically(workspace.panel / name, files)
    write_atomically(workspace.panel / CURRENT, name.encode())
    for symbol in forecaster.provenance.symbols:
        write_atomically(workspace.models(symbol) / CURRENT, f"{PANEL}/{name}".encode())
    return name


def load_model(workspace: Workspace, symbol: str) -> tuple[str, Forecaster]:
    """Return identity and forecaster of the current model of a symbol, its own or a panel's.

    Raises
    ------
    ModelFileError
        When there is none, or it is not sound.
    """
    again = advised("train", symbol)
    folder = workspace.models(symbol)
    advice = ""
    if has_panel(workspace):
        line = advised("forecast", symbol, "--model", PANEL)
        advice = f", or forecast it by the panel: {line}"
    name = _current(folder, f"there is no model of {symbol} in {workspace.root}", again, advice)
    if name.startswith(f"{PANEL}/"):
        folder, name = workspace.panel, name.removeprefix(f"{PANEL}/")
    forecaster = _load(folder, name, again)
    about = forecaster.provenance
    if about is None or symbol not in about.symbols:
        raise ModelFileError(f"{folder / name} is the model of another symbol; train anew: {again}")
    return name, forecaster


def load_panel(workspace: Workspace) -> tuple[str, Forecaster]:
    """Return identity and forecaster of the last panel, which can forecast any symbol.

    Raises
    ------
    ModelFileError
        When there is none, or it is not sound.
    """
    again = advised("train", f"--{PANEL}")
    name = _current(workspace.panel, f"there is no panel in {workspace.root}", again)
    return name, _load(workspace.panel, name, again)


def has_model(workspace: Workspace, symbol: str) -> bool:
    """Tell whether a symbol has a current model."""
    return Path(workspace.models(symbol) / CURRENT).is_file()


def is_of_panel(workspace: Workspace, symbol: str) -> bool:
    """Tell whether the current model of a symbol is a panel's; its name alone is read."""
    with suppress(ModelFileError):
        return _current(workspace.models(symbol), "", "").startswith(f"{PANEL}/")
    return False


def has_panel(workspace: Workspace) -> bool:
    """Tell whether a panel was trained."""
    return Path(workspace.panel / CURRENT).is_file()


def _current(folder: Path, missing: str, again: str, advice: str = "") -> str:
    """Return what ``current`` says: an identity, or one in the folder of panels."""
    try:
        with (folder / CURRENT).open(encoding="ascii") as file:
            name = file.read(LONGEST_NAME).strip()
    except FileNotFoundError as error:
        raise ModelFileError(f"{missing}; train one: {again}{advice}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(
            f"cannot read {folder / CURRENT}: {error}; train anew: {again}"
        ) from error
    if not name.removeprefix(f"{PANEL}/").isalnum():
        raise ModelFileError(f"{folder / CURRENT} does not name a model; train anew: {again}")
    return name


def _load(folder: Path, name: str, again: str) -> Forecaster:
    if not name.isalnum():
        raise ModelFileError(f"{folder / CURRENT} does not name a model; train anew: {again}")
    return _read(folder / name, name, _stamp(folder / name))


def _stamp(folder: Path) -> tuple[tuple[int, int], ...]:
    """Return what tells that the files of a model were touched."""
    return tuple((one.stat().st_mtime_ns, one.stat().st_size) for one in sorted(folder.glob("*")))


@lru_cache(maxsize=1)
def _read(folder: Path, name: str, stamp: tuple[tuple[int, int], ...]) -> Forecaster:
    """Return the forecaster in a folder; a panel is asked for once for each of its symbols."""
    del stamp
    return from_folder(folder, name=name)
