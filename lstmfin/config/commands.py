"""Options of the commands around the network."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from lstmfin.config.option import Section, option
from lstmfin.config.train import CALIBRATIONS
from lstmfin.errors import UsageError
from lstmfin.registry import BASELINES, SOURCES


@dataclass(frozen=True)
class FetchConfig(Section):
    """Where prices come from."""

    source: str = option("sample", "Where prices come from.", choices=SOURCES)
    path: Path | None = option(
        None, "CSV or Parquet file, for --source csv; without SYMBOL its name is one.", saved=False
    )
    start: dt.date | None = option(None, "First session wanted, as YYYY-MM-DD.")
    end: dt.date | None = option(None, "Last session wanted, as YYYY-MM-DD.", saved=False)
    replace: bool = option(
        False, "Replace a stored series by one from another source.", saved=False
    )
    accept: bool = option(False, "Store prices that the quality gates keep out.", saved=False)
    timeout: float = option(10.0, "Seconds that one request may take.", above=0, maximum=600)
    patience: float = option(
        300.0, "Seconds that waits for a rate limit to pass may take.", minimum=0
    )
    max_runtime: float = option(
        3600.0, "Seconds after which no further symbol is asked for.", above=0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start and self.end and self.end < self.start:
            raise UsageError(f"--end {self.end} is before --start {self.start}")


@dataclass(frozen=True)
class BacktestConfig(Section):
    """Walk-forward folds, and what trading would have cost."""

    train: int = option(1000, "Sessions before the first test block, at least.", minimum=50)
    test: int = option(250, "Sessions in a test block.", minimum=1)
    purge: int | None = option(
        None, "Sessions left out before a test block; the horizon if not given.", minimum=0
    )
    refit: int | None = option(
        None,
        "Sessions after which the next test block has the model trained anew; --test if not given.",
        minimum=1,
    )
    warm_start: bool = option(
        False, "Begin each training from the weights of the fold before, not from random ones."
    )
    rolling: bool = option(False, "Train on the last --train sessions only, not on all before.")
    strategy: str = option(
        "sign",
        "How large a position is: all on the side of the median, in proportion to it, for a target "
        "volatility, or a fraction of Kelly's.",
        choices=("sign", "proportional", "volatility", "kelly"),
    )
    dead_band: float = option(
        0.0, "Share of its spread that a median must pass to be held at all.", minimum=0
    )
    cap: float = option(1.0, "Largest position, as a share of equity.", above=0, maximum=10)
    target_volatility: float = option(
        0.15, "Volatility a year to aim at, for --strategy volatility.", above=0
    )
    kelly_fraction: float = option(
        0.5, "Share of the Kelly position, for --strategy kelly.", above=0, maximum=1
    )
    long_only: bool = option(False, "Hold or stay out; never sell short.")
    execution: str = option(
        "auto",
        "When in the session after the forecast it is traded; auto takes the open where there is "
        "one of its own.",
        choices=("auto", "open", "close"),
    )
    lag: int = option(0, "More sessions between a forecast and its trade.", minimum=0, maximum=250)
    cost_bps: float = option(
        5.0, "Cost of turning a position over, in basis points of the amount.", minimum=0
    )
    spread_bps: float = option(
        0.0, "Spread between bid and ask; half of it is paid on what is turned over.", minimum=0
    )
    impact_bps: float = option(
        0.0,
        "Slippage of trading a whole day's volume; it falls with the root of the share.",
        minimum=0,
    )
    capital: float = option(
        100_000.0, "Equity in the currency of the prices, for --impact-bps.", above=0
    )
    borrow_bps: float = option(0.0, "Cost of what is sold short, a year.", minimum=0)
    book: str = option(
        "none",
        "What is held of all symbols together: the best and worst, each by its rank, or each by "
        "one over its volatility.",
        choices=("none", "top", "rank", "inverse-volatility"),
    )
    book_size: int = option(3, "Symbols on each side of --book top.", minimum=1)
    sectors: Path | None = option(
        None,
        "CSV file (symbol,sector) by which --book holds as much long as short in each sector.",
        saved=False,
    )
    benchmark: str | None = option(
        None, "Symbol that alpha and beta are measured against; the series itself if not given."
    )

    calibration: str | None = option(
        None,
        "How the ranges of all models are calibrated; as the network says if not given.",
        choices=CALIBRATIONS,
    )
    baselines: tuple[str, ...] = option(
        ("drift", "historical", "ewma", "har-rv"),
        "Baselines to test beside the last price (zero-return) and the drift, which the verdict "
        "needs, separated by commas.",
        choices=BASELINES,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.refit is not None and self.refit < self.test:
            raise UsageError(
                f"--refit {self.refit} is below --test {self.test}: models are trained anew where "
                f"a test block begins; choose --test {self.refit} for that"
            )

        if self.sectors is not None and (self.book == "none" or self.long_only):
            raise UsageError(
                "--sectors is for a --book (top, rank, inverse-volatility) that holds long and "
                "short; name one, without --long-only"
            )

    def baseline_names(self) -> tuple[str, ...]:
        """Return the baselines to test, sorted; those that the verdict needs are always there."""
        return tuple(sorted({"drift", "zero-return", *self.baselines}))


WHICH_MODEL = (
    "Which model: the symbol's own (the last one trained on it), or the last panel, which need "
    "never have seen it."
)
MOST_UNITS = 4
"""Curves that can be told apart in one panel, by hues that all can see."""

TUNABLE = (
    "cell", "hidden", "layers", "window", "learning-rate", "batch", "dropout", "weight-decay",
)  # fmt: skip


@dataclass(frozen=True)
class TuneConfig(Section):
    """What is searched, how each trial is judged, and when to stop."""

    trials: int = option(20, "Settings to try, those of before counted.", minimum=1)
    minutes: float | None = option(
        None, "Minutes after which no further trial is begun; no limit if not given.", above=0
    )
    over: tuple[str, ...] = option(
        ("hidden", "window", "learning-rate", "dropout"),
        "Options of `train` to search over, separated by commas.",
        choices=TUNABLE,
    )
    train: int = option(1000, "Sessions before the first test block, at least.", minimum=50)
    test: int = option(250, "Sessions in a test block.", minimum=20)
    kept: int = option(
        500,
        "Sessions at the end that the search does not look at, for a backtest of what it found.",
        minimum=0,
    )


@dataclass(frozen=True)
class PlotConfig(Section):
    """Where pictures go."""

    out: Path | None = option(None, "File (.png .svg .pdf) or folder to write.", saved=False)
    theme: str = option("light", "Colours of the pictures.", choices=("light", "dark"))
    model: str = option("own", WHICH_MODEL, choices=("own", "panel"), saved=False)
    from_: dt.date | None = option(
        None, "First session of the picture of gates, as YYYY-MM-DD.", saved=False
    )
    to: dt.date | None = option(
        None, "Last session of the picture of gates, as YYYY-MM-DD.", saved=False
    )
    last: int | None = option(
        None,
        "Sessions in the picture of gates, 120 if not given.",
        minimum=2,
        maximum=2000,
        saved=False,
    )
    units: tuple[int, ...] = option(
        (),
        "Units whose gates are shown, at most four, separated by commas; the three that remember "
        "longest if not given.",
        minimum=0,
        saved=False,
    )
    explain: str = option(
        "auto",
        "What of the next session's law is traced to the inputs: how wide it is, or where it lies; "
        "auto takes the width where the loss trains one.",
        choices=("auto", "width", "centre"),
        saved=False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_ and self.last:
            raise UsageError(
                f"--from {self.from_} and --last {self.last} both say where the picture begins; "
                "give one of them"
            )
        if self.from_ and self.to and self.to < self.from_:
            raise UsageError(f"--to {self.to} is before --from {self.from_}")
        if len(self.units) > MOST_UNITS:
            raise UsageError(f"--units names {len(self.units)} units; a picture shows at most four")


@dataclass(frozen=True)
class ForecastConfig(Section):
    """How far ahead."""

    horizon: int | None = option(
        None, "Sessions ahead; all that the model was trained for if not given.", minimum=1
    )
    model: str = option("own", WHICH_MODEL, choices=("own", "panel"))
    calibration: str | None = option(
        None, "How ranges are calibrated; as the model says if not given.", choices=CALIBRATIONS
    )


@dataclass(frozen=True)
class ReplayConfig(Section):
    """When it is."""

    as_of: dt.date | None = option(
        None, "Know nothing that was not known at the end of this day, as YYYY-MM-DD.", saved=False
    )


@dataclass(frozen=True)
class DataConfig(ReplayConfig):
    """What is shown of the data, and where it goes."""

    last: int = option(10, "Sessions that a table shows.", minimum=1, saved=False)
    out: Path | None = option(
        None, "File (.csv .parquet) or folder that prices are exported to.", saved=False
    )
