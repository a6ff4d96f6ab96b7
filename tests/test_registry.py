"""Plug-ins by file name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lstmfin import registry
from lstmfin.errors import UsageError
from lstmfin.registry import Registry, did_you_mean

REGISTRIES = {name: one for name, one in vars(registry).items() if isinstance(one, Registry)}


@pytest.mark.parametrize("name", REGISTRIES)
def test_every_module_of_the_folder_offers_its_plug_in(name):
    """A registry names each module of its folder, helpers aside, and can load each."""
    one = REGISTRIES[name]
    folder = Path(registry.__file__).parent / one.folder.replace(".", "/")
    modules = {file.stem for file in folder.glob("*.py") if not file.stem.startswith("_")}
    assert {plug_in.replace("-", "_") for plug_in in one.names()} == modules
    assert modules
    for plug_in in one.names():
        assert one.get(plug_in) is not None


@pytest.mark.parametrize("name", REGISTRIES)
def test_an_unknown_name_is_refused_with_those_there_are(name):
    """A message says what was given, which is near, and all that there are."""
    one = REGISTRIES[name]
    near = one.names()[0]
    with pytest.raises(UsageError) as caught:
        one.get(near + "x")
    message = str(caught.value)
    assert f"'{near}x'" in message
    assert "did you mean" in message
    assert all(plug_in in message for plug_in in one.names())


@pytest.mark.parametrize("name", ["../engine/cell", "__init__", "os", "", "LSTM", "lstm.py"])
def test_only_files_of_the_folder_can_be_named(name):
    """No path, module or helper can be loaded through a registry."""
    with pytest.raises(UsageError):
        registry.CELLS.get(name)


def test_near_names():
    """Near names are suggested, far ones are not."""
    assert did_you_mean("trian", ["train", "plot"]) == "; did you mean 'train'?"
    assert did_you_mean("zzz", ["train", "plot"]) == ""


THIRD_PARTY = """
from lstmfin.data.prices import Prices, make_bars

class Theirs:
    canary = None
    def fetch(self, symbol, *, start, end, options):
        days = ["2024-01-02", "2024-01-03"]
        return Prices(symbol, make_bars(days, close=[1.0, 2.0]), source="their-source")
    def symbols(self):
        return None

SOURCE = Theirs()
"""


def test_other_packages_offer_sources(tmp_path):
    """An entry point is a source like ours, in the help and in a fetch; ours win over one of their name."""
    (tmp_path / "their_package.py").write_text(THIRD_PARTY)
    info = tmp_path / "their_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    points = "their-source = their_package:SOURCE\nsample = their_package:SOURCE\n"
    (info / "entry_points.txt").write_text(f"[lstmfin.sources]\n{points}")

    def lstmfin(*words):
        return subprocess.run(
            [sys.executable, "-m", "lstmfin", "-C", str(tmp_path / "w"), "--format", "csv", *words],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert "their-source" in lstmfin("fetch", "--help").stdout
    done = lstmfin("fetch", "X", "--source", "their-source")
    assert done.returncode == 0, done.stderr
    assert "X,their-source,2,2024-01-02,2024-01-03" in done.stdout
    assert ",sample," in lstmfin("fetch", "AAPL", "--source", "sample").stdout
