"""The model file: what is saved comes back to the bit, and nothing that is damaged comes back."""

import hashlib
import io
import json
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest

from lstmfin.errors import ModelFileError
from lstmfin.models.artifact import from_folder, identity, to_files
from lstmfin.registry import CELLS, LOSSES


def _write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _with_weights(files, weights):
    """Return the files with other weights, whose checksum the manifest vouches for."""
    manifest = json.loads(files["manifest.json"])
    manifest["weights_sha256"] = hashlib.sha256(weights).hexdigest()
    return {"weights.npz": weights, "manifest.json": json.dumps(manifest).encode()}


def _arrays(files):
    with np.load(io.BytesIO(files["weights.npz"])) as archive:
        return {name: archive[name] for name in archive.files}


def _packed(arrays, **options):
    packed = io.BytesIO()
    np.savez(packed, **arrays, **options)
    return packed.getvalue()


def _members(files):
    with zipfile.ZipFile(io.BytesIO(files["weights.npz"])) as archive:
        return [(member.filename, archive.read(member)) for member in archive.infolist()]


def _zipped(members, compression=zipfile.ZIP_STORED):
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", compression) as archive:
        warnings.simplefilter("ignore")  # a name given twice is what we want
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def _encrypted(members):
    """Set the bit that says so in the directory at the end of the archive."""
    packed = bytearray(_zipped(members))
    entry = packed.index(b"PK\x01\x02")
    packed[entry + 8] |= 1
    return bytes(packed)


@pytest.fixture(scope="module")
def forecaster(trained):
    return trained(hidden=2)


@pytest.fixture(scope="module")
def files(forecaster):
    return to_files(forecaster)


KINDS = [{"cell": cell} for cell in CELLS.names()]
KINDS += [
    {"loss": loss, "target": target}
    for loss in LOSSES.names()
    for target in sorted(LOSSES.get(loss).targets)
]
KINDS += [{"members": 3}, {"members": 2, "target": "volatility", "variance": "parkinson"}]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_round_trip(trained, series, tmp_path, kind):
    """What is saved and loaded says the same to the bit, and would be saved as the same bytes."""
    forecaster, origins = trained(**kind, layers=2), np.arange(60, 200)
    files = to_files(forecaster)
    loaded = from_folder(_write(tmp_path, files))
    assert to_files(loaded) == files
    for ask in ("predict", "predict_naive"):
        before, after = (getattr(one, ask)(series(), origins) for one in (forecaster, loaded))
        for level in (0.05, 0.5, 0.9):
            np.testing.assert_array_equal(before.quantile(level), after.quantile(level))
    assert loaded.config == forecaster.config
    for one, other in zip(loaded.members, forecaster.members, strict=True):
        assert one.history == other.history
    assert loaded.provenance == forecaster.provenance
    assert loaded.stream_names == forecaster.stream_names


def test_an_epoch_without_a_loss_can_be_saved(forecaster, tmp_path):
    """An epoch none of whose steps could be taken has no loss; JSON has no NaN, and needs none."""
    kept = forecaster.history.train_loss
    forecaster.history.train_loss = [float("nan"), *kept[1:]]
    try:
        files = to_files(forecaster)
    finally:
        forecaster.history.train_loss = kept
    assert b"NaN" not in files["manifest.json"]
    loaded = from_folder(_write(tmp_path, files)).history.train_loss
    np.testing.assert_array_equal(loaded, [np.nan, *kept[1:]])


def test_what_is_saved_is_plain(files):
    """Weights can be read without pickle; the manifest is JSON and names versions and checksum."""
    manifest = json.loads(files["manifest.json"])
    assert set(files) == {"weights.npz", "manifest.json"}
    assert manifest["weights_sha256"] == hashlib.sha256(files["weights.npz"]).hexdigest()
    assert set(manifest["versions"]) == {"lstmfin", "numpy", "python"}
    wide = {name for name, array in _arrays(files).items() if array.dtype != np.float32}
    assert wide == {"calibration"}
    assert identity(files) == hashlib.sha256(files["manifest.json"]).hexdigest()[:12]


