"""The pages of the project, and the command lines that they show."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType

from lstmfin import registry

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NOTEBOOK = DOCS / "example.ipynb"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), ROOT / "data" / "README.md"]
_LINE = re.compile(r"(?:^    |`|bin/|^)(lstmfin [^`\n>|]+)", re.MULTILINE)


def name_of(page):
    """Return how a page is called: by its path, below the root."""
    return str(page.relative_to(ROOT))


def lines_of(page):
    """Return the distinct command lines of a page, in order."""
    found = [line.partition("   #")[0].strip() for line in _LINE.findall(page.read_text())]
    return list(dict.fromkeys(line for line in found if not line.isupper()))


def blocks_of(page, language):
    """Return the blocks of code of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def examples():
    """Return what the page on plug-ins shows, by the name of its attribute."""
    found = {}
    for code in blocks_of(DOCS / "extending.md", "python"):
        names = {"__name__": "shown"}
        exec(compile(code, "extending.md", "exec"), names)
        found |= {key: value for key, value in names.items() if key.isupper()}
    return found


def plug_in(monkeypatch):
    """Put what that page shows where it says that it lies, and return it."""
    found, names = examples(), registry._names
    added = {registry.CELLS: "keeper", registry.SOURCES: "flat", registry.BASELINES: "reversal"}
    for kind, name in added.items():
        module = ModuleType(name)
        setattr(module, kind.attribute, found[kind.attribute])
        monkeypatch.setitem(sys.modules, f"lstmfin.{kind.folder}.{name}", module)
    by_folder = {kind.folder: {name} for kind, name in added.items()}
    monkeypatch.setattr(
        registry,
        "_names",
        lambda folder: tuple(sorted({*names(folder), *by_folder.get(folder, ())})),
    )
    return found


def cells():
    """Return the code cells of the notebook."""
    notebook = json.loads(NOTEBOOK.read_text())
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
