"""Serial, local and dask workers: the same bits, and each task alone in its failure."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import worker_tasks

from lstmfin.cli.main import run as lstmfin
from lstmfin.errors import DataError, UsageError, WorkersError
from lstmfin.workers import Workers, check_spec, open_workers, run

TOOLS = Path(worker_tasks.__file__).parent
ROOT = TOOLS.parent.parent


@pytest.fixture(params=["local:2", "dask"])
def apart(request):
    """Workers whose death is not ours."""
    spec = request.param
    if spec == "dask":
        spec = f"dask:{request.getfixturevalue('scheduler')}"
    with open_workers(spec) as opened:
        yield opened


def _by_position(outcomes):
    return sorted(outcomes, key=lambda one: one.position)


def test_all_give_the_same_bits(workers):
    """Whatever runs the tasks, and in what order, values are those of this process with one thread."""
    seeds = list(range(6))
    expected = list(run(Workers(), worker_tasks.arithmetic, seeds))
    found = _by_position(run(workers, worker_tasks.arithmetic, seeds))
    assert [one.position for one in found] == seeds
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one.value, other.value, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_refusal_costs_its_task_alone(workers):
    """An error of ours is the outcome of its task, and the others are done."""
    tasks = [("say", 1), ("refuse", "X"), ("say", 3)]
    found = _by_position(run(workers, worker_tasks.act, tasks))
    assert [one.value for one in found] == [1, None, 3]
    assert isinstance(found[1].error, DataError)
    assert str(found[1].error) == "X cannot be"


def test_a_bug_is_raised(workers):
    """What is no error of ours is not taken for an outcome."""
    with pytest.raises(ZeroDivisionError):
        list(run(workers, worker_tasks.act, [("say", 1), ("bug", 0), ("say", 2)]))


def test_progress_ends_at_all(workers):
    """It begins at none, never goes back, and ends at all."""
    told = []
    list(
        run(
            workers,
            worker_tasks.arithmetic,
            [1, 2, 3],
            progress=lambda done, total: told.append((done, total)),
        )
    )
    assert told[0] == (0, 3)
    assert told[-1] == (3, 3)
    assert told == sorted(told)


def test_no_tasks_are_no_outcomes(workers):
    """Nothing to do is done."""
    assert list(run(workers, worker_tasks.act, [])) == []


def test_a_task_that_kills_its_worker_costs_itself(apart):
    """All others are done, and none of them twice for nothing."""
    tasks = [("die", 0) if number == 3 else ("say", number) for number in range(9)]
    found = _by_position(run(apart, worker_tasks.act, tasks))
    assert [one.value for one in found] == [0, 1, 2, None, *range(4, 9)]
    assert isinstance(found[3].error, WorkersError)
    assert "its worker died" in str(found[3].error)


def test_a_task_that_tells_its_progress_ends_at_its_deadline(workers):
    """Wherever it runs, it ends itself; the others have a clock of their own."""
    tasks = [("say", 1), ("long", 0), ("sleep", 0.2), ("sleep", 0.3)]
    began = time.monotonic()
    found = _by_position(run(workers, worker_tasks.act, tasks, deadline=1.0))
    assert time.monotonic() - began < 6
    assert [one.value for one in found] == [1, None, 0.2, 0.3]
    assert "longer than the 1 seconds of --deadline" in str(found[1].error)


def test_a_task_that_hangs_is_given_up(apart):
    """One that tells nothing is ended from outside, a moment after its deadline."""
    tasks = [("hang", 0), *[("sleep", 0.1)] * 5]
    began = time.monotonic()
    found = _by_position(run(apart, worker_tasks.act, tasks, deadline=0.5))
    assert time.monotonic() - began < 8
    assert [one.error is None for one in found] == [False, *[True] * 5]


def test_leaving_early_leaves_no_process(tmp_path):
    """Who stops asking for outcomes leaves no worker behind."""
    with open_workers("local:2") as workers:
        outcomes = run(workers, worker_tasks.act, [("pid", 0), ("pid", 0), *[("hang", 0)] * 4])
        processes = {next(outcomes).value, next(outcomes).value}
        outcomes.close()
    for process in processes:
        _gone(process)


def _gone(process):
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"process {process} is still there")


def test_workers_do_not_outlive_a_parent_that_is_killed():
    """kill -9 of the parent ends them, too."""
    code = (
        "import sys, worker_tasks\n"
        "from lstmfin.workers import open_workers, run\n"
        "if __name__ == '__main__':\n"
        "    tasks = [('pid', 0), ('hang', 0), ('hang', 0)]\n"
        "    for one in run(open_workers('local:1'), worker_tasks.act, tasks):\n"
        "        print(one.value, flush=True)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{TOOLS}:{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    worker = int(parent.stdout.readline())
    os.kill(worker, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    _gone(worker)


@pytest.mark.parametrize(
    "spec", ["serial", "local:1", "local:256", "dask:tcp://127.0.0.1:8786", "dask:tcp://[::1]:8786"]
)
def test_specifications(spec):
    """What may be said."""
    assert check_spec(spec) == spec


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "local",
        "local:0",
        "local:257",
        "local:-1",
        "dask",
        "dask:host:1",
        "dask:http://a:1",
        "ray:2",
        "Serial",
    ],
)
def test_what_cannot_be_said(spec):
    """The sentence lists what may be."""
    with pytest.raises(UsageError, match=r"serial, local:N .*, or dask:tcp://HOST:PORT"):
        open_workers(spec)


@pytest.fixture
def silent():
    """A port that takes calls and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _answer_as_a_web_server(server):
    with server.accept()[0] as caller:
        caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("kind", ["refused", "silent", "web"])