def test_missing_files_are_refused(files, tmp_path):
    """Either file missing, or a folder in its place, is a reason; the message says what to do."""
    for name in files:
        folder = _write(tmp_path / name, files)
        (folder / name).unlink()
        with pytest.raises(ModelFileError, match=f"{name} cannot be read.*lstmfin train"):
            from_folder(folder)
        (folder / name).mkdir()
        with pytest.raises(ModelFileError, match=f"{name} cannot be read"):
            from_folder(folder)
    with pytest.raises(ModelFileError, match="cannot be read"):
        from_folder(tmp_path / "nowhere")


@pytest.mark.parametrize("vouched", [False, True], ids=["as-saved", "checksum-renewed"])
def test_weights_cut_short_are_refused(files, tmp_path, vouched):
    """Weights cut anywhere are refused, even if their checksum was made after the cut."""
    weights = files["weights.npz"]
    for cut in (*range(0, len(weights), 7), len(weights) - 1):
        damaged = weights[:cut]
        folder = _write(
            tmp_path, _with_weights(files, damaged) if vouched else files | {"weights.npz": damaged}
        )
        with pytest.raises(ModelFileError, match=r"weights\.npz"):
            from_folder(folder)


def test_flipped_bits_are_refused(files, tmp_path):
    """A bit flipped anywhere in the weights is noticed."""
    for position in range(0, len(files["weights.npz"]), 3):
        damaged = bytearray(files["weights.npz"])
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ModelFileError, match=r"weights\.npz"):
            from_folder(_write(tmp_path, files | {"weights.npz": bytes(damaged)}))


def test_flipped_bits_with_a_new_checksum_never_make_another_model(files, tmp_path):
    """Even if the checksum was made after the flip: refused, or a bit without meaning."""
    n_refused, weights = 0, files["weights.npz"]
    expected = from_folder(_write(tmp_path, files)).network.params.flat
    for position in range(0, len(weights), 3):
        damaged = bytearray(weights)
        damaged[position] ^= 1 << (position * 5) % 8
        try:
            loaded = from_folder(_write(tmp_path, _with_weights(files, bytes(damaged))))
        except ModelFileError:
            n_refused += 1
        else:
            np.testing.assert_array_equal(loaded.network.params.flat, expected)
    assert n_refused > 0.4 * len(weights) / 3


def test_hit_headers_of_arrays_never_make_another_model(files, tmp_path):
    """A bit flipped in the header of an array, all checksums renewed: refused, or of no meaning."""
    *others, (name, content) = _members(files)
    expected = from_folder(_write(tmp_path, files)).network.params.flat
    for position in range(128):
        for bit in (position % 8, (position + 3) % 8):
            hit = bytearray(content)
            hit[position] ^= 1 << bit
            weights = _zipped([*others, (name, bytes(hit))])
            try:
                loaded = from_folder(_write(tmp_path, _with_weights(files, weights)))
            except ModelFileError:
                continue
            np.testing.assert_array_equal(loaded.network.params.flat, expected)


def test_every_byte_of_the_manifest_may_be_hit(files, tmp_path):
    """A manifest cut or hit anywhere is refused, or still describes a model of sound numbers."""
    content = files["manifest.json"]
    for position in range(0, len(content), 5):
        hit = bytearray(content)
        hit[position] ^= 1 << position % 7
        for damaged in (content[:position], bytes(hit)):
            try:
                loaded = from_folder(_write(tmp_path, files | {"manifest.json": damaged}))
            except ModelFileError:
                continue
            assert np.isfinite(loaded.scaler.mean).all()
            assert (loaded.scaler.std > 0).all()


def _array_bytes(array, **options):
    packed = io.BytesIO()
    np.lib.format.write_array(packed, array, **options)
    return packed.getvalue()


def _other(arrays, name, array):
    return _packed(arrays | {name: array})


