"""The user's map of sectors."""

import pytest

from lstmfin.data.sectors import read_sectors
from lstmfin.errors import DataError, UsageError


def test_it_is_read_by_symbol(tmp_path):
    """Whatever the order of lines and columns; others are of no matter."""
    path = tmp_path / "map.csv"
    path.write_text("sector,symbol,note\nOil,XOM,a\nOil,CVX,b\nBanks,JPM,c\n")
    assert read_sectors(path, ["JPM", "XOM"]) == {"JPM": "Banks", "XOM": "Oil"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("symbol,sector\nXOM,Oil\n", "says no sector of JPM; add it"),
        ("symbol,sector\nXOM,\n", "this one has 'XOM' and ''"),
        ("symbol,sector\nXOM,Oil\nXOM,Gas\n", "this one has 'XOM' and 'Gas'"),
        ("name,branch\nXOM,Oil\n", "under the header 'symbol,sector'"),
        ("", "says no sector of XOM, JPM"),
        ("symbol,sector\nX\x00M\n", "map.csv"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, text, words):
    """With the line that is wrong, or the symbols that are missing."""
    path = tmp_path / "map.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_sectors(path, ["XOM", "JPM"])


def test_bytes_that_are_no_text_and_no_file(tmp_path):
    """A picture is no map; a file that is not there is a mistyped option."""
    path = tmp_path / "map.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        read_sectors(path, ["XOM"])
    with pytest.raises(UsageError, match="there is no such file"):
        read_sectors(tmp_path / "none.csv", ["XOM"])
