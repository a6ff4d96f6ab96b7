"""The entry point: commands that chain in one process, and an exit code for each way to end."""

import datetime as dt
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

import lstmfin
from lstmfin.cli.chain import Chain
from lstmfin.cli.completion import VARIABLE, offer
from lstmfin.cli.interrupts import Terminated
from lstmfin.cli.job import Job, now_utc
from lstmfin.cli.options import Choice
from lstmfin.errors import EXIT_CODE_MEANINGS, ExitCode, LstmfinError
from lstmfin.ops.logs import STYLES, formatter_of
from lstmfin.redaction import redact
from lstmfin.workers import check_spec
from lstmfin.workspace import ENVIRONMENT_VARIABLE, usual_workspace, write_atomically

EPILOG = "\b\nExit codes:\n" + "\n".join(
    f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODE_MEANINGS.items()
)


@click.command(
    cls=Chain,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "-C",
    "workspace",
    type=click.Path(path_type=Path),
    metavar="WORKSPACE",
    help=f"Folder to work in; else ${ENVIRONMENT_VARIABLE}, else the nearest one upward that has "
    "an lstmfin.toml, else your data folder.",
)
@click.option("-v", "--verbose", count=True, help="Say more on stderr; -vv says all.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.option(
    "--format",
    "style",
    type=Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How results are printed.",
)
@click.option(
    "--log-format",
    type=Choice(STYLES),
    default="text",
    show_default=True,
    help="How log lines are written, on stderr and in the log file of a run.",
)
@click.option(
    "--workers",
    default="serial",
    show_default=True,
    metavar="SPEC",
    help="Where folds of a backtest run: serial, local:N processes, or dask:tcp://HOST:PORT.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Give up a task of the workers that takes longer.",
)
@click.version_option(lstmfin.__version__, message="lstmfin %(version)s")
@click.pass_obj
def group(
    job: Job,
    /,
    *,
    workspace: Path | None,
    verbose: int,
    quiet: bool,
    style: str,
    log_format: str,
    workers: str,
    deadline: float | None,
) -> None:
    """Forecast prices with recurrent networks in plain NumPy, and learn what that is worth.

    Commands chain: "lstmfin fetch AAPL MSFT train backtest plot" runs the four in order; a later
    command takes the symbols of the one before unless it names its own. Each also runs alone, on
    what the workspace holds.
    """
    levels = {0: logging.WARNING, 1: logging.INFO}
    handler = logging.StreamHandler()
    handler.setFormatter(formatter_of(log_format, timed=False))
    level = logging.ERROR if quiet else levels.get(verbose, logging.DEBUG)
    handler.setLevel(level)  # a log file may want more
    logging.basicConfig(level=level, handlers=[handler])
    job.open(usual_workspace(workspace), chosen=workspace is not None)
    job.quiet, job.style, job.log_format = quiet, style, log_format
    job.workers, job.deadline = check_spec(workers), deadline


def _on_sigterm(_signal: int, _frame: object) -> NoReturn:
    raise Terminated


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the process
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 - for all its life
    code = run(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _mute_stdout()
    except OSError as error:
        code = _cannot_print(error)
    sys.exit(code)


def run(arguments: list[str], *, now: Callable[[], dt.datetime] = now_utc) -> int:
    """Run the command line and return its exit code; nothing but a message is left to be seen."""
    job = Job(now=now)
    if VARIABLE in os.environ:
        offer()
    try:
        group.main(arguments, prog_name="lstmfin", standalone_mode=False, obj=job)
        job.finish()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as abort:
        return _interrupted(job, abort.__cause__ or abort.__context__)
    except KeyboardInterrupt as interrupt:
        return _interrupted(job, interrupt)
    except LstmfinError as error:
        job.abandon()
        _say(f"error: {error}")
        return error.exit_code
    except SystemExit:  # click leaves so when the reader of a pipe has left
        return ExitCode.OK
    except BrokenPipeError:
        _mute_stdout()
        return ExitCode.OK
    except OSError as error:
        return _on_os_error(job, error)
    except MemoryError:
        job.abandon()
        _say(
            "error: there is not enough memory for this; choose a smaller --hidden, --layers, "
            "--batch or --window"
        )
        return ExitCode.USAGE
    except Exception:  # noqa: BLE001 - a bug ends here, in a log file and a sentence
        code = _on_bug(job)
        job.abandon()
        return code
    return job.exit_code


def _interrupted(job: Job, cause: BaseException | None) -> int:
    job.abandon()
    kept = f"Kept: {', '.join(job.kept)}." if job.kept else "Nothing was changed."
    _say(f"interrupted. {kept} Nothing is half-written.")
    return ExitCode.TERMINATED if isinstance(cause, Terminated) else ExitCode.INTERRUPTED


def _on_os_error(job: Job, error: OSError) -> int:
    """Results that cannot be printed, to a full disk say, are a failure to write; others a bug."""
    return _on_bug(job) if error.filename is not None else _cannot_print(error)


def _cannot_print(error: OSError) -> int:
    _mute_stdout()
    _say(f"error: cannot print the results: {error.strerror}")
    return ExitCode.WRITE


def _mute_stdout() -> None:
    """Let what is still to be flushed go nowhere, or the interpreter complains at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _on_bug(job: Job) -> int:
    text = redact(traceback.format_exc())
    place = job.log_folder() / f"bug-{os.getpid()}.log"
    try:
        write_atomically(place, text.encode())
    except LstmfinError:
        sys.stderr.write(text)
        _say("this is a bug in lstmfin; the traceback above could not be written to a log file")
    else:
        _say(f"this is a bug in lstmfin; please report it with the traceback in {place}")
    return ExitCode.BUG


def _say(message: str) -> None:
    click.echo(f"lstmfin: {redact(message)}", err=True)