HUGE_HEADER = (
    b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, "
    b"'shape': (1000000, 1000000), }".ljust(127)
    + b"\n"
)

WEIGHTS = {
    "missing member": lambda arrays, members: _zipped(members[1:]),
    "extra member": lambda arrays, members: _packed(arrays | {"more": np.zeros(1)}),
    "duplicate member": lambda arrays, members: _zipped([*members, members[0]]),
    "member twice, another missing": lambda arrays, members: _zipped([*members[1:], members[1]]),
    "member above the folder": lambda arrays, members: _zipped(
        [("../" + members[0][0], members[0][1]), *members[1:]]
    ),
    "member of another name": lambda arrays, members: _zipped(
        [("layer1.A.npy", members[0][1]), *members[1:]]
    ),
    "another shape": lambda arrays, members: _other(arrays, "head.b", np.zeros(8, np.float32)),
    "another rank": lambda arrays, members: _other(arrays, "head.b", np.zeros((3, 3), np.float32)),
    "double precision": lambda arrays, members: _other(
        arrays, "head.b", arrays["head.b"].astype(np.float64)
    ),
    "other byte order": lambda arrays, members: _other(
        arrays, "head.b", arrays["head.b"].astype(">f4")
    ),
    "whole numbers": lambda arrays, members: _other(
        arrays, "head.b", arrays["head.b"].astype(np.int32)
    ),
    "Fortran order": lambda arrays, members: _other(
        arrays, "layer0.A", np.asfortranarray(arrays["layer0.A"])
    ),
    "NaN": lambda arrays, members: _other(arrays, "head.b", arrays["head.b"] * np.float32("nan")),
    "infinity": lambda arrays, members: _other(
        arrays, "head.W", np.full_like(arrays["head.W"], np.inf)
    ),
    "objects": lambda arrays, members: _other(
        arrays, "head.b", np.array([{}] * arrays["head.b"].size, dtype=object)
    ),
    "array of another format": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], _array_bytes(arrays["head.b"], version=(2, 0)))]
    ),
    "array cut short": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], members[-1][1][:-4])]
    ),
    "array too long": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], members[-1][1] + bytes(4))]
    ),
    "array that is none": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], b"import os")]
    ),
    "header that is no literal": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], members[-1][1].replace(b"'<f4'", b"[{[]:"))]
    ),
    "header that claims terabytes": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], HUGE_HEADER)]
    ),
    "archive that unpacks to far more": lambda arrays, members: _zipped(
        [*members[:-1], (members[-1][0], members[-1][1] + bytes(50_000_000))],
        zipfile.ZIP_DEFLATED,
    ),
    "compressed": lambda arrays, members: _zipped(members, zipfile.ZIP_DEFLATED),
    "encrypted": lambda arrays, members: _encrypted(members),
    "calibration out of bounds": lambda arrays, members: _other(
        arrays, "calibration", np.full_like(arrays["calibration"], 9.0)
    ),
    "calibration of another horizon": lambda arrays, members: _other(
        arrays, "calibration", arrays["calibration"][:, :-1]
    ),
    "no archive": lambda arrays, members: b"PK\x03\x04 and so on",
    "nothing": lambda arrays, members: b"",
    "empty archive": lambda arrays, members: _zipped([]),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights_that_do_not_fit_are_refused(files, tmp_path, case):
    """Refused, with the reason, before anything large is unpacked, checksum or not."""
    weights = WEIGHTS[case](_arrays(files), _members(files))
    folder = _write(tmp_path, _with_weights(files, weights))
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=r"weights\.npz.*train the model anew"):
            from_folder(folder)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def _set(*path, to):
    def change(manifest):
        *parents, last = path
        for key in parents:
            manifest = manifest[key]
        manifest[last] = to

    return change


def _drop(*path):
    def change(manifest):
        *parents, last = path
        for key in parents:
            manifest = manifest[key]
        del manifest[last]

    return change