def test_what_is_no_scheduler_is_refused_in_time(kind, silent):
    """Within 10 seconds, with the address in the sentence."""
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    port = silent
    with ThreadPoolExecutor(1) as others, socket.create_server(("127.0.0.1", 0)) as server:
        if kind == "refused":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
        if kind == "web":
            port = server.getsockname()[1]
            server.settimeout(10)
            others.submit(_answer_as_a_web_server, server)
        began = time.monotonic()
        with pytest.raises(WorkersError, match=f"tcp://127.0.0.1:{port}"):
            open_workers(f"dask:tcp://127.0.0.1:{port}")
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("name", ["Python", "lstmfin", "numpy"])
def test_another_version_is_refused(scheduler, monkeypatch, name):
    """Workers that would give other bits are named with both versions."""
    from lstmfin.workers import dask

    ours = dask.versions() | {name: "0.0.9"}
    theirs = dask.versions
    monkeypatch.setattr(dask, "our_versions", lambda: ours)
    with pytest.raises(WorkersError, match=rf"{scheduler} has {name} .*, and here is 0\.0\.9"):
        open_workers(f"dask:{scheduler}")
    assert theirs()[name] != "0.0.9"


def test_a_command_on_another_version_writes_nothing(scheduler, monkeypatch, tmp_path, capsys):
    """In time, with the address in the sentence and the code of what is not to be had."""
    from lstmfin.workers import dask

    where = ["-C", str(tmp_path / "w"), "-q"]
    assert (
        lstmfin([*where, "fetch", "GARCH", "--source", "synthetic", "--start", "2022-06-01"]) == 0
    )
    ours = dask.versions() | {"numpy": "0.0.9"}
    monkeypatch.setattr(dask, "our_versions", lambda: ours)
    began = time.monotonic()
    code = lstmfin(
        [*where, "--workers", f"dask:{scheduler}", "backtest", "GARCH", "--train", "300"]
    )
    assert time.monotonic() - began < 10
    assert code == 69
    assert f"of {scheduler} has numpy" in capsys.readouterr().err
    assert not (tmp_path / "w" / "reports").exists()


def test_without_dask_its_extra_is_named(monkeypatch):
    """A clean sentence, where the package is not there."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'lstmfin\[dask\]'"):
        open_workers("dask:tcp://127.0.0.1:8786")
