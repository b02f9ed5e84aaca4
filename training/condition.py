"""Give the last layer its final form, without training: measured on generated images, solved directly.

Batch normalisation is measured anew for the averaged weights at the size of use. Then the layer that widens
576 pooled values to 1024 features is replaced, by what two views of one scene have in common. Pooled values
are whitened by how the views of a scene differ (A. Hatch et al., "Within-class covariance normalization",
2006); of what is left, principal components are taken, and those that tell scenes apart best are raised. The
first half of the features holds these components, the second half the same, negated. Hard-swish loses
nothing then, since hs(z) - hs(-z) = z.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.descriptors import as_tensor
from training.generate.basics import Floats, Pixels, Points, rng_of
from training.generate.scenes import scene
from training.generate.stream import augment
from training.generate.textures import pool
from training.network import FEATURES, Backbone, channels_last
from training.recipe import Recipe

SIZE = 224
COMPONENTS = FEATURES // 2
_SCENE = 192
_STREAM = 900_000
_VIEWS = 2
_RAISED = 0.5
"""Components' deviations are multiplied by their power of this; 0 leaves them, -1 would make all equal."""
_SPREAD = 0.5
"""Root mean square of the components: with more, a head learns a few photographs by heart. This and the power
above were chosen by few-shot tasks made of generated scenes; no photograph had a say."""
_FLOOR = 1e-3
"""Of views' differences, smaller variances than this share of the largest are not raised further."""
_BATCH = 64


def views(recipe: Recipe, folder: Path, count: int, size: int = SIZE) -> Pixels:
    """Augmented scenes that no training has seen, two views of each in turn, `[count, size, size, 3]`."""
    textures = pool(folder, recipe.texture_classes)
    drawn = np.empty((count, size, size, 3), np.uint8)
    for number in range(count // _VIEWS):
        shown = scene(textures, recipe.seed, _STREAM, number, _SCENE)
        rng = rng_of(_STREAM, recipe.seed, number)
        for view in range(_VIEWS):
            drawn[number * _VIEWS + view] = augment(rng, shown.image, shown.layout, size)[0]
    return drawn


@torch.no_grad()
def renormalise(backbone: Backbone, images: Pixels, device: torch.device) -> None:
    """Measure the means and variances of batch normalisation on images, all with equal weight."""
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    backbone.train()
    for batch in _in_batches(images, device):
        backbone.pooled(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    backbone.eval()


@torch.inference_mode()
def pooled(backbone: Backbone, images: Pixels, device: torch.device) -> Floats:
    """The pooled values of images, `[n, 576]`."""
    backbone.eval()
    return np.concatenate([backbone.pooled(batch).cpu().numpy() for batch in _in_batches(images, device)])


def _in_batches(images: Pixels, device: torch.device) -> Iterator[Tensor]:
    starts = range(0, len(images) - len(images) % _BATCH or len(images), _BATCH)
    return (channels_last(as_tensor(images[k : k + _BATCH], device)) for k in starts)


def components(values: Floats) -> tuple[Points, Points]:
    """The kernel `[576, 512]` and bias `[512]` that turn pooled values into components.

    Args:
        values: `[n, 576]`, two views of a scene in turn.
    """
    mean = values.mean(0, dtype=np.float64)
    pairs = values.reshape(-1, _VIEWS, values.shape[1]).astype(np.float64)
    differences = (pairs[:, 0] - pairs[:, 1]) / np.sqrt(_VIEWS)
    variance, directions = np.linalg.eigh(differences.T @ differences / len(differences))
    whiten = directions * np.maximum(variance, _FLOOR * variance[-1]) ** -0.5 @ directions.T
    variance, directions = np.linalg.eigh(whiten @ np.cov((values - mean).T) @ whiten)
    variance, directions = variance[::-1][:COMPONENTS], directions[:, ::-1][:, :COMPONENTS]
    # An eigenvector's sign is arbitrary: fixed here, so that equal values give equal weights.
    directions = directions * np.sign(directions[np.abs(directions).argmax(0), range(COMPONENTS)])
    kernel = whiten @ directions * variance ** (_RAISED / 2)
    kernel = kernel * _SPREAD / np.sqrt(((values - mean) @ kernel).var(0).mean())
    return kernel, -mean @ kernel


def condition(
    average: dict[str, Tensor], recipe: Recipe, folder: Path, device: torch.device | None = None
) -> Backbone:
    """The finished backbone.

    Args:
        average: the averaged weights of a checkpoint.
        recipe: that they were trained by.
        folder: of the run, with its textures.
        device: to compute on.
    """
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    backbone = Backbone().to(device).to(memory_format=torch.channels_last)
    backbone.load_state_dict(average)
    images = views(recipe, folder, recipe.condition_images)
    renormalise(backbone, images, device)
    kernel, bias = components(pooled(backbone, images, device))
    with torch.no_grad():
        both = torch.from_numpy(np.concatenate([kernel, -kernel], 1).T.astype(np.float32))
        backbone.widen.weight.copy_(both[:, :, None, None])
        assert backbone.widen.bias is not None
        backbone.widen.bias.copy_(torch.from_numpy(np.concatenate([bias, -bias]).astype(np.float32)))
    return backbone