MANIFESTS = {
    "another format": _set("format", to=1),
    "format as text": _set("format", to="1"),
    "no format": _drop("format"),
    "no configuration": _drop("config"),
    "configuration of another kind": _set("config", to=[1, 2]),
    "unknown option": _set("config", "colour", to="red"),
    "unknown cell": _set("config", "cell", to="transformer"),
    "cell outside the registry": _set("config", "cell", to="../../os"),
    "unknown loss": _set("config", "loss", to="hinge"),
    "unknown feature": _set("config", "features", to=["close"]),
    "no feature": _set("config", "features", to=[]),
    "hidden of none": _set("config", "hidden", to=0),
    "hidden as text": _set("config", "hidden", to="2"),
    "hidden of true": _set("config", "hidden", to=True),
    "hidden out of bounds": _set("config", "hidden", to=10**9),
    "horizon of another length": _set("config", "horizon", to=4),
    "a number beyond all numbers": _set("config", "learning-rate", to=10**400),
    "streams of a number": _set("streams", to=5),
    "no scaler": _drop("scaler"),
    "scaler of another length": _set("scaler", "mean", to=[0.0]),
    "scaler of text": _set("scaler", "mean", to=["a", "b", "c", "d"]),
    "scaler beyond all numbers": _set("scaler", "mean", to=[10**400] * 4),
    "scaler of NaN": _set("scaler", "mean", to=[float("nan")] * 4),
    "spread of zero": _set("scaler", "std", to=[1.0, 1.0, 0.0, 1.0]),
    "spread below zero": _set("scaler", "std", to=[1.0, 1.0, -1.0, 1.0]),
    "no naive law": _drop("naive"),
    "naive scale of zero": _set("naive", "scale", to=[1.0, 0.0, 1.0]),
    "naive scale of NaN": _set("naive", "scale", to=[1.0, float("nan"), 1.0]),
    "tails below zero": _set("naive", "dof", to=[1.0, -3.0, 1.0]),
    "tails of NaN": _set("naive", "dof", to=[1.0, float("nan"), 1.0]),
    "a residual that does not belong": _set(
        "members", 0, "residual", to={"scale": [1.0, 1.0, 1.0], "dof": [5.0, 5.0, 5.0]}
    ),
    "unknown history": _set("members", 0, "history", "colour", to=[1.0]),
    "history of text": _set("members", 0, "history", "train_loss", to=["good"]),
    "history of a number": _set("members", 0, "history", "validation_loss", to=3),
    "no members": _drop("members"),
    "members of none": _set("members", to=[]),
    "members of a number": _set("members", to=1),
    "more members than it says": _set("config", "members", to=2),
    "a level that does not belong": _set("members", 0, "level", to=[1.0, 1.0, 1.0]),
    "another target": _set("config", "target", to="volatility"),
    "a loss of another target": _set("config", "loss", to="qlike"),
    "another input": _set("config", "exog", to=["^VIX"]),
    "a panel of one symbol": _set("config", "panel", to=True),
    "no symbols": _drop("data", "symbols"),
    "no provenance": _drop("data"),
    "no calibration": _drop("calibrated_to"),
    "calibration of another symbol": _set("calibrated_to", to={"X": "2024-01-02"}),
    "calibration as text": _set("calibrated_to", to="GARCH"),
    "calibration to no session": _set("calibrated_to", "GARCH", to="soon"),
    "calibration to the reader's day": _set("calibrated_to", "GARCH", to="today"),
    "validated from never": _set("data", "validated_from", to="NaT"),
    "no symbol": _set("data", "symbols", to=[]),
    "a symbol twice": _set("data", "symbols", to=["GARCH", "GARCH"]),
    "provenance without a digest": _drop("data", "digest"),
    "provenance without a date": _set("data", "last", to="yesterday"),
    "provenance that counts in text": _set("data", "n_sessions", to="many"),
    "no checksum": _drop("weights_sha256"),
    "another checksum": _set("weights_sha256", to="0" * 64),
    "checksum of none": _set("weights_sha256", to=None),
    "larger than its weights": _set("config", "hidden", to=3),
    "deeper than its weights": _set("config", "layers", to=2),
    "another cell than its weights": _set("config", "cell", to="rnn"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_manifests_that_do_not_fit_are_refused(files, tmp_path, case):
    """Refused, with the reason and what to do."""
    manifest = json.loads(files["manifest.json"])
    MANIFESTS[case](manifest)
    changed = json.dumps(manifest).encode()
    assert changed != files["manifest.json"]
    with pytest.raises(ModelFileError, match="train the model anew"):
        from_folder(_write(tmp_path, files | {"manifest.json": changed}))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"1", b'"text"', b"\xff\xfe", b"{}", b"[" * 200_000,
        b'{"format": 2}', b'{"format": 2, "config": {}}', b'{"format": NaN}', b"1" * 5000,
        b" " * 4_000_001,
    ],
    ids=lambda content: repr(content[:30]),
)  # fmt: skip
def test_manifests_that_are_none_are_refused(files, tmp_path, content):
    """What is not JSON, or JSON of something else, is refused."""
    with pytest.raises(ModelFileError, match=r"manifest\.json"):
        from_folder(_write(tmp_path, files | {"manifest.json": content}))


