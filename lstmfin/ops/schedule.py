"""Lines for cron and units for systemd that run the evening job when an exchange has closed.

systemd knows time zones, and its timer follows the exchange's clock. cron knows the machine's
alone: its line names the latest time on the machine at which it is that time at the exchange in the
coming year, so that it is never early; while the two clocks differ by less it is late by the rest.
"""

import datetime as dt
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lstmfin.errors import UsageError

DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
WORKDAYS = range(1, 6)
GRACE_SECONDS = 600
"""What systemd leaves a run beyond its own limit, to write its report."""

DAY = 24 * 60


@dataclass(frozen=True)
class Schedule:
    """When and how the job runs.

    Attributes
    ----------
    program, root : Path
        Absolute paths of ``lstmfin`` and of the workspace.
    at : time
        Time of day on the exchange's clock.
    zone : ZoneInfo
        Of the exchange.
    max_runtime : float
        Seconds that a run may take.
    """

    program: Path
    root: Path
    at: dt.time
    zone: ZoneInfo
    max_runtime: float

    def command(self) -> list[str]:
        """Return the words of the command."""
        return [str(self.program), "-q", "-C", str(self.root), "run"]

    def crontab_line(self, machine: dt.tzinfo, *, today: dt.date) -> str:
        """Return the line for a machine whose clock shows a zone."""
        day, minute = divmod(self.latest(machine, today=today), DAY)
        days = ",".join(str((number + day) % 7) for number in WORKDAYS)
        days = {"1,2,3,4,5": "1-5", "2,3,4,5,6": "2-6", "0,1,2,3,4": "0-4"}.get(days, days)
        words = shlex.join(self.command()).replace("%", r"\%")  # cron's sign for a new line
        return f"{minute % 60} {minute // 60} * * {days}  {words}"

    def latest(self, machine: dt.tzinfo, *, today: dt.date) -> int:
        """Return the most minutes, over a year, from the machine's midnight to the time there."""
        return max(self._minutes(machine, today + dt.timedelta(days=n)) for n in range(366))

    def earliest(self, machine: dt.tzinfo, *, today: dt.date) -> int:
        """Return the fewest minutes, over a year."""
        return min(self._minutes(machine, today + dt.timedelta(days=n)) for n in range(366))

    def _minutes(self, machine: dt.tzinfo, day: dt.date) -> int:
        there = dt.datetime.combine(day, self.at, self.zone)
        here = there.astimezone(machine).replace(tzinfo=None)
        return int((here - dt.datetime.combine(day, dt.time())).total_seconds() // 60)

    def service(self) -> str:
        """Return the systemd service."""
        return (
            "[Unit]\n"
            f"Description=lstmfin: the evening job of {_unit(str(self.root))}\n"
            "Wants=network-online.target\n"
            "After=network-online.target\n\n"
            "[Service]\n"
            "Type=oneshot\n"
            f"ExecStart={' '.join(_word(word) for word in self.command())}\n"
            "Environment=OPENBLAS_NUM_THREADS=1\n"
            f"TimeoutStartSec={int(self.max_runtime) + GRACE_SECONDS}\n"
            "Nice=10\n"
            "# 75 says: locked or rate-limited, the next run goes on from here\n"
            "SuccessExitStatus=75\n"
        )

    def timer(self) -> str:
        """Return the systemd timer."""
        return (
            "[Unit]\n"
            f"Description=lstmfin: every evening, {_unit(str(self.root))}\n\n"
            "[Timer]\n"
            f"OnCalendar=Mon..Fri *-*-* {self.at:%H:%M}:00 {self.zone.key}\n"
            "Persistent=true\n"
            "RandomizedDelaySec=300\n\n"
            "[Install]\n"
            "WantedBy=timers.target\n"
        )


def parse_time(text: str) -> dt.time:
    """Return a time of day from HH:MM."""
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is None:
        raise UsageError(f"--at is {text!r}; it must be a time of day as HH:MM, such as 18:30")
    return dt.time.fromisoformat(text)


def parse_zone(name: str) -> ZoneInfo:
    """Return a zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"--timezone is {name!r}; it must be an IANA name, such as America/New_York"
        ) from error


def check_path(path: Path) -> None:
    """Refuse a path that no crontab line can hold."""
    if not str(path).isprintable():
        raise UsageError(f"{str(path)!r} holds a character that no line of cron can; move it")


def _unit(text: str) -> str:
    return text.replace("%", "%%")


def _word(text: str) -> str:
    r"""Return a word as systemd reads it: quoted, with its own signs doubled."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != text or " " in text or "'" in text else text
