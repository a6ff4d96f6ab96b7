"""What is old goes: models that are no longer current, and what a crash left half-written."""

import contextlib
import datetime as dt
import shutil
from pathlib import Path

from lstmfin.models.forecaster import PANEL
from lstmfin.models.shelf import CURRENT
from lstmfin.workspace import Workspace, writing

OLD_TEMPORARY = dt.timedelta(days=1)
"""Age beyond which no process can still be writing a temporary file."""


def prune_models(workspace: Workspace, *, keep: int) -> int:
    """Remove old models of each symbol and of the panel; return how many.

    The current one stays whatever its age, and so does a panel that any symbol names; of the others
    the last ``keep - 1`` by their time stay.
    """
    home = workspace.root / "models"
    folders = [path for path in sorted(home.glob("*")) if path.is_dir()]
    current = {path: _current(path) for path in folders}
    panels = {name.removeprefix(f"{PANEL}/") for name in current.values()}
    n_removed = 0
    for folder in folders:
        stay = panels if folder.name == PANEL else {current[folder]}
        others = [
            p for p in folder.iterdir() if p.is_dir() and p.name.isalnum() and p.name not in stay
        ]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[keep - 1 :]:
            with writing(path):
                shutil.rmtree(path)
            n_removed += 1
    return n_removed


def sweep(workspace: Workspace, *, now: dt.datetime) -> None:
    """Remove temporary files and folders that a crash left more than a day ago."""
    before = (now - OLD_TEMPORARY).timestamp()
    for path in workspace.root.rglob(".tmp-*"):
        with writing(path), contextlib.suppress(FileNotFoundError):
            if path.lstat().st_mtime < before:
                is_folder = path.is_dir() and not path.is_symlink()
                shutil.rmtree(path) if is_folder else path.unlink()


def _current(folder: Path) -> str:
    try:
        return (folder / CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
