"""Figures as bytes: the same figure gives the same bytes."""

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lstmfin.errors import UsageError
from lstmfin.plots.theme import drawing
from lstmfin.registry import did_you_mean

DPI = 200  # a picture of 8 inches is 1600 px: sharp on any screen at half that width

# What each format calls its dates and versions; without these the bytes depend on the data alone.
_NO_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None},
}
FORMATS = tuple(_NO_METADATA)


def picture_format(path: Path) -> str:
    """Return the format that a file's suffix asks for.

    Raises
    ------
    UsageError
        When it is not one of png, svg and pdf.
    """
    name = path.suffix.removeprefix(".").lower()
    if name not in FORMATS:
        near = did_you_mean(name, FORMATS)
        allowed = ", ".join(f".{one}" for one in FORMATS)
        begin = f"{near} Its" if near else "; its"
        raise UsageError(
            f"cannot write a picture to '{path}'{begin} suffix must be one of {allowed}"
        )
    return name


def figure_bytes(figure: Figure, format: str) -> bytes:  # noqa: A002 - as matplotlib calls it
    """Return the file's content of a figure; ``format`` is ``"png"``, ``"svg"`` or ``"pdf"``."""
    picture_format(Path(f"picture.{format}"))
    buffer = io.BytesIO()
    with drawing():
        figure.savefig(buffer, format=format, dpi=DPI, metadata=_NO_METADATA[format])
    return buffer.getvalue()
