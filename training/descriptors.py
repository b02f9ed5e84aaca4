"""What the network learns to tell of an image: hand-made descriptors, and the layout the generator knows.

No label of the world enters. Each descriptor is computed from the very pixels the network sees, shrunk to
64 x 64; the network has to tell them all from its 1024 numbers, linearly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the field's own name)

from training.generate.basics import rng_of

SIZE = 64
ORIENTATIONS = 9
WORDS = 128
_PATCH = 6
_WORD_SCALES = ((32, 3), (16, 2))
"""Sizes of the image at which words are looked for, and the step from patch to patch."""
_NEIGHBOURS = ((2, 0), (0, 2), (2, 2), (2, -2), (5, 0), (0, 5))
_SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])[None, None] / 4
_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


@dataclass(frozen=True)
class Words:
    """Typical patches at one scale (A. Coates et al., "An Analysis of Single-Layer Networks", 2011)."""

    whiten: Tensor
    """`[108, 108]`."""
    mean: Tensor
    """`[108]`."""
    centres: Tensor
    """`[WORDS, 108]`."""

    def to(self, device: torch.device) -> Words:
        """The same on a device."""
        return Words(self.whiten.to(device), self.mean.to(device), self.centres.to(device))


def shrink(images: Tensor, size: int = SIZE) -> Tensor:
    """Area-averaged to `size`; images `[n, c, s, s]`."""
    if images.shape[-1] % size == 0:
        return F.interpolate(images, (size, size), mode="area")
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)


def gradients(grey: Tensor) -> Tensor:
    """Magnitude per orientation, shared between neighbouring orientations, `[n, 9, s, s]`."""
    sobel = _SOBEL.to(grey.device)
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    gx, gy = F.conv2d(padded, sobel), F.conv2d(padded, sobel.transpose(2, 3))
    magnitude = (gx * gx + gy * gy + 1e-8).sqrt()
    angle = torch.remainder(torch.atan2(gy, gx) / math.pi * ORIENTATIONS, ORIENTATIONS)
    bins = torch.arange(float(ORIENTATIONS), device=grey.device).view(1, -1, 1, 1)
    away = (angle - bins).abs()
    return F.relu(1 - torch.minimum(away, ORIENTATIONS - away)) * magnitude


def local_contrast(cells: Tensor) -> Tensor:
    """Cells of gradients, each against its neighbourhood's energy, as HOG normalises; `[n, k]`."""
    energy = F.avg_pool2d(F.pad((cells * cells).sum(1, keepdim=True), (1, 1, 1, 1), mode="replicate"), 3, 1)
    return (cells / (energy + 4e-4).sqrt()).clamp_min(1e-6).sqrt().flatten(1)


def _patches(images: Tensor, stride: int) -> Tensor:
    """Contrast-normalised patches, `[n, places, 108]`."""
    patches = F.unfold(images, _PATCH, stride=stride).transpose(1, 2)
    patches = patches - patches.mean(2, keepdim=True)
    return patches / (patches.var(2, keepdim=True, unbiased=False) + 0.001).sqrt()


def learn_words(images: Tensor, seed: int) -> tuple[Words, ...]:
    """Find typical patches in generated images by k-means, for each scale."""
    words = []
    for size, _ in _WORD_SCALES:
        rng = rng_of(40, seed, size)
        patches = _patches(shrink(images, size), 2).reshape(-1, 3 * _PATCH * _PATCH)
        patches = patches[torch.from_numpy(rng.permutation(len(patches))[:24_000])]
        mean = patches.mean(0)
        values, vectors = torch.linalg.eigh(torch.cov((patches - mean).T))
        whiten = vectors @ torch.diag((values.clamp_min(0) + 0.1).rsqrt()) @ vectors.T
        white = (patches - mean) @ whiten
        centres = white[torch.from_numpy(rng.permutation(len(white))[:WORDS])].clone()
        for _ in range(12):
            nearest = _distances(white, centres).argmin(1)
            count = torch.bincount(nearest, minlength=WORDS).clamp_min(1)
            centres = torch.zeros_like(centres).index_add_(0, nearest, white) / count[:, None]
        words.append(Words(whiten, mean, centres))
    return tuple(words)


def _distances(points: Tensor, centres: Tensor) -> Tensor:
    squared = (points * points).sum(-1, keepdim=True) - 2 * points @ centres.T + (centres * centres).sum(-1)
    return squared.clamp_min(0).sqrt()


