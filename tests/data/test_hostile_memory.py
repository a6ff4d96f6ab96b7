"""Hostile input takes no more than a gigabyte of memory: what the kernel counted, of real processes."""

import gzip
import io
import json
import multiprocessing
import os
import subprocess
import sys
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from made_prices import build_prices
from pyarrow import parquet
from web_server import Web
from yahoo_server import Yahoo

from lstmfin.cli.main import run
from lstmfin.data import http, tables

pytestmark = pytest.mark.slow

MOST_KB = 1_000_000

TOML = """
[train]
hidden = 2
window = 5
horizon = 3
epochs = 1
"""


def ended(root, *words, env=None):
    """Run the command line in a process of its own; return code, stderr and its most memory, kB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lstmfin", "-C", str(root), *map(str, words)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env or os.environ,
    )  # fmt: skip
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert "Traceback" not in said, said
    return process.returncode, said, usage.ru_maxrss


ROWS = {
    "rows": b"2024-01-02,1.25\n",
    "wide rows": b"2024-01-02,1.25" + 2000 * b",ab" + b"\n",
    "one line": b"2024-01-02,1.25,",
    "blank lines": b"\n",
    "quotes": b'"2024-01-02\n',
}


@pytest.mark.parametrize("name", ROWS)
def test_huge_files(tmp_path, name):
    """As large as is read at all, of whatever: 65, and one sentence."""
    piece, path = ROWS[name], tmp_path / "huge.csv"
    header = b"Date,Close" + (2000 * b",x" if name == "wide rows" else b"") + b"\n"
    path.write_bytes(header + piece * (tables.MAX_BYTES // len(piece) - len(header)))
    code, said, memory = ended(tmp_path / "w", "fetch", "TEST", "--path", path)
    assert (code, said.count("\n")) == (65, 1), said
    assert memory < MOST_KB


def long_text(path):
    """A file of some kilobytes whose one row holds a text of 0.7 GB."""
    table = pa.table({"date": ["2024-01-02"], "close": ["0" * 700_000_000]})
    parquet.write_table(table, path, compression="zstd", use_dictionary=False)


def one_text_often(path):
    """A file of some kilobytes whose million rows all hold one long text: 100 GB."""
    texts = pa.DictionaryArray.from_arrays(np.zeros(1_000_000, np.int32), ["x" * 100_000])
    table = pa.table({"date": texts, "close": np.ones(1_000_000)})
    parquet.write_table(table, path, store_schema=False)


def many_rows(path):
    """A file of some kilobytes with a hundred million rows."""
    writer = parquet.ParquetWriter(path, pa.schema([("date", pa.int32()), ("close", pa.float64())]))
    ones = pa.table({"date": np.ones(10**6, np.int32), "close": np.ones(10**6)})
    for _ in range(100):
        writer.write_table(ones)
    writer.close()


@pytest.mark.parametrize("write", [long_text, one_text_often, many_rows])
def test_parquet_that_unpacks_to_gigabytes(tmp_path, write):
    """It is unpacked beside us, and not beyond a limit: 65, and one sentence."""
    path = tmp_path / "p.parquet"
    writer = multiprocessing.get_context("spawn").Process(target=write, args=(path,))
    writer.start()  # elsewhere, for a process that is begun inherits our own most memory
    writer.join()
    code, said, memory = ended(tmp_path / "w", "fetch", "TEST", "--path", path)
    assert (code, said.count("\n")) == (65, 1), said
    assert "takes more than 600 MB to unpack" in said
    assert memory < MOST_KB


def test_parquet_with_flipped_bits(tmp_path):
    """Prices or a sentence, whatever a byte turns into; a reader that breaks is not ours."""
    bars = build_prices(50).bars.drop(columns="final").rename_axis("Date")
    bars.to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        torn = bytearray(whole)
        torn[rng.integers(4, len(whole))] ^= 1 << rng.integers(8)
        (tmp_path / "p.parquet").write_bytes(torn)
        code, said, memory = ended(
            tmp_path / "w", "fetch", "TEST", "--path", tmp_path / "p.parquet"
        )
        assert (code, said.count("\n")) in {(0, 0), (65, 1)}, said
        assert memory < MOST_KB


def bomb(name, n_bytes=2**31):
    """Return an archive of some megabytes that unpacks to two gigabytes."""
    packed = io.BytesIO()
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (n_bytes,)}
    )
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        file.write(header.getvalue())
        for _ in range(n_bytes // 2**24):
            file.write(bytes(2**24))
    return packed.getvalue()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workspace with a model, and the line that trains it anew."""
    folder = tmp_path_factory.mktemp("hostile")
    root = folder / "w"
    root.mkdir()
    (root / "lstmfin.toml").write_text(TOML)
    build_prices(120, symbol="TEST").bars.drop(columns="final").to_csv(folder / "p.csv")
    assert (
        run(["-q", "-C", str(root), "fetch", "TEST", "--path", str(folder / "p.csv"), "train"]) == 0
    )
    return root


