"""The models of a workspace: each in a folder named by its content, and which one is current."""

from pathlib import Path

from lstmfin.errors import ModelFileError
from lstmfin.models.artifact import from_folder, identity, to_files
from lstmfin.models.forecaster import Forecaster
from lstmfin.workspace import Workspace, write_atomically, write_folder_atomically

CURRENT = "current"
"""File that holds the identity of the model in use; replacing it is what publishes a model."""


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


def load_model(workspace: Workspace, symbol: str) -> tuple[str, Forecaster]:
    """Return identity and forecaster of the current model of a symbol.

    Raises
    ------
    ModelFileError
        When there is none, or it is not sound.
    """
    folder = workspace.models(symbol)
    try:
        name = (folder / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise ModelFileError(
            f"there is no model of {symbol} in {workspace.root}; train one: lstmfin train {symbol}"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(
            f"cannot read {folder / CURRENT}: {error}; train anew: lstmfin train {symbol}"
        ) from error
    if not name.isalnum():
        raise ModelFileError(
            f"{folder / CURRENT} does not name a model; train anew: lstmfin train {symbol}"
        )
    forecaster = from_folder(folder / name, name=name)
    if forecaster.provenance is None or forecaster.provenance.symbol != symbol:
        raise ModelFileError(
            f"{folder / name} is the model of another symbol; train anew: lstmfin train {symbol}"
        )
    return name, forecaster


def has_model(workspace: Workspace, symbol: str) -> bool:
    """Tell whether a symbol has a current model."""
    return Path(workspace.models(symbol) / CURRENT).is_file()
