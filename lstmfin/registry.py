"""Plug-ins by file name: a folder of modules, each of which offers one object."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from lstmfin.errors import UsageError

_PACKAGE_FOLDER = Path(__file__).parent


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'lstm'?"`` where a known name is near, else an empty string."""
    near = difflib.get_close_matches(given.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


@dataclass(frozen=True)
class Registry:
    """The plug-ins in one folder of the package.

    A plug-in is a module whose name is the plug-in's name (``har_rv.py`` is ``har-rv``) and which
    offers the plug-in itself under the name ``attribute``. Modules that start with an underscore
    are helpers. Listing the names imports nothing, so that ``--help`` stays instant.

    Parameters
    ----------
    folder : str
        Folder below the package, with dots: ``"engine.cells"``.
    attribute : str
        Name of the object that each module offers: ``"CELL"``.
    kind : str
        What a plug-in is called in messages: ``"cell"``.

    Examples
    --------
    >>> Registry("engine.cells", "CELL", kind="cell").get("lstm").gates
    'ifog'
    """

    folder: str
    attribute: str
    kind: str

    def names(self) -> tuple[str, ...]:
        """Return the names of all plug-ins, sorted."""
        return _names(self.folder)

    def get(self, name: str) -> Any:
        """Return the plug-in called ``name``.

        Raises
        ------
        UsageError
            When there is none of that name; the message lists those there are.
        """
        if name not in self.names():
            message = (
                f"unknown {self.kind} '{name}'{did_you_mean(name, self.names())} "
                f"(there are: {', '.join(self.names())})"
            )
            raise UsageError(message)
        module = import_module(f"lstmfin.{self.folder}.{name.replace('-', '_')}")
        return getattr(module, self.attribute)


@cache
def _names(folder: str) -> tuple[str, ...]:
    files = (_PACKAGE_FOLDER / folder.replace(".", "/")).glob("[!_]*.py")
    return tuple(sorted(file.stem.replace("_", "-") for file in files))


BASELINES = Registry("models.baselines", "BASELINE", kind="baseline")
CELLS = Registry("engine.cells", "CELL", kind="cell")
COMMANDS = Registry("cli.commands", "COMMAND", kind="command")
FEATURES = Registry("data.features", "FEATURE", kind="feature")
LOSSES = Registry("engine.losses", "LOSS", kind="loss")
OPTIMISERS = Registry("engine.optimisers", "OPTIMISER", kind="optimiser")
PLOTS = Registry("plots.kinds", "PLOT", kind="plot")
SOURCES = Registry("data.sources", "SOURCE", kind="source")
TARGETS = Registry("data.targets", "TARGET", kind="target")
