from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.site.server import serve
from onthefly_studio.validate.chromium import find_browser, launch_options
from tests.support.camera import CHROMIUM_ARGS, MARKER_JS, compose, write_film
from tests.support.patience import PATIENCE_MS

COLOURS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (200, 120, 40),
    (30, 60, 90),
    (128, 128, 128),
    (250, 250, 10),
    (10, 200, 210),
]

# Watches the camera until it has seen enough: of each new frame its number, time, marker and middle's colour.
WATCH_JS = """
async ([constraints, source, condition, patience]) => {
  const read = eval(source);
  const enough = eval(condition);
  const stream = await navigator.mediaDevices.getUserMedia({ video: constraints });
  const track = stream.getVideoTracks()[0];
  const video = document.createElement('video');
  video.srcObject = stream;
  const canvas = document.createElement('canvas');
  const frames = [];
  let finish;
  const done = new Promise((resolve, reject) => {
    finish = resolve;
    setTimeout(() => reject(new Error(`never saw enough: ${JSON.stringify(frames)}`)), patience);
  });
  const look = (now, { presentedFrames: number }) => {
    const marker = read(video);
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
    if (read(video) === marker) {
      frames.push({ number, time: performance.now(), marker, colour: [...data].slice(0, 3) });
    }
    if (frames.length && enough(frames)) finish();
    else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  await video.play();
  await done;
  const settings = track.getSettings();
  track.stop();
  return { frames, width: video.videoWidth, height: video.videoHeight, frameRate: settings.frameRate };
}
"""

# Enough, as functions of the frames so far.
A_FEW = "(frames) => frames.length >= 4"
ALL = "(frames) => new Set(frames.map(({{ marker }}) => marker).filter((m) => m >= 0)).size === {count}"
LAP = [7, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0]
"""A lap of a film of eight frames, from the end of the one before to the beginning of the next."""
A_LAP = f"""(frames) => {{
  const lap = {LAP};
  const last = frames.slice(-lap.length);
  return last.length === lap.length && last.every(
    ({{ number, marker }}, i) => marker % 8 === lap[i] && number === last[0].number + i);
}}"""
HALF = 2030
PAST_HALF = f"(frames) => frames.at(-1).marker >= {HALF}"
ONE = "(frames) => frames.at(-1).marker >= 0"
EVERY_OTHER = """(frames) => {
  const [a, b, c, d] = frames.slice(-4).map(({ marker }) => marker);
  return a === 0 && b > 0 && c === 0 && d === b;
}"""
"""Of a film of three frames, the first of which shows twice: with it the second or the third, as it began."""