def test_zip_bombs(trained):
    """In a model's place or a checkpoint's: refused, or passed over, before anything is unpacked."""
    home = trained / "models" / "m_TEST"
    model = home / (home / "current").read_text()
    whole, packed = (model / "weights.npz").read_bytes(), bomb("values.npy")
    try:
        (model / "weights.npz").write_bytes(packed)
        code, said, memory = ended(trained, "forecast", "TEST")
        assert (code, said.count("\n")) == (65, 1)
        assert memory < MOST_KB
    finally:
        (model / "weights.npz").write_bytes(whole)
    (home / "checkpoint.npz").write_bytes(packed)
    code, said, memory = ended(trained, "train", "TEST", "--resume")
    assert code == 0, said
    assert memory < MOST_KB


@pytest.mark.parametrize("name", ["lstmfin.toml", "current", "manifest.json"])
def test_endless_small_files(trained, name):
    """What is short by its nature is not read to its end, two gigabytes on."""
    home = trained / "models" / "m_TEST"
    model = home / (home / "current").read_text()
    path = {"lstmfin.toml": trained, "current": home, "manifest.json": model}[name] / name
    whole = path.read_bytes()
    try:
        with path.open("r+b") as file:
            file.seek(2**31)
            file.write(b"#")
        code, said, memory = ended(trained, "forecast", "TEST")
        assert (code, said.count("\n")) == (78 if name == "lstmfin.toml" else 65, 1), said[:500]
        assert memory < MOST_KB
    finally:
        path.write_bytes(whole)


BODIES = {
    "lists": lambda n: b"[" + b"[]," * (n // 3) + b"[]]",
    "objects": lambda n: b'[{"a":1}' + b',{"a":1}' * (n // 8) + b"]",
    "deep": lambda n: b"[" * n,
    "text": lambda n: json.dumps("x" * n).encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_answers_that_parsing_blows_up(tmp_path, name):
    """The longest answer that is read at all, of what takes the most room once it is parsed."""
    with Web() as web:
        web.answer = (200, BODIES[name](http.MAX_BYTES - 100))
        driver = (
            "import sys\nfrom lstmfin.data.sources import tiingo\ntiingo.ADDRESS = sys.argv.pop(1)\n"
            "from lstmfin.cli.main import main\nmain()"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", driver, web.address, "-C", str(tmp_path / "w"), "fetch", "TEST",
             "--source", "tiingo"], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TIINGO_API_KEY": "0123456789abcdef"},
        )  # fmt: skip
        said = process.stderr.read()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, said.count("\n")) == (69, 1), said
    assert usage.ru_maxrss < MOST_KB


def endless(handler, _query):
    """Send what never ends, as fast as it is taken."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(2**20))


def packed(handler, _query):
    """Send four megabytes that are four gigabytes."""
    body = io.BytesIO()
    with gzip.GzipFile(fileobj=body, mode="wb", compresslevel=9) as file:
        for _ in range(2**8):
            file.write(bytes(2**24))
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(body.getvalue())))
    handler.end_headers()
    handler.wfile.write(body.getvalue())


@pytest.mark.parametrize("fault", [endless, packed])
def test_answers_without_end(tmp_path, fault):
    """Yahoo's client leaves them: 69, one sentence, and the memory of an honest fetch."""
    with Yahoo(tmp_path) as server:
        server.series["AAPL"] = build_prices(200, start="2025-01-01", symbol="AAPL")
        server.faults["TEST"] = fault
        code, said, memory = ended(
            tmp_path / "w", "fetch", "TEST", "--source", "yahoo", "--timeout", "5",
            "--patience", "0", env=server.process(tmp_path),
        )  # fmt: skip
    assert (code, said.count("\n")) == (69, 1), said
    assert memory < MOST_KB
