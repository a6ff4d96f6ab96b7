"""Make the pictures of the pages and of the notebook anew, by the code as it is, and small.

Beside them it notes what they hang on, and the suite asks whether that is still so: bytes of
pictures differ from machine to machine, and all of them take minutes.
"""

import ast
import base64
import datetime as dt
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
ROOT = HERE.parent
NOTEBOOK = HERE / "example.ipynb"
MADE_FROM = HERE / "images" / "made-from.json"
PAGES = (ROOT / "README.md", HERE / "how-an-lstm-remembers.md")
COLOURS = 128
"""Of a palette: these pictures have few, and their files get small."""


def lines(page: Path) -> list[str]:
    """Return the command lines of a page, which are indented."""
    return re.findall(r"^    (lstmfin .+)$", page.read_text(), re.MULTILINE)


def code(path: Path) -> str:
    """Return the code of a module, without docstrings, comments and blank lines."""
    text = path.read_text()
    said: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                said |= {*range(node.lineno, (node.end_lineno or 0) + 1)}
    kept = (line for at, line in enumerate(text.splitlines(), 1) if at not in said)
    return "\n".join(line for line in kept if line.strip() and not line.strip().startswith("#"))


def digest(*parts: str | bytes) -> str:
    """Return a short name for some texts and files."""
    whole = [one.encode() if isinstance(one, str) else one for one in parts]
    return hashlib.sha256(b"\0".join(whole)).hexdigest()[:16]


def made_from() -> dict[str, object]:
    """Return what the pictures hang on.

    Digests of the code that draws, of the defaults, of the sample prices, and of what the pages and
    the notebook ask for; and, for the code that computes, a few numbers of a small network.
    """
    from lstmfin.config import Settings, section_to_table

    settings, plots = Settings(), sorted((ROOT / "lstmfin" / "plots").rglob("*.py"))
    sections = (settings.fetch, settings.train, settings.backtest, settings.plot)
    defaults = (json.dumps(section_to_table(one), sort_keys=True) for one in sections)
    drawn = [line for page in PAGES for line in lines(page) if re.search(r" plot\b| --out ", line)]
    cells = [one for one in json.loads(NOTEBOOK.read_text())["cells"] if one["cell_type"] == "code"]
    return {
        "the code in lstmfin/plots": digest(*map(code, plots)),
        "the defaults": digest(*defaults),
        "the sample prices": digest((ROOT / "data" / "SHA256SUMS").read_bytes()),
        "the command lines of the pages": digest(*drawn),
        "the cells of the notebook": digest(*("".join(one["source"]) for one in cells)),
        "what a small network says": small_network(),
    }


def small_network() -> list[float]:
    """Return quantiles of tomorrow's close by two targets, and what is left of a gradient."""
    from lstmfin.config import TrainConfig
    from lstmfin.data.source import SourceOptions
    from lstmfin.engine.gradient_decay import new_cell
    from lstmfin.models.forecaster import Forecaster
    from lstmfin.models.forecasts import make_forecast
    from lstmfin.registry import SOURCES

    options = SourceOptions(None, HERE, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    start = dt.date(2022, 1, 1)
    prices = SOURCES.get("sample").fetch("AAPL", start=start, end=None, options=options)
    said = []
    for target in ("returns", "volatility"):
        config = TrainConfig(hidden=4, window=10, horizon=2, epochs=1, target=target)
        forecaster = Forecaster(config)
        forecaster.fit([prices])
        row = make_forecast(forecaster, prices).rows()[0]
        said += [row[name] for name in ("q05", "q25", "q50", "q75", "q95")]
    decay = new_cell("lstm", hidden=4, seed=0, lags=(10,), inputs=1.0)
    return [*said, float(decay.norms[0])]


def note() -> None:
    """Note what the pictures were made from, and what they are."""
    images = {path.name: digest(path.read_bytes()) for path in MADE_FROM.parent.glob("*.png")}
    whole = made_from() | {"images": images}
    MADE_FROM.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")


def small(picture: bytes) -> bytes:
    """Return a picture with few colours."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def of_page(page: Path) -> None:
    """Run the commands of a page, and keep the pictures that it shows."""
    shown = re.findall(r"\]\((?:docs/)?images/([^)]+)\)", page.read_text())
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(page):
            print(line)
            command = [sys.executable, "-m", *shlex.split(line)]
            home = os.environ | {"LSTMFIN_HOME": f"{folder}/home"}
            subprocess.run(command, cwd=folder, env=home, check=True, stdout=subprocess.DEVNULL)
            if all(any(Path(folder).rglob(name)) for name in shown):
                break  # what comes after makes none of them
        for name in shown:
            (made,) = Path(folder).rglob(name)
            (HERE / "images" / name).write_bytes(small(made.read_bytes()))


def of_notebook() -> None:
    """Execute the notebook in a workspace of its own; it needs what ``make docs`` installs."""
    import nbformat
    from nbclient import NotebookClient

    print(NOTEBOOK.name)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LSTMFIN_HOME"] = folder
        NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=folder)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it was run is nobody's concern
        for output in cell.get("outputs", []):
            picture = output.get("data", {}).get("image/png")
            if picture:
                content = small(base64.b64decode(picture))
                output["data"]["image/png"] = base64.b64encode(content).decode()
    notebook.metadata.pop("language_info", None)
    nbformat.write(notebook, NOTEBOOK)


WHAT = {
    "readme": lambda: of_page(PAGES[0]),
    "remembers": lambda: of_page(PAGES[1]),
    "notebook": of_notebook,
}

if __name__ == "__main__":
    for what in sys.argv[1:] or WHAT:
        WHAT[what]()
    if not sys.argv[1:]:
        note()