def film(path: Path, fps: int, markers: range, size: tuple[int, int] = (640, 480)) -> None:
    frames = [
        compose(np.full((90, 120, 3), COLOURS[marker % len(COLOURS)], np.uint8), marker, size)
        for marker in markers
    ]
    write_film(path, frames, Fraction(fps))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What pages saw of several films, in one browser each."""
    if find_browser() is None:
        pytest.skip("no Chromium; `python -m onthefly_studio.validate.chromium --install` installs one")
    folder = tmp_path_factory.mktemp("camera")
    (folder / "index.html").write_text("<!doctype html><title>camera</title>")

    def watch(work: Callable[[Path, Callable[..., Any]], dict[str, Any]]) -> dict[str, Any]:
        """In a thread of its own: another test may hold a Playwright in this one."""
        from playwright.sync_api import sync_playwright

        path = folder / "film.y4m"
        option = f"--use-file-for-fake-video-capture={path}"
        with serve(folder) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**launch_options(*CHROMIUM_ARGS, option))
            page = browser.new_page()
            page.goto(server.url)
            result = work(
                path,
                lambda enough, wish=True: page.evaluate(WATCH_JS, [wish, MARKER_JS, enough, PATIENCE_MS]),
            )
            browser.close()
        return result

    def small(path: Path, look: Callable[..., Any]) -> dict[str, Any]:
        film(path, 4, range(2000, 2008))
        result = {"film": look(A_LAP), "faster": look(A_LAP, {"frameRate": 30})}
        for name, wish in {
            "scaled": {"width": 320, "height": 240},
            "larger": {"width": 1280, "height": 720},
            "cropped": {"width": 480, "height": 480},
        }.items():
            result[name] = look(A_FEW, wish)
        film(path, 10, range(3))
        result["other film"] = look(ALL.format(count=3))
        result["slower"] = look(EVERY_OTHER, {"frameRate": {"max": 5}})
        film(path, 10, range(2000, 2060), (160, 96))
        result["left"] = look(PAST_HALF)
        result["again"] = look(ONE)
        return result

    def large(path: Path, look: Callable[..., Any]) -> dict[str, Any]:
        film(path, 10, range(8, 16), (1280, 720))
        return {
            "large": look(ALL.format(count=8)),
            "large, cropped": look(A_FEW, {"width": 640, "height": 480}),
        }

    with ThreadPoolExecutor(1) as pool:
        return {**pool.submit(watch, small).result(), **pool.submit(watch, large).result()}


def markers(look: Any) -> list[int]:
    """The markers seen, one after another; -1 at the start is a video that shows nothing yet."""
    found = [frame["marker"] for frame in look["frames"]]
    return found[1:] if found[0] == -1 and len(set(found)) > 1 else found


@pytest.mark.parametrize("name", ["film", "faster"])
def test_each_frame_shows_in_turn_and_the_first_twice_after_the_last(seen: dict[str, Any], name: str) -> None:
    """On a busy machine frames are missed, so it is watched until a whole lap was seen."""
    found = [frame["marker"] for frame in seen[name]["frames"]][-len(LAP) :]
    assert found == [2000 + place for place in LAP]
    assert set(markers(seen[name])) - {-1} == set(range(2000, 2008))


def test_the_rate_is_the_films(seen: dict[str, Any]) -> None:
    assert seen["film"]["frameRate"] == 4
    assert seen["faster"]["frameRate"] == 4
    assert seen["other film"]["frameRate"] == 10
    assert seen["slower"]["frameRate"] == 5
    assert [frame["marker"] for frame in seen["slower"]["frames"]][-4:] in ([0, 1, 0, 1], [0, 2, 0, 2])
    for name, rate in (("film", 4), ("faster", 4), ("slower", 5)):  # the film is never ahead of itself
        frames = seen[name]["frames"]
        assert len(frames) - 2 <= (frames[-1]["time"] - frames[0]["time"]) * rate / 1000, name


@pytest.mark.parametrize("name", ["film", "large", "scaled"])
def test_colours_are_right(seen: dict[str, Any], name: str) -> None:
    for frame in seen[name]["frames"]:
        if frame["marker"] >= 0:
            expected = COLOURS[frame["marker"] % 8]
            assert frame["colour"] == pytest.approx(expected, abs=6), frame


def test_the_film_starts_again_with_the_camera(seen: dict[str, Any]) -> None:
    # It was left in the film's second half, so it did not just go on.
    assert markers(seen["left"])[-1] >= HALF
    assert markers(seen["again"])[-1] < HALF


def test_another_film_may_take_the_files_place(seen: dict[str, Any]) -> None:
    assert set(markers(seen["other film"])) == {0, 1, 2}
    assert set(markers(seen["left"])) <= set(range(2000, 2060))


def test_the_size_is_the_films_and_is_only_ever_made_smaller(seen: dict[str, Any]) -> None:
    sizes = {name: (look["width"], look["height"]) for name, look in seen.items()}
    assert sizes["film"] == sizes["larger"] == (640, 480)
    assert sizes["large"] == (1280, 720)
    assert sizes["scaled"] == (320, 240)
    assert sizes["cropped"] == (480, 480)
    assert sizes["large, cropped"] == (640, 480)


def test_markers_are_read_where_the_margins_are_left(seen: dict[str, Any]) -> None:
    assert set(markers(seen["scaled"])) <= set(range(2000, 2008))
    assert set(markers(seen["large"])) == set(range(8, 16))
    assert set(markers(seen["cropped"])) == {-1}
    assert set(markers(seen["large, cropped"])) == {-1}


def test_the_photos_centre_square_fills_the_middle() -> None:
    photo = np.zeros((100, 300, 3), np.uint8)
    photo[:, 100:200] = (10, 20, 30)
    frame = compose(photo, 7)
    assert frame.shape == (480, 640, 3) and frame.dtype == np.uint8
    assert (frame[:, 80:560] == (10, 20, 30)).all()
    margins = np.concatenate([frame[:, :80], frame[:, 560:]], axis=1)
    assert set(np.unique(margins)) == {0, 255}


def test_every_marker_has_margins_of_its_own() -> None:
    photo = np.zeros((8, 8, 3), np.uint8)
    found = {compose(photo, marker, (160, 96))[6::12, [4, 20], 0].tobytes() for marker in range(4096)}
    assert len(found) == 4096


@pytest.mark.parametrize(
    ("marker", "size"),
    [(-1, (640, 480)), (4096, (640, 480)), (0, (480, 480)), (0, (480, 640)), (0, (641, 480))],
)
def test_compose_refuses(marker: int, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        compose(np.zeros((8, 8, 3), np.uint8), marker, size)


def test_a_film_is_the_header_and_its_frames(tmp_path: Path) -> None:
    """White, black and the primaries, whose codes BT.601 fixes (limited range)."""
    colours = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
    frames = [np.full((4, 6, 3), colour, np.uint8) for colour in colours]
    write_film(tmp_path / "a.y4m", frames, Fraction(30000, 1001))
    header, *bodies = (tmp_path / "a.y4m").read_bytes().split(b"FRAME\n")
    assert header == b"YUV4MPEG2 W6 H4 F30000:1001 Ip A1:1 C420jpeg\n"
    assert {len(body) for body in bodies} == {24 + 6 + 6}
    codes = [(body[0], body[24], body[30]) for body in bodies]
    assert codes == [(235, 128, 128), (16, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110)]


def test_write_film_refuses(tmp_path: Path) -> None:
    frame = np.zeros((4, 6, 3), np.uint8)
    with pytest.raises(ValueError, match="y4m"):
        write_film(tmp_path / "a.mp4", [frame], Fraction(4))
    with pytest.raises(ValueError, match="one size"):
        write_film(tmp_path / "a.y4m", [frame, frame[:2]], Fraction(4))
    with pytest.raises(ValueError, match="even"):
        write_film(tmp_path / "a.y4m", [frame[:3]], Fraction(4))
