"""Options of what runs unattended: the evening job, its scores and its schedule."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from lstmfin.config.option import Section, option
from lstmfin.errors import UsageError


@dataclass(frozen=True)
class ScoreConfig(Section):
    """What published forecasts are held against."""

    false_alarms: float = option(
        0.1,
        "Chance of a false alarm in a year, over all symbols, models and tests together, at most.",
        above=0,
        below=1,
    )
    alarm: bool = option(False, "End with 4 when coverage or skill has left its band.", saved=False)


@dataclass(frozen=True)
class RunConfig(Section):
    """What an evening does, and for how long."""

    retrain_age: int = option(
        20, "Sessions after the last one it was trained on when a model is due.", minimum=1
    )
    ignore_drift: bool = option(
        False, "Do not train a model anew because its coverage or skill has left its band."
    )
    max_runtime: float = option(
        7200.0,
        "Seconds after which nothing more is begun; training is kept for next time.",
        above=0,
    )
    wait: float = option(
        0.0, "Seconds to wait for another run on this workspace to end.", minimum=0, maximum=86_400
    )
    alarm: bool = option(False, "End with 4 when coverage or skill has left its band.")
    keep: int = option(60, "Run reports and log files that are kept.", minimum=1)
    keep_models: int = option(3, "Models of each symbol that are kept.", minimum=1)
    no_report: bool = option(False, "Leave the pages of `lstmfin report` as they are.")
    ping: str | None = option(
        None,
        "Address of a health check that is told of each run: ADDRESS/start, then ADDRESS when all "
        "is well or ADDRESS/CODE when not. Never typed, as others on the machine would see it.",
        secret=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ping is None:
            return
        parts = urlsplit(self.ping)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError("ping is not an address that begins with http:// or https://")


@dataclass(frozen=True)
class ScheduleConfig(Section):
    """When the evening job runs."""

    at: str = option("18:30", "Time of day on the exchange's clock, as HH:MM.", saved=False)
    timezone: str | None = option(
        None,
        "IANA name of the exchange's zone; the zones of the stored series if not given.",
        saved=False,
    )
    check: bool = option(
        False, "Run `lstmfin doctor` as cron would, in an empty environment.", saved=False
    )
