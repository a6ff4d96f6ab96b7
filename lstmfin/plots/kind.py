"""What a kind of picture is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from lstmfin.config import PlotConfig
from lstmfin.plots.style import Theme, drawing, theme_named
from lstmfin.plots.subject import Tested, Trained
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
    subject : type
        What of a symbol it shows: Trained or Tested. None for a kind that is of no symbol, and is
        drawn by another command.
    make : callable
        Makes the picture of a subject; DataError, with the command that computes it, where it has
        nothing to show.
    asks : bool
        Whether ``make`` takes the options of the command as well, for what it is to show.
    drawn_by : str
        The command that draws a kind of no symbol.
    """

    picture: type[P]
    draw: Callable[[P, Theme], Figure]
    subject: type[Trained] | type[Tested] | None = None
    make: Callable[..., P] | None = None
    asks: bool = False
    drawn_by: str = ""

    @property
    def gather(self) -> Callable[..., P] | None:
        """What makes the picture of a symbol from a workspace; None for a kind of no symbol."""
        return self.gathered if self.subject else None

    def gathered(self, workspace: Workspace, symbol: str, asked: PlotConfig | None = None) -> P:
        """Return the picture of a symbol from what a workspace holds.

        Raises
        ------
        DataError
            When it was never computed; the message names the command that does.
        """
        assert self.subject is not None
        return self.made(self.subject.load(workspace, symbol), asked)

    def made(self, subject: Any, asked: PlotConfig | None = None) -> P:
        """Return the picture of a model or a backtest."""
        assert self.make is not None
        return self.make(subject, *([asked or PlotConfig()] if self.asks else []))

    def figure(self, picture: P, *, theme: str = "light") -> Figure:
        """Return the drawn figure; ``theme`` is ``"light"`` or ``"dark"``."""
        chosen = theme_named(theme)
        with drawing(chosen):
            return self.draw(picture, chosen)
