"""From the bytes of a picture to the numbers the backbone reads. Specified in docs/head.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onthefly_studio.contract import Fit

SIZE = 224


def _taps(
    length: int, size: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """For each output: its two neighbours in the source, and the weight of the second."""
    scale = (length - 1) / (size - 1) if size > 1 else 0.0
    at = np.arange(size) * scale
    first = np.minimum(np.floor(at).astype(np.int64), length - 1)
    return first, np.minimum(first + 1, length - 1), at - first


def preprocess(
    picture: npt.NDArray[np.uint8], fit: Fit = "crop", size: int = SIZE
) -> npt.NDArray[np.float32]:
    """Centre square (or the whole picture), bilinear with corners aligned, divided by 255.

    Args:
        picture: RGB bytes, `[h, w, 3]`.
        fit: `crop` takes the centre square, `stretch` squashes the whole picture.
        size: edge of the output, in pixels.

    Returns:
        `[size, size, 3]` in [0, 1], computed in float64 and rounded once.

    Raises:
        ValueError: the picture has no pixels, or not three channels.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is [h, w, 3] with pixels in it, not {list(picture.shape)}")
    height, width, _ = picture.shape
    if fit == "crop":
        edge = min(height, width)
        top, left = (height - edge) // 2, (width - edge) // 2
        picture = picture[top : top + edge, left : left + edge]
    upper, lower, down = _taps(picture.shape[0], size)
    left_column, right_column, across = _taps(picture.shape[1], size)
    u, v = across[None, :, None], down[:, None, None]
    rows_above, rows_below = picture[upper].astype(np.float64), picture[lower].astype(np.float64)
    above = rows_above[:, left_column] * (1 - u) + rows_above[:, right_column] * u
    below = rows_below[:, left_column] * (1 - u) + rows_below[:, right_column] * u
    inputs: npt.NDArray[np.float32] = ((above * (1 - v) + below * v) / 255).astype(np.float32)
    return inputs
