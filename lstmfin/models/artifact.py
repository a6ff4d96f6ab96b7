"""The model file: a folder of ``weights.npz`` and ``manifest.json``, no pickle anywhere.

Loading refuses what does not fit, with the reason: other keys, shapes or dtypes than the manifest
says, values that are not finite, a checksum that differs, sizes beyond what the file holds (checked
before room is made). Nothing in it depends on the clock: the same training gives the same bytes.
"""

import datetime as dt
import hashlib
import io
import json
import math
import platform
import tokenize
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

import lstmfin
from lstmfin.config import TrainConfig, section_from_table, section_to_table
from lstmfin.data.target import Quantity
from lstmfin.engine.architecture import weight_shapes
from lstmfin.engine.network import Network
from lstmfin.engine.run import History
from lstmfin.errors import LstmfinError, ModelFileError
from lstmfin.models.calibration import MOST_LOG_FACTOR, Calibrator
from lstmfin.models.forecaster import PANEL, Forecaster
from lstmfin.models.linear import LinearPart
from lstmfin.models.member import Member
from lstmfin.models.provenance import Provenance
from lstmfin.models.replay import KEPT, Kept
from lstmfin.models.samples import Scaler
from lstmfin.models.view import input_names

FORMAT = 5
"""Raised when a reader of today could no longer make sense of the file."""

CALIBRATION, LINEAR = "calibration", "linear"
"""What is kept of the calibration (S, H, 2), and the weights of the linear part, in the archive."""

MOST_LOG, MOST_WEIGHT = 1000.0, 1e9
"""Of a log variance, and of a weight of a linear part; none that was fitted comes near."""

HEADER_BYTES = 4096
"""Room for the headers of one array in the archive."""

MANIFEST_BYTES = 4_000_000
"""A manifest beyond this was not written here."""

_UNREADABLE = (
    zipfile.BadZipFile, tokenize.TokenError, SyntaxError, EOFError, TypeError, ValueError, OSError,
    RuntimeError,
)  # fmt: skip
"""What reading a damaged archive, and the headers of its arrays, may end in."""

_MEANINGLESS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, LstmfinError)
"""What making sense of a manifest may end in."""


