import itertools
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from builder.parity.chromium import find_browser, launch_options
from builder.site.server import serve
from tests.camera import CHROMIUM_ARGS, MARKER_JS, compose, write_film

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

# Watches the camera for some seconds; every new frame's time, marker and colour in the middle.
WATCH_JS = """
async ([constraints, seconds, source]) => {
  const read = eval(source);
  const stream = await navigator.mediaDevices.getUserMedia({ video: constraints });
  const track = stream.getVideoTracks()[0];
  const video = document.createElement('video');
  video.srcObject = stream;
  const canvas = document.createElement('canvas');
  const frames = [];
  const began = performance.now();
  const look = () => {
    const marker = read(video);
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
    if (read(video) === marker) {
      frames.push({ time: performance.now() - began, marker, colour: [...data].slice(0, 3) });
    }
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  await video.play();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const settings = track.getSettings();
  track.stop();
  return { frames, width: video.videoWidth, height: video.videoHeight, frameRate: settings.frameRate };
}
"""


def film(path: Path, fps: int, markers: range, size: tuple[int, int] = (640, 480)) -> None:
    frames = [
        compose(np.full((90, 120, 3), COLOURS[marker % len(COLOURS)], np.uint8), marker, size)
        for marker in markers
    ]
    write_film(path, frames, Fraction(fps))


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory):
    """What pages saw of several films, in one browser each."""
    if find_browser() is None:
        pytest.skip("no Chromium; `python -m builder.parity.chromium --install` installs one")
    folder = tmp_path_factory.mktemp("camera")
    (folder / "index.html").write_text("<!doctype html><title>camera</title>")

    def watch(work):
        """In a thread of its own: another test may hold a Playwright in this one."""
        from playwright.sync_api import sync_playwright

        path = folder / "film.y4m"
        option = f"--use-file-for-fake-video-capture={path}"
        with serve(folder) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**launch_options(*CHROMIUM_ARGS, option))
            page = browser.new_page()
            page.goto(server.url)
            result = work(
                path, lambda seconds, wish=True: page.evaluate(WATCH_JS, [wish, seconds, MARKER_JS])
            )
            browser.close()
        return result

    def small(path, look):
        film(path, 4, range(2000, 2008))
        result = {"film": look(3.7), "again": look(0.9), "faster": look(1.4, {"frameRate": 30})}
        for name, wish in {
            "scaled": {"width": 320, "height": 240},
            "larger": {"width": 1280, "height": 720},
            "cropped": {"width": 480, "height": 480},
        }.items():
            result[name] = look(0.6, wish)
        film(path, 10, range(3))
        result["other film"] = look(0.8)
        result["slower"] = look(1.5, {"frameRate": {"max": 5}})
        return result

    def large(path, look):
        film(path, 10, range(8, 16), (1280, 720))
        return {"large": look(1.3), "large, cropped": look(0.6, {"width": 640, "height": 480})}

    with ThreadPoolExecutor(1) as pool:
        return {**pool.submit(watch, small).result(), **pool.submit(watch, large).result()}


def markers(look) -> list[int]:
    """The markers seen, one after another; -1 at the start is a video that shows nothing yet."""
    found = [frame["marker"] for frame in look["frames"]]
    return found[1:] if found[0] == -1 and len(set(found)) > 1 else found


def test_each_frame_shows_in_turn_and_the_first_twice_after_the_last(seen):
    frames = [frame for frame in seen["film"]["frames"] if frame["marker"] >= 0]
    found = markers(seen["film"])
    changes = [now for before, now in zip([None, *found], found, strict=False) if now != before]
    steps = [(now - before) % 8 for before, now in itertools.pairwise(changes)]
    assert set(found) == set(range(2000, 2008))
    assert steps == [1] * len(steps)
    starts = {}
    for frame in frames:
        starts.setdefault(frame["marker"], []).append(frame["time"])
    returns = [times[-1] - times[0] for marker, times in starts.items() if marker != 2000 and len(times) > 1]
    # 9 periods of 250 ms: 8 frames, and the first once more.
    assert returns and np.median(returns) == pytest.approx(2250, abs=120)


