"""Lines for cron and units for systemd."""

import datetime as dt
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options
from lstmfin.config import ScheduleConfig
from lstmfin.errors import ConfigError, UsageError

CRON_PATH = "/usr/bin:/bin"
CHECK_SECONDS = 120


@click.command("schedule")
@section_options(ScheduleConfig)
@click.pass_obj
def schedule(job: Job, /, **options: Any) -> None:
    """Print what runs this workspace every evening: a crontab line, a systemd service and timer.

    The time is that of the exchange, or one for each exchange whose series the workspace holds.
    Copy what you use; nothing is installed. With --check the program is run as cron would run it.
    """
    from lstmfin.cli.output import Column, Result
    from lstmfin.ops.schedule import Schedule, check_path, parse_time, parse_zone

    config = ScheduleConfig().evolve(**options)
    at, program, root = parse_time(config.at), _program(), job.workspace.root
    check_path(root)
    names = [config.timezone] if config.timezone else _zones(job)
    machine, today = _machine_zone(), job.now().date()
    rows, units = [], []
    for name in names:
        one = Schedule(program, root, at, parse_zone(name), job.settings.run.max_runtime)
        late = one.latest(machine, today=today) - one.earliest(machine, today=today)
        rows.append(
            {
                "timezone": name,
                "at": config.at,
                "late_by_minutes": late,
                "crontab": one.crontab_line(machine, today=today),
            }
        )
        units.append({"service": one.service(), "timer": one.timer()})
    if config.check:
        _check(job, program)
    if job.style == "table":
        for row, unit in zip(rows, units, strict=True):
            job.print(_text({**row, **unit}))
    else:
        job.emit(Result("schedule", (Column("timezone", "zone"),), rows, more={"units": units}))


def _text(row: dict[str, Any]) -> str:
    zone, late = row["timezone"], row["late_by_minutes"]
    follows = (
        f"# The clocks here and in {zone} never drift apart: it runs at {row['at']} there."
        if late == 0
        else f"# cron knows this clock alone: it runs at {row['at']} in {zone}, or between\n"
        f"# the days on which clocks are changed, up to {late} minutes later; never earlier."
    )
    return (
        f"{follows}\n{row['crontab']}\n\n"
        f"# ~/.config/systemd/user/lstmfin.service\n{row['service']}\n"
        f"# ~/.config/systemd/user/lstmfin.timer follows the clock of {zone}, summer time too\n"
        f"{row['timer']}\n"
        "# systemctl --user enable --now lstmfin.timer; loginctl enable-linger\n"
    )


def _zones(job: Job) -> list[str]:
    """Return the zones of the stored series; New York's where none is known."""
    from lstmfin.data.store import Store

    with Store(job.workspace.database) as store:
        zones = {store.info(symbol).timezone for symbol in store.symbols()} - {""}
    return sorted(zones) or ["America/New_York"]


def _program() -> Path:
    """Return the absolute path of the program, which cron does not look for."""
    beside = Path(sys.executable).with_name("lstmfin")
    program = beside if beside.is_file() else Path(sys.argv[0]).absolute()
    if not (program.is_file() and os.access(program, os.X_OK)):
        raise UsageError("there is no program `lstmfin` beside this Python; install it with pip")
    return program


def _machine_zone() -> dt.tzinfo:
    """Return the zone of the machine's clock, daylight saving and all."""
    from zoneinfo import ZoneInfo

    name = os.environ.get("TZ", "").lstrip(":") or _linked_zone()
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return dt.datetime.now().astimezone().tzinfo or dt.UTC


def _linked_zone() -> str:
    target = os.path.realpath("/etc/localtime")
    return target.partition("zoneinfo/")[2] or "UTC"


def _check(job: Job, program: Path) -> None:
    """Run ``lstmfin doctor`` as cron does: by a shell, with an empty environment."""
    words = shlex.join([str(program), "-q", "-C", str(job.workspace.root), "doctor"])
    home = os.environ.get("HOME", "/")
    try:
        done = subprocess.run(  # noqa: S603 - our own program, its words quoted
            ["/bin/sh", "-c", words],
            env={"HOME": home, "PATH": CRON_PATH, "SHELL": "/bin/sh"},
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"cron could not run {words}: {error}") from error
    if done.returncode:
        raise ConfigError(
            f"as cron would run it, {words} ended with {done.returncode}: "
            f"{(done.stderr or done.stdout).strip()}"
        )
    job.tell(f"checked: {words} works in the environment of cron")


COMMAND = schedule
