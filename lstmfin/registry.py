"""Plug-ins by file name: a folder of modules, each of which offers one object."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmfin.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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
    group : str
        Entry points under which other packages offer theirs; none if empty. A name of the package
        itself wins over one of another.

    Examples
    --------
    >>> Registry("engine.cells", "CELL", kind="cell").get("lstm").gates
    'ifog'
    """

    folder: str
    attribute: str
    kind: str
    group: str = ""

    def names(self) -> tuple[str, ...]:
        """Return the names of all plug-ins, sorted."""
        own = _names(self.folder)
        return tuple(sorted({*own, *_entry_points(self.group)})) if self.group else own

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a plug-in of that name; other packages are asked last."""
        return name in _names(self.folder) or name in self.names()

    def get(self, name: str) -> Any:
        """Return the plug-in called ``name``.

        Raises
        ------
        UsageError
            When there is none of that name; the message lists those there are.
        """
        if name not in self:
            message = (
                f"unknown {self.kind} '{name}'{did_you_mean(name, self.names())} "
                f"(there are: {', '.join(self.names())})"
            )
            raise UsageError(message)
        if name not in _names(self.folder):
            return _entry_points(self.group)[name].load()
        module = import_module(f"lstmfin.{self.folder}.{name.replace('-', '_')}")
        return getattr(module, self.attribute)


@cache
def _names(folder: str) -> tuple[str, ...]:
    files = (_PACKAGE_FOLDER / folder.replace(".", "/")).glob("[!_]*.py")
    return tuple(sorted(file.stem.replace("_", "-") for file in files))


@cache
def _entry_points(group: str) -> dict[str, "EntryPoint"]:
    from importlib.metadata import entry_points  # a third of what the program takes to begin

    return {point.name: point for point in entry_points(group=group)}


BASELINES = Registry("models.baselines", "BASELINE", kind="baseline")
CELLS = Registry("engine.cells", "CELL", kind="cell")
COMMANDS = Registry("cli.commands", "COMMAND", kind="command")
FEATURES = Registry("data.features", "FEATURE", kind="feature")
LOSSES = Registry("engine.losses", "LOSS", kind="loss")
OPTIMISERS = Registry("engine.optimisers", "OPTIMISER", kind="optimiser")
PLOTS = Registry("plots.kinds", "PLOT", kind="plot")
SOURCES = Registry("data.sources", "SOURCE", kind="source", group="lstmfin.sources")
TARGETS = Registry("data.targets", "TARGET", kind="target")