def test_the_rate_is_the_films(seen):
    times = [frame["time"] for frame in seen["film"]["frames"]]
    assert np.median(np.diff(times)) == pytest.approx(250, abs=40)
    assert seen["film"]["frameRate"] == 4
    assert seen["faster"]["frameRate"] == 4
    assert len(seen["faster"]["frames"]) <= 8
    assert seen["other film"]["frameRate"] == 10
    assert seen["slower"]["frameRate"] == 5


@pytest.mark.parametrize("name", ["film", "large", "scaled"])
def test_colours_are_right(seen, name: str):
    for frame in seen[name]["frames"]:
        if frame["marker"] >= 0:
            expected = COLOURS[frame["marker"] % 8]
            assert frame["colour"] == pytest.approx(expected, abs=6), frame


def test_the_film_starts_again_with_the_camera(seen):
    # The first was closed in the film's second half (15 periods in), so it did not just go on.
    for name in ("again", "faster"):
        assert markers(seen[name])[0] in (2000, 2001, 2002)


def test_another_film_may_take_the_files_place(seen):
    assert set(markers(seen["other film"])) == {0, 1, 2}


def test_the_size_is_the_films_and_is_only_ever_made_smaller(seen):
    sizes = {name: (look["width"], look["height"]) for name, look in seen.items()}
    assert sizes["film"] == sizes["larger"] == (640, 480)
    assert sizes["large"] == (1280, 720)
    assert sizes["scaled"] == (320, 240)
    assert sizes["cropped"] == (480, 480)
    assert sizes["large, cropped"] == (640, 480)


def test_markers_are_read_where_the_margins_are_left(seen):
    assert set(markers(seen["scaled"])) <= set(range(2000, 2008))
    assert set(markers(seen["large"])) == set(range(8, 16))
    assert set(markers(seen["cropped"])) == {-1}
    assert set(markers(seen["large, cropped"])) == {-1}


def test_the_photos_centre_square_fills_the_middle():
    photo = np.zeros((100, 300, 3), np.uint8)
    photo[:, 100:200] = (10, 20, 30)
    frame = compose(photo, 7)
    assert frame.shape == (480, 640, 3) and frame.dtype == np.uint8
    assert (frame[:, 80:560] == (10, 20, 30)).all()
    margins = np.concatenate([frame[:, :80], frame[:, 560:]], axis=1)
    assert set(np.unique(margins)) == {0, 255}


def test_every_marker_has_margins_of_its_own():
    photo = np.zeros((8, 8, 3), np.uint8)
    found = {compose(photo, marker, (160, 96))[6::12, [4, 20], 0].tobytes() for marker in range(4096)}
    assert len(found) == 4096


@pytest.mark.parametrize(
    ("marker", "size"),
    [(-1, (640, 480)), (4096, (640, 480)), (0, (480, 480)), (0, (480, 640)), (0, (641, 480))],
)
def test_compose_refuses(marker: int, size: tuple[int, int]):
    with pytest.raises(ValueError):
        compose(np.zeros((8, 8, 3), np.uint8), marker, size)


def test_a_film_is_the_header_and_its_frames(tmp_path: Path):
    """White, black and the primaries, whose codes BT.601 fixes (limited range)."""
    colours = [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
    frames = [np.full((4, 6, 3), colour, np.uint8) for colour in colours]
    write_film(tmp_path / "a.y4m", frames, Fraction(30000, 1001))
    header, *bodies = (tmp_path / "a.y4m").read_bytes().split(b"FRAME\n")
    assert header == b"YUV4MPEG2 W6 H4 F30000:1001 Ip A1:1 C420jpeg\n"
    assert {len(body) for body in bodies} == {24 + 6 + 6}
    codes = [(body[0], body[24], body[30]) for body in bodies]
    assert codes == [(235, 128, 128), (16, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110)]


def test_write_film_refuses(tmp_path: Path):
    frame = np.zeros((4, 6, 3), np.uint8)
    with pytest.raises(ValueError, match="y4m"):
        write_film(tmp_path / "a.mp4", [frame], Fraction(4))
    with pytest.raises(ValueError, match="one size"):
        write_film(tmp_path / "a.y4m", [frame, frame[:2]], Fraction(4))
    with pytest.raises(ValueError, match="even"):
        write_film(tmp_path / "a.y4m", [frame[:3]], Fraction(4))