def test_a_loss_without_a_width_needs_the_residual(trained, tmp_path):
    """A model whose loss trains a location alone is refused without the law of its errors."""
    files = to_files(trained(loss="mse"))
    manifest = json.loads(files["manifest.json"])
    manifest["members"][0]["residual"] = None
    changed = json.dumps(manifest).encode()
    with pytest.raises(ModelFileError, match="train the model anew"):
        from_folder(_write(tmp_path, files | {"manifest.json": changed}))


LINEAR = {
    "none": _set("linear", to=None),
    "of another symbol": _set("linear", "symbols", to=["X"]),
    "of more symbols": _set("linear", "symbols", to=["GARCH", "X"]),
    "without a bound": _drop("linear", "low"),
    "with a bound of another length": _set("linear", "high", to=[1.0]),
    "with bounds that cross": _set("linear", "low", to=[99.0, 99.0, 99.0]),
    "with a bound beyond all variances": _set("linear", "high", to=[1e308, 1e308, 1e308]),
    "where there should be none": _set("config", "no-linear", to=True),
}


@pytest.mark.parametrize("case", LINEAR)
def test_linear_parts_that_do_not_fit_are_refused(trained, tmp_path, case):
    """What networks add to is as much a part of a model as they are."""
    files = to_files(trained(target="volatility"))
    manifest = json.loads(files["manifest.json"])
    LINEAR[case](manifest)
    changed = json.dumps(manifest).encode()
    with pytest.raises(ModelFileError, match="train the model anew"):
        from_folder(_write(tmp_path, files | {"manifest.json": changed}))


def test_a_linear_part_of_many_series_makes_no_room(trained, tmp_path):
    """What the manifest says of its weights is held against the file before they are made."""
    files = to_files(trained(target="volatility"))
    manifest = json.loads(files["manifest.json"])
    names = [f"S{number}" for number in range(20_000)]
    manifest["data"]["symbols"] = manifest["linear"]["symbols"] = names
    manifest["calibrated_to"] = dict.fromkeys(names, manifest["data"]["last"])
    changed = json.dumps(manifest).encode()
    assert len(changed) < 4_000_000
    with pytest.raises(ModelFileError, match="describes"):
        from_folder(_write(tmp_path, files | {"manifest.json": changed}))


def test_declared_sizes_are_checked_before_room_is_made(files, tmp_path):
    """A manifest of the largest network there may be does not make room for it."""
    manifest = json.loads(files["manifest.json"])
    manifest["config"] |= {"hidden": 4096, "layers": 16}
    folder = _write(tmp_path, files | {"manifest.json": json.dumps(manifest).encode()})
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match="describes"):
            from_folder(folder)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
