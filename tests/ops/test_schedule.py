"""What cron and systemd are told."""

import datetime as dt
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lstmfin.errors import UsageError
from lstmfin.ops.schedule import Schedule, parse_time, parse_zone

ROOT = Path("/home/me/my 100% watch")
TODAY = dt.date(2026, 1, 1)
ZONES = ("America/New_York", "Europe/London", "Asia/Tokyo", "Australia/Sydney")


def made(zone, at="18:30"):
    return Schedule(Path("/opt/bin/lstmfin"), ROOT, parse_time(at), ZoneInfo(zone), 7200)


@pytest.mark.parametrize("exchange", ZONES)
@pytest.mark.parametrize("machine", [*ZONES, "UTC", "Pacific/Kiritimati"])
def test_cron_is_never_early(exchange, machine):
    """Each session of a year has its run after it, the same day there or the next, on any machine."""
    line = made(exchange).crontab_line(ZoneInfo(machine), today=TODAY)
    minute, hour, _, _, days = line.split()[:5]
    first, _, last = days.partition("-")
    allowed = {int(d) % 7 for d in (range(int(first), int(last) + 1) if last else days.split(","))}
    zone, here = ZoneInfo(exchange), ZoneInfo(machine)
    runs = [
        dt.datetime.combine(day, dt.time(int(hour), int(minute)), here)
        for day in (TODAY + dt.timedelta(days=n) for n in range(-2, 370))
        if day.isoweekday() % 7 in allowed
    ]
    for n in range(366):
        day = TODAY + dt.timedelta(days=n)
        if day.weekday() >= 5:
            continue
        due = dt.datetime.combine(day, dt.time(18, 30), zone).astimezone(dt.UTC)
        first_after = min(run.astimezone(dt.UTC) for run in runs if run.astimezone(dt.UTC) >= due)
        assert first_after - due <= dt.timedelta(hours=2)


def test_signs_of_cron_and_systemd_are_quoted():
    """A blank and a % in a path reach the program as they are."""
    line = made("UTC").crontab_line(dt.UTC, today=TODAY)
    assert line.startswith("30 18 * * 1-5  ")
    command = line.split("  ", 1)[1].replace(r"\%", "%")
    assert shlex.split(command) == ["/opt/bin/lstmfin", "-q", "-C", str(ROOT), "run"]
    assert r"100\%" in line
    assert 'ExecStart=/opt/bin/lstmfin -q -C "/home/me/my 100%% watch" run' in made("UTC").service()


def test_the_timer_follows_the_exchange():
    """systemd itself knows the zone, and agrees on when the next runs are."""
    timer = made("America/New_York").timer()
    (when,) = [
        line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar")
    ]
    assert when == "Mon..Fri *-*-* 18:30:00 America/New_York"
    program = shutil.which("systemd-analyze")
    if program is None:
        return
    done = subprocess.run([program, "calendar", when], capture_output=True, text=True, check=True)
    assert "18:30" in done.stdout


@pytest.mark.parametrize("text", ["25:00", "6pm", "18:30:00", "", "8:30", "18:30\n"])
def test_times_that_are_none(text):
    with pytest.raises(UsageError, match="HH:MM"):
        parse_time(text)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "America"])
def test_zones_that_are_none(name):
    with pytest.raises(UsageError, match="IANA"):
        parse_zone(name)


def test_the_command(house, monkeypatch):
    """One set for each zone of the stored series; checked as cron would run it."""
    house.make("S1", "S1.T")
    assert house("fetch").code == 0
    (house.root / "lstmfin.toml").unlink()  # cron does not know the source of this test
    ended = house("--format", "json", "schedule", "--at", "19:00", "--check")
    assert ended.code == 0, ended.err
    rows = json.loads(ended.out)["rows"]
    assert [row["timezone"] for row in rows] == ["America/New_York", "Asia/Tokyo"]
    assert "checked: " in ended.err
    for row in rows:
        program = shlex.split(row["crontab"].split("  ", 1)[1])[0]
        assert os.access(program, os.X_OK)
        assert Path(program).is_absolute()
    text = house("schedule", "--timezone", "Europe/London").out
    assert "OnCalendar=Mon..Fri *-*-* 18:30:00 Europe/London" in text


def test_what_cron_would_stumble_over(house):
    """A workspace that is not sound as cron sees it: 78, and what the program said there."""
    house.make("S1")
    (house.root / "lstmfin.toml").write_text("[oops]\n")
    ended = house("schedule", "--check")
    assert ended.code == 78
    assert "oops" in ended.err