def _word_use(images: Tensor, words: tuple[Words, ...]) -> Tensor:
    """How much each word is used, in four quarters and at both scales, `[n, 2 * 4 * WORDS]`."""
    use = []
    for (size, stride), scale in zip(_WORD_SCALES, words, strict=True):
        patches = _patches(shrink(images, size), stride)
        distance = _distances((patches - scale.mean) @ scale.whiten, scale.centres)
        near = F.relu(distance.mean(2, keepdim=True) - distance)
        side = math.isqrt(near.shape[1])
        grid = near.transpose(1, 2).reshape(len(near), WORDS, side, side)
        use.append(F.adaptive_avg_pool2d(grid, 2).sqrt().flatten(1))
    return torch.cat(use, 1)


def _co_occurrence(oriented: Tensor) -> Tensor:
    """Which orientations meet at some distances, `[n, 6 * 81]`; from gradients `[n, 9, 32, 32]`."""
    share = oriented / (oriented.sum(1, keepdim=True) + 0.06)
    size = share.shape[-1]
    pairs = []
    for dx, dy in _NEIGHBOURS:
        first = share[:, :, max(0, -dy) : size - max(0, dy), : size - dx]
        second = share[:, :, max(0, dy) : size + min(0, dy), dx:]
        met = torch.einsum("bihw,bjhw->bij", first, second)
        pairs.append(met.flatten(1) / (first.shape[-1] * first.shape[-2]))
    return torch.cat(pairs, 1)


def _colour_histogram(yiq: Tensor) -> Tensor:
    """A histogram over 4 x 7 x 7 cells of YIQ, `[n, 196]`; from `[n, 3, 32, 32]` with doubled I, Q."""
    luma = (yiq[:, 0] * 3.999).long().clamp(0, 3)
    chroma = (yiq[:, 1:] * 4 + 3.5).long().clamp(0, 6)
    cell = (luma * 49 + chroma[:, 0] * 7 + chroma[:, 1]).flatten(1)
    counts = torch.zeros(len(yiq), 196, device=yiq.device)
    return (counts.scatter_add_(1, cell, torch.ones_like(cell, dtype=counts.dtype)) / cell.shape[1]).sqrt()


@torch.no_grad()
def describe(images: Tensor, layouts: Tensor, words: tuple[Words, ...]) -> dict[str, Tensor]:
    """All targets of a batch by name, each `[n, k]`.

    Args:
        images: `[n, 3, s, s]` in [0, 1].
        layouts: `[n, 3, 64, 64]` in [0, 1]: foreground, held or detail, nearness.
        words: typical patches, as `learn_words` found them.
    """
    small = shrink(images)
    yiq = torch.einsum("kc,nchw->nkhw", _YIQ.to(images.device), small)
    yiq = yiq * torch.tensor([1.0, 2.0, 2.0], device=images.device).view(1, 3, 1, 1)
    grey = yiq[:, :1]
    fine, middle, coarse = (gradients(F.avg_pool2d(grey, k) if k > 1 else grey) for k in (1, 2, 4))
    blocks = F.avg_pool2d(yiq, 16)
    spread = (F.avg_pool2d(yiq * yiq, 16) - blocks**2).clamp_min(0).sqrt()
    foreground = layouts[:, :1]
    means = [cells.mean((2, 3)) for cells in (fine, middle, coarse)]
    return {
        "edges": local_contrast(F.avg_pool2d(fine, 8)),
        "fine edges": local_contrast(F.adaptive_avg_pool2d(fine, 12)),
        "coarse edges": torch.cat(
            [local_contrast(F.avg_pool2d(middle, 8)), local_contrast(F.avg_pool2d(coarse, 8))], 1
        ),
        "meeting edges": torch.cat([_co_occurrence(middle), *means], 1).clamp_min(0).sqrt(),
        "colour layout": torch.cat([blocks.flatten(1), spread.flatten(1)], 1),
        "colours": _colour_histogram(F.avg_pool2d(yiq, 2)),
        "words": _word_use(small, words),
        "silhouette": local_contrast(F.avg_pool2d(gradients(foreground), 8)),
        "layout": torch.cat([F.avg_pool2d(layouts, 8).flatten(1), F.avg_pool2d(foreground, 4).flatten(1)], 1),
    }


WEIGHTS = {"fine edges": 0.7, "silhouette": 0.7}
"""Of a target's loss; 1 where not named."""


def as_tensor(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], device: torch.device) -> Tensor:
    """Bytes `[n, h, w, c]` to `[n, c, h, w]` in [0, 1]."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float().div_(255)
