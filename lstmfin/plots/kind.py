"""What a kind of picture is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from matplotlib.figure import Figure

from lstmfin.plots.style import Theme, drawing, theme_named
from lstmfin.workspace import Workspace

P = TypeVar("P")


@dataclass(frozen=True)
class PlotKind(Generic[P]):
    """A kind of picture: the data it needs and the pure function that draws it.

    Parameters
    ----------
    picture : type
        Frozen dataclass of plain arrays and strings.
    draw : callable
        Makes a figure of a picture in a theme, and touches nothing else.
    gather : callable
        Makes the picture of a symbol from what a workspace holds; DataError, with the command that
        computes it, where there is nothing. None for a kind that is of no symbol, and is drawn by
        the command of its name.
    """

    picture: type[P]
    draw: Callable[[P, Theme], Figure]
    gather: Callable[[Workspace, str], P] | None = None

    def figure(self, picture: P, *, theme: str = "light") -> Figure:
        """Return the drawn figure; ``theme`` is ``"light"`` or ``"dark"``."""
        chosen = theme_named(theme)
        with drawing(chosen):
            return self.draw(picture, chosen)
