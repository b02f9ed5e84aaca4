"""A film for Chromium's fake camera, in which every frame says which one it is.

Chromium plays a `.y4m` film as its camera when it is started with `CHROMIUM_ARGS` and
`--use-file-for-fake-video-capture=FILE`. What it does with it, as `test_camera.py` checks on the
browser at hand (first seen with Chromium 156):

- Rate. The film's own is kept, low ones too (1, 2, 4, 10, 30, 60 per second were tried): at 4 per
  second a frame stands for 250 ms, `getSettings().frameRate` is 4, and to ask for more changes nothing.
  Asking for less drops frames.
- Loop. After the last frame comes the first, which then stands for **two** periods: a film of n
  frames repeats every n + 1 periods.
- Start. The film starts from its first frame, and the file is read anew, whenever a page opens the
  camera while no other holds it. So a test can put another film in the file's place between two uses.
- Size. The camera has one resolution, the film's. `getUserMedia` without a wish gives it. It never
  enlarges: who asks for 1280x720 of a 640x480 film gets 640x480. A smaller size of the same shape is
  scaled, and the marker can still be read; another shape (480x480 of 640x480, 640x480 of 1280x720) is
  cropped at its middle, and the margins with the marker are gone.
- Colour. The film is taken as BT.601 in limited range at every size (320x240 to 1920x1080 tried; not
  BT.709 for the large ones). Flat colours come back within 2 of 255.

A frame can change between reading its marker and taking its picture: read the marker again afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MARKERS = 4096
"""Markers are numbers below this."""

CHROMIUM_ARGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

_COLUMNS, _ROWS = 2, 8
"""The blocks of one margin: 16 bits, 12 of the number and 4 of its check."""


def compose(photo: NDArray[Any], marker: int, size: tuple[int, int] = (640, 480)) -> NDArray[Any]:
    """One frame: the photo's centre square in the middle, the marker in the margins at its sides.

    The page learns from the centre square only, so the marker never enters what is learnt. The left
    margin holds 16 bits in black and white blocks, the right margin the same bits inverted.

    Args:
        photo: `[h, w, 3]` uint8 RGB.
        marker: 0 to 4095.
        size: width and height of the frame; even numbers, and wide enough for two margins of 32.

    Returns:
        `[height, width, 3]` uint8 RGB.
    """
    width, height = size
    margin = (width - height) // 2
    if not 0 <= marker < MARKERS:
        raise ValueError(f"a marker is between 0 and {MARKERS - 1}, not {marker}")
    if width % 2 or height % 2 or margin < 32:
        raise ValueError(f"{width}x{height} is odd or leaves less than 32 pixels at each side of its square")
    side = min(photo.shape[:2])
    top, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    square = Image.fromarray(np.ascontiguousarray(photo[top : top + side, left : left + side]))
    frame = np.zeros((height, width, 3), np.uint8)
    frame[:, margin : margin + height] = square.resize((height, height), Image.Resampling.BILINEAR)
    bits = marker << 4 | _check(marker)
    for index in range(_COLUMNS * _ROWS):
        row, column = divmod(index, _COLUMNS)
        rows = slice(row * height // _ROWS, (row + 1) * height // _ROWS)
        x0, x1 = column * margin // _COLUMNS, (column + 1) * margin // _COLUMNS
        bit = bits >> index & 1
        frame[rows, x0:x1] = 255 * bit
        frame[rows, width - margin + x0 : width - margin + x1] = 255 * (1 - bit)
    return frame


def _check(marker: int) -> int:
    """Four bits that differ for any two markers that differ in one group of four bits."""
    return (marker ^ marker >> 4 ^ marker >> 8 ^ 0b1010) & 15


MARKER_JS = """
(video) => {
  // The number that tests/support/camera.py wrote into the margins of the frame that is shown now, or -1.
  const width = video.videoWidth ?? video.displayWidth ?? video.width;
  const height = video.videoHeight ?? video.displayHeight ?? video.height;
  const margin = (width - height) / 2;
  if (!width || margin <= 0 || video.readyState < 2) return -1;
  const columns = 2, rows = 8, scale = 240 / height;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = 240;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  // The middle of a block, 3 x 3 pixels: 1, 0, or NaN where it is neither white nor black.
  const block = (left, row, column) => {
    const x = Math.round((left + (column + 0.5) * margin / columns) * scale);
    const y = Math.round((row + 0.5) * 240 / rows);
    let sum = 0;
    for (let j = -1; j <= 1; j++) {
      for (let i = -1; i <= 1; i++) sum += data[4 * ((y + j) * canvas.width + x + i) + 1];
    }
    return sum / 9 > 190 ? 1 : sum / 9 < 65 ? 0 : NaN;
  };
  let bits = 0;
  for (let index = 0; index < rows * columns; index++) {
    const row = Math.floor(index / columns), column = index % columns;
    const left = block(0, row, column), right = block(width - margin, row, column);
    if (left + right !== 1) return -1;
    bits |= left << index;
  }
  const marker = bits >> 4;
  return ((marker ^ marker >> 4 ^ marker >> 8 ^ 0b1010) & 15) === (bits & 15) ? marker : -1;
}
"""
"""A JavaScript function of a `<video>`, or of a frame of one: the marker of what it shows, or -1 where none
can be read."""


def write_film(path: Path, frames: Sequence[NDArray[Any]], fps: Fraction) -> None:
    """Write frames as a `.y4m` film.

    Args:
        path: the file; its name must end in `.y4m`.
        frames: `[h, w, 3]` uint8 RGB, all of one size, whose width and height are even.
        fps: frames per second.
    """
    if path.suffix != ".y4m":
        raise ValueError(f"Chromium takes the format from the name: {path.name} must end in .y4m")
    height, width, _ = frames[0].shape
    if any(frame.shape != (height, width, 3) or frame.dtype != np.uint8 for frame in frames):
        raise ValueError("all frames must be [h, w, 3] uint8 of one size")
    if height % 2 or width % 2:
        raise ValueError(f"{width}x{height}: both must be even, two by two pixels share their colour")
    with path.open("wb") as film:
        film.write(
            f"YUV4MPEG2 W{width} H{height} F{fps.numerator}:{fps.denominator} Ip A1:1 C420jpeg\n".encode()
        )
        for frame in frames:
            film.write(b"FRAME\n")
            for plane in _planes(frame):
                film.write(plane.tobytes())


def _planes(frame: NDArray[Any]) -> list[NDArray[Any]]:
    """RGB to Y, Cb, Cr in BT.601's limited range (16-235, 16-240), colour at half size (4:2:0)."""
    red, green, blue = (frame[..., channel] / 255.0 for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    y = 16 + 219 * luma
    cb = 128 + 224 * (blue - luma) / 1.772
    cr = 128 + 224 * (red - luma) / 1.402
    height, width = y.shape
    halves = [plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)) for plane in (cb, cr)]
    return [np.rint(plane).astype(np.uint8) for plane in (y, *halves)]
