"""The colours of all pictures, and settings that no machine of a user's changes."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.colors import to_rgb

from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

# What of matplotlib's settings belongs to the user's machine and not to the picture.
_MACHINE = (
    "backend",
    "interactive",
    "toolbar",
    "webagg",
    "tk.",
    "savefig.directory",
    "figure.hooks",
)


@dataclass(frozen=True)
class Theme:
    """Colours by what they mean; the hues are those of Okabe and Ito (2008), told apart by all.

    Parameters
    ----------
    background, ink, muted, grid : str
        Paper, text and prices, secondary text, and lines that should hardly be seen.
    model, rival, third : str
        What the network says, what it must beat, and what else there is.
    """

    name: str
    background: str
    ink: str
    muted: str
    grid: str
    model: str
    rival: str
    third: str

    def tint(self, colour: str, share: float) -> tuple[float, float, float]:
        """Return a colour thinned with the background: opaque, so that layers do not add up."""
        pairs = zip(to_rgb(colour), to_rgb(self.background), strict=True)
        red, green, blue = (share * one + (1 - share) * paper for one, paper in pairs)
        return red, green, blue


THEMES = {
    "light": Theme(
        "light", "#ffffff", "#1b2530", "#64707d", "#e4e8ec", "#0072b2", "#d55e00", "#009e73"
    ),
    "dark": Theme(
        "dark", "#12181f", "#e8ecf0", "#94a0ad", "#29333e", "#56b4e9", "#e69f00", "#2bbf94"
    ),
}


def theme_named(name: str) -> Theme:
    """Return a theme; UsageError when there is none of that name."""
    if name not in THEMES:
        near = did_you_mean(name, THEMES)
        raise UsageError(f"unknown theme '{name}'{near} (there are: {', '.join(THEMES)})")
    return THEMES[name]


@contextlib.contextmanager
def drawing(theme: Theme | None = None) -> Iterator[None]:
    """Draw or save with our settings alone, whatever the user's matplotlibrc says.

    All text is literal: a symbol such as ``$x$`` is no formula. A glyph that the font lacks is
    drawn as a box, silently.
    """
    settings = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(_MACHINE)}
    settings |= {"text.parse_math": False, "font.family": "DejaVu Sans", "font.size": 9.0}
    settings |= {"svg.hashsalt": "lstmfin", "pdf.fonttype": 42, "axes.axisbelow": True}
    if theme:
        settings |= dict.fromkeys(("text.color", "axes.labelcolor"), theme.ink)
        settings |= {"figure.facecolor": theme.background, "axes.facecolor": theme.background}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        yield
