"""What a kind of picture is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from matplotlib.figure import Figure

from lstmfin.config import PlotConfig
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
        another command.
    asks : bool
        Whether ``gather`` takes the options of the command as well, for what it is to show.
    drawn_by : str
        The command that draws a kind of no symbol.
    """

    picture: type[P]
    draw: Callable[[P, Theme], Figure]
    gather: Callable[..., P] | None = None
    asks: bool = False
    drawn_by: str = ""

    def gathered(self, workspace: Workspace, symbol: str, asked: PlotConfig) -> P:
        """Return the picture of a symbol."""
        assert self.gather is not None
        return self.gather(workspace, symbol, *([asked] if self.asks else []))

    def figure(self, picture: P, *, theme: str = "light") -> Figure:
        """Return the drawn figure; ``theme`` is ``"light"`` or ``"dark"``."""
        chosen = theme_named(theme)
        with drawing(chosen):
            return self.draw(picture, chosen)