def to_files(forecaster: Forecaster) -> dict[str, bytes]:
    """Return the files of a trained forecaster by name."""
    assert forecaster.members
    assert forecaster.scaler is not None
    assert forecaster.provenance is not None
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **_arrays(forecaster))
    weights = packed.getvalue()
    scaler = forecaster.scaler
    manifest = {
        "format": FORMAT,
        "config": section_to_table(forecaster.config),
        "streams": list(forecaster.stream_names),
        "scaler": {"mean": scaler.mean.tolist(), "std": scaler.std.tolist()},
        "linear": None if forecaster.linear is None else _linear_out(forecaster.linear),
        "naive": _laws_out(forecaster.naive),
        "share": forecaster.share.tolist(),
        "members": [_member_out(member) for member in forecaster.members],
        "data": asdict(forecaster.provenance),
        "calibrated_to": {symbol: kept.session for symbol, kept in forecaster.kept.items()},
        "versions": {
            "lstmfin": lstmfin.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False)
    return {"weights.npz": weights, "manifest.json": text.encode()}


def from_folder(folder: Path, *, name: str | None = None) -> Forecaster:
    """Return the forecaster of a model file.

    Parameters
    ----------
    name : str, optional
        The identity that it must have, so that no byte of it can be another.

    Raises
    ------
    ModelFileError
        When the folder is not a whole and sound model file; the message says why.
    """
    path, weights_path = folder / "manifest.json", folder / "weights.npz"
    content = _read(path, MANIFEST_BYTES)
    if name not in (None, identity({"manifest.json": content})):
        _refuse(path, "differs from what was saved (its checksum is another)")
    manifest = _parsed(path, content)
    try:
        forecaster = _bare_forecaster(manifest, where=str(path))
        members = [_member_in(table, forecaster) for table in manifest["members"]]
        assert forecaster.provenance is not None
        sessions = _sessions_in(manifest["calibrated_to"], forecaster.provenance)
        expected_sha = str(manifest["weights_sha256"])
    except _MEANINGLESS as error:
        _refuse(path, f"does not describe a model ({error!r})", cause=error)

    H, linear = forecaster.horizon, forecaster.linear
    shapes = weight_shapes(forecaster.architecture())
    n_bytes = 4 * len(members) * sum(math.prod(shape) for shape in shapes.values())
    n_bytes += 8 * (2 * H * len(sessions) + (0 if linear is None else linear.weights.size))
    weights = _read(weights_path, n_bytes + HEADER_BYTES * (len(members) * len(shapes) + 3))
    if len(weights) < n_bytes:
        _refuse(
            weights_path,
            f"is {len(weights)} bytes long, and its manifest describes {n_bytes} bytes of weights",
        )
    if linear is not None:
        forecaster.linear = replace(linear, weights=np.zeros(linear.weights.shape))
    for member in members:
        forecaster.members.append(member(forecaster.new_network()))
    forecaster.kept = {one: Kept(day, Calibrator(H, KEPT)) for one, day in sessions.items()}
    arrays = _arrays(forecaster)
    _read_weights(weights_path, weights, arrays)
    if hashlib.sha256(weights).hexdigest() != expected_sha:
        _refuse(weights_path, "differs from what was saved (its checksum is another)")
    if (np.abs(arrays.get(LINEAR, 0)) > MOST_WEIGHT).any():
        _refuse(weights_path, "holds a linear part that is out of bounds")
    if (np.abs(arrays[CALIBRATION]) > MOST_LOG_FACTOR).any():
        _refuse(weights_path, "holds a calibration that is out of bounds")
    for symbol, log_factor in zip(sorted(forecaster.kept), arrays[CALIBRATION], strict=True):
        forecaster.kept[symbol].calibrator.log_factor = log_factor
    return forecaster


def identity(files: dict[str, bytes]) -> str:
    """Return the name of a model: twelve hex digits of the SHA-256 of its manifest."""
    return hashlib.sha256(files["manifest.json"]).hexdigest()[:12]


def _read(path: Path, most: int) -> bytes:
    """Return a file of at most so many bytes."""
    try:
        n_bytes = path.stat().st_size
        if n_bytes > most:
            _refuse(path, f"is {n_bytes} bytes long, and no more than {most} can belong to it")
        return path.read_bytes()
    except OSError as error:
        _refuse(path, f"cannot be read ({error.strerror})", cause=error)


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        _refuse(path, "is damaged: it is not valid JSON", cause=error)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        given = manifest.get("format") if isinstance(manifest, dict) else None
        _refuse(path, f"has format {given!r}; this version of lstmfin reads format {FORMAT}")
    return manifest


def _bare_forecaster(manifest: dict[str, Any], *, where: str) -> Forecaster:
    """Return the forecaster that a manifest describes, without its network."""
    config = section_from_table(TrainConfig, manifest["config"], where=where)
    forecaster = Forecaster(config, stream_names=tuple(map(str, manifest["streams"])))
    n_inputs = len(input_names(config))
    if not config.features:
        raise ValueError("it has no features")
    mean, std = (_vector(manifest["scaler"][key], n_inputs, key) for key in ("mean", "std"))
    if (std <= 0).any():
        raise ValueError("a feature has a spread of zero")
    forecaster.scaler = Scaler(mean, std)
    forecaster.naive = _laws_in(manifest["naive"], config.horizon)
    forecaster.share = _vector(manifest["share"], config.horizon, "share")
    if (forecaster.share < 0).any() or (forecaster.share > 1).any():
        raise ValueError("a share of a point forecast is not within 0 and 1")
    if not isinstance(manifest["members"], list) or len(manifest["members"]) != config.members:
        raise ValueError("it has other members than its configuration says")
    forecaster.provenance = _provenance_in(manifest["data"])
    forecaster.linear = _linear_in(manifest["linear"], forecaster, n_inputs)
    if (forecaster.provenance.symbol == PANEL) != config.panel:
        raise ValueError("its symbol does not belong to its configuration")
    return forecaster


def _linear_out(linear: LinearPart) -> dict[str, Any]:
    return {
        "symbols": list(linear.symbols),
        "low": linear.low.tolist(),
        "high": linear.high.tolist(),
    }


def _linear_in(
    table: dict[str, Any] | None, forecaster: Forecaster, n_inputs: int
) -> LinearPart | None:
    """Return the linear part without its weights: zeros that take no room."""
    if (table is not None) != forecaster.has_linear:
        raise ValueError("a linear part does not belong to its target")
    if table is None:
        return None
    assert forecaster.provenance is not None
    H, symbols = forecaster.horizon, tuple(table["symbols"])
    if symbols != forecaster.provenance.symbols:
        raise ValueError("its linear part is of other symbols than it")
    low, high = (_vector(table[key], H, key) for key in ("low", "high"))
    if (low > high).any() or np.abs([low, high]).max() > MOST_LOG:
        raise ValueError("a bound of its linear part is above the other, or beyond all variances")
    shape = (1 + len(symbols), 2 + n_inputs, H)
    return LinearPart(symbols, np.broadcast_to(np.float64(0), shape), low, high)


def _arrays(forecaster: Forecaster) -> dict[str, np.ndarray]:
    """Return the weights of all members by name; a single one's go by their own."""
    alone, kept = len(forecaster.members) == 1, sorted(forecaster.kept.items())
    arrays = {CALIBRATION: np.array([one.calibrator.log_factor for _, one in kept])}
    if forecaster.linear is not None:
        arrays[LINEAR] = forecaster.linear.weights
    return arrays | {
        name if alone else f"member{number}.{name}": member.network.params[name]
        for number, member in enumerate(forecaster.members)
        for name in member.network.params
    }


def _member_out(member: Member) -> dict[str, Any]:
    return {
        "residual": None if member.residual is None else _laws_out(member.residual),
        "level": None if member.level is None else member.level.tolist(),
        "history": _history_out(member.history),
    }


def _member_in(table: dict[str, Any], forecaster: Forecaster) -> Callable[[Network], Member]:
    """Return what makes a member of its network; refuse parts that do not belong together."""
    H, loss, quantity = forecaster.horizon, forecaster.loss, forecaster.target.quantity
    residual = None if table["residual"] is None else _laws_in(table["residual"], H)
    level = None if table["level"] is None else _vector(table["level"], H, "level")
    trains_spread = loss.law(np.zeros((loss.n_parameters, H, 1))).has_spread
    is_variance = quantity is Quantity.LOG_VARIANCE
    needs_residual = is_variance or (quantity is Quantity.RETURN and not trains_spread)
    if needs_residual != (residual is not None) or is_variance != (level is not None):
        raise ValueError("the law of its errors does not belong to its loss")
    if level is not None and (level <= 0).any():
        raise ValueError("a level of variance is not above zero")
    history = _history_in(table["history"])
    return partial(Member, history=history, residual=residual, level=level)


_COUNTS = ("best_epoch", "n_retreats")


def _history_out(history: History) -> dict[str, Any]:
    return {
        key: [one if math.isfinite(one) else None for one in value]  # JSON has no NaN
        if isinstance(value, list)
        else value
        for key, value in asdict(history).items()
    }


def _history_in(table: dict[str, Any]) -> History:
    values: dict[str, Any] = {
        key: [math.nan if one is None else float(one) for one in value]
        for key, value in table.items()
        if key not in _COUNTS
    }
    return History(**values | {key: int(table[key]) for key in _COUNTS})


def _provenance_in(table: dict[str, Any]) -> Provenance:
    symbols = tuple(map(str, table["symbols"]))
    provenance = Provenance(**table | {"n_sessions": int(table["n_sessions"]), "symbols": symbols})
    if len(set(symbols)) != len(symbols) or not symbols:
        raise ValueError("it was trained on no symbols, or on one twice")
    _check_days(provenance.first, provenance.last, provenance.validated_from)
    return provenance


def _check_days(*days: str) -> None:
    """Refuse what is no date: NumPy would take "today" for one."""
    for day in days:
        dt.date.fromisoformat(day)


def _sessions_in(table: dict[str, Any], provenance: Provenance) -> dict[str, str]:
    """Return the last session that each symbol was calibrated to."""
    sessions = {symbol: str(session) for symbol, session in table.items()}
    if set(sessions) != set(provenance.symbols):
        raise ValueError("it keeps the calibration of other symbols than it was trained on")
    _check_days(*sessions.values())
    return sessions


def _vector(values: Any, size: int, name: str, *, finite: bool = True) -> np.ndarray:
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (size,) or (finite and not np.isfinite(vector).all()):
        raise ValueError(f"{name} must be {size} finite numbers")
    return vector


def _laws_out(laws: tuple[np.ndarray, np.ndarray]) -> dict[str, list[float | None]]:
    scale, dof = laws
    finite = [float(one) if math.isfinite(one) else None for one in dof]  # JSON has no infinity
    return {"scale": scale.tolist(), "dof": finite}


def _laws_in(table: dict[str, Any], size: int) -> tuple[np.ndarray, np.ndarray]:
    dof = _vector([np.inf if v is None else v for v in table["dof"]], size, "dof", finite=False)
    scale = _vector(table["scale"], size, "scale")
    if not ((scale > 0) & (dof > 0)).all():
        raise ValueError("a law has no width")
    return scale, dof


def _read_weights(path: Path, content: bytes, params: dict[str, np.ndarray]) -> None:
    """Fill ``params`` from the archive; stored members unpack to no more than the file is long."""
    expected = {f"{name}.npy": name for name in params}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sorted(member.filename for member in members) != sorted(expected):
                _refuse(path, "holds other arrays than its manifest says")
            for member in members:
                if member.compress_type != zipfile.ZIP_STORED:
                    _refuse(path, f"holds {member.filename} in compressed form")
                target = params[expected[member.filename]]
                _read_array(path, io.BytesIO(archive.read(member)), target)
    except ModelFileError:
        raise
    except _UNREADABLE as error:
        _refuse(path, f"is damaged or cut short ({error})", cause=error)


def _read_array(path: Path, file: io.BytesIO, target: np.ndarray) -> None:
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0}.get(version)
    if read is None:
        _refuse(path, f"holds an array of format {version}")
    shape, fortran, dtype = read(file)
    if (shape, fortran, dtype) != (target.shape, False, target.dtype):
        _refuse(path, f"holds an array {dtype} {shape} where {target.dtype} {target.shape} belongs")
    values = np.frombuffer(file.read(), dtype)
    if values.size != target.size:
        _refuse(path, "is cut short")
    if not np.isfinite(values).all():
        _refuse(path, "holds weights that are not finite")
    target[...] = values.reshape(shape)


def _refuse(path: Path, reason: str, *, cause: BaseException | None = None) -> NoReturn:
    raise ModelFileError(f"{path} {reason}; train the model anew: lstmfin train") from cause
