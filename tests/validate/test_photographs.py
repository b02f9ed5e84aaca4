"""`onthefly validate --photos`: files go the page's own way, from their bytes on; what is wrong is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray
from PIL import Image

from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.pictures.open import open_picture
from onthefly_studio.pipeline import Built
from onthefly_studio.validate import cases
from onthefly_studio.validate.pixels import DECODED_LIMIT
from onthefly_studio.validate.rows import Report
from tests.support import mutants
from tests.support.mutants import Edit
from tests.support.odd import corpus
from tests.support.odd.scene import scene

TAKEN = ("exif-6.jpg", "iccp-p3.png", "lossy-alpha.webp", "rgba-8.png")
PHOTOS = "preprocess/photo"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with something transparent about them, one after the other, and others that need care."""
    folder = tmp_path_factory.mktemp("photos")
    for number, name in enumerate((*TAKEN, "rgba-empty.png", "text.jpg")):
        (folder / f"{number}-{name}").write_bytes(corpus()[name])
    return folder


def verdicts(report: Report) -> dict[str, str]:
    return {row.id.removeprefix(f"{PHOTOS}/"): row.verdict for row in report.rows}


def test_files_are_decoded_by_the_page_itself(
    site: Callable[..., Built], validated: Callable[..., Report], photos: Path
) -> None:
    report = validated(
        site("embedded").out,
        photos=photos,
        only=(PHOTOS, "features/original/photo"),
    )
    read = [name for name in sorted(path.name for path in photos.iterdir()) if "text" not in name]
    found = {row.id: row for row in report.rows}
    for name in read:
        row = found[f"{PHOTOS}/{name}"]
        assert (row.verdict, row.limit) == ("ok", DECODED_LIMIT), row
        assert found[f"features/original/photo/{name}"].verdict == "ok"
    refused = found[f"{PHOTOS}/5-text.jpg"]
    assert refused.verdict == "ok"
    assert refused.detail == "both refuse it: This is not a picture that can be read."
    # Two decoders: equality everywhere would mean that one's pixels had been given to the other.
    assert any(row.error for row in report.rows if row.id.startswith(PHOTOS))
    assert report.misses == []


def test_a_page_that_paints_over_the_picture_before_is_found_out(
    site: Callable[..., Built], validated: Callable[..., Report], photos: Path, tmp_path: Path
) -> None:
    broken = mutants.copy_of(site("embedded").out, tmp_path / "site")
    edit = Edit("src/worker/frames.ts", "  drawing.fillRect(0, 0, width, height);\n", "")
    mutants.swap_worker(broken, (edit,), tmp_path / "scratch")
    report = validated(broken, photos=photos, only=("preprocess",))
    told = verdicts(report)
    assert told["4-rgba-empty.png"] == told["3-rgba-8.png"] == "FAILED"
    assert told["0-exif-6.jpg"] == told["1-iccp-p3.png"] == "ok"
    # Pixels that Python decoded would not have shown it.
    assert told["preprocess/crop/640x480"] == "ok"


def test_what_only_one_of_them_refuses_is_a_miss(
    site: Callable[..., Built],
    validated: Callable[..., Report],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "half.jpg").write_bytes(corpus()["no-end.jpg"])
    Image.fromarray(scene()).save(tmp_path / "whole.png")
    real = open_picture

    def other(contents: bytes, name: str) -> NDArray[Any]:
        if "whole" in name:
            raise SourceError("No.", where=name)
        return real(contents + b"\xff\xd9" if "half" in name else contents, name)

    monkeypatch.setattr(cases, "open_picture", other)
    report = validated(
        site("embedded").out,
        photos=tmp_path,
        only=(PHOTOS, "features/original"),
    )
    found = {row.id: row for row in report.rows}
    assert found[f"{PHOTOS}/half.jpg"].detail.startswith(
        "only the page refuses it: The image (Blob) is broken"
    )
    assert found[f"{PHOTOS}/whole.png"].detail == "only Python refuses it: No."
    assert {found[f"{PHOTOS}/{name}"].verdict for name in ("half.jpg", "whole.png")} == {"FAILED"}
    assert found["features/original/photo/half.jpg"].verdict == "FAILED"
    assert found["features/original/scene-11"].verdict == "ok"


def test_a_folder_without_photographs_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(ConfigError, match="no photographs"):
        cases.photographs(tmp_path)
