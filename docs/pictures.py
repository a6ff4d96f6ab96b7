"""Run the commands of a page in a temporary folder, and keep the pictures that it shows, small."""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
COLOURS = 128
"""Of a palette: these pictures have few, and their files get small."""


def lines(page: Path) -> list[str]:
    """Return the command lines of a page, which are indented."""
    return re.findall(r"^    (lstmfin .+)$", page.read_text(), re.MULTILINE)


def main(page: Path) -> None:
    shown = re.findall(r"\]\(images/([^)]+)\)", page.read_text())
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(page):
            print(line)
            command = [sys.executable, "-m", *shlex.split(line)]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        for name in shown:
            with Image.open(Path(folder) / name) as picture:
                small = picture.convert("RGB").quantize(COLOURS)
            small.save(HERE / "images" / name, optimize=True)


if __name__ == "__main__":
    main(HERE / "how-an-lstm-remembers.md")
