"""Make the pictures of the pages and of the notebook anew, by the code as it is, and small."""

import base64
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
NOTEBOOK = HERE / "example.ipynb"
COLOURS = 128
"""Of a palette: these pictures have few, and their files get small."""


def lines(page: Path) -> list[str]:
    """Return the command lines of a page, which are indented."""
    return re.findall(r"^    (lstmfin .+)$", page.read_text(), re.MULTILINE)


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
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
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
    "readme": lambda: of_page(HERE.parent / "README.md"),
    "remembers": lambda: of_page(HERE / "how-an-lstm-remembers.md"),
    "notebook": of_notebook,
}

if __name__ == "__main__":
    for what in sys.argv[1:] or WHAT:
        WHAT[what]()
