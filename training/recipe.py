"""What is trained, for how long and at which sizes: everything counted in images, nothing in minutes.

The rate is constant after a warm-up and falls to zero over the last images, so that a longer recipe
begins exactly like a shorter one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Stage:
    """A stretch of training at one size."""

    pixels: int
    """Width and height of what the network sees."""
    images: int
    """Augmented images seen in this stage."""
    scene: int
    """Width and height of the generated scenes that they are cut from."""
    uses: int
    """How often a scene is seen, differently augmented each time, before a new one takes its place."""
    window: int
    """Scenes at hand at any time, per shard."""
    label_weight: float = 0.1
    """Of naming what is shown, against telling the descriptors."""


@dataclass(frozen=True)
class Recipe:
    """A whole training."""

    stages: tuple[Stage, ...]
    decay_images: int
    """Over so many last images the learning rate falls to zero."""
    seed: int = 7
    batch: int = 256
    shards: int = 2
    """Independent streams of scenes; the batch is made of one part from each."""
    warm_up_images: int = 20_000
    rate: float = 2e-3
    head_rate: float = 0.12
    """Of the layers that are thrown away in the end, as a share of the rate."""
    weight_decay: float = 0.05
    average: float = 0.998
    """Decay per step of the running average of the weights, which is what is kept."""
    texture_classes: int = 400
    condition_images: int = 4096
    """Views of scenes, two of each, on which normalisation is measured anew and the last layer is fitted."""

    @property
    def shard_batch(self) -> int:
        """Images of each shard in a batch."""
        return self.batch // self.shards

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return sum(stage.images // self.batch for stage in self.stages)

    @property
    def images(self) -> int:
        """Seen in the whole training."""
        return self.steps * self.batch

    def stage_at(self, step: int) -> tuple[int, int]:
        """The number of the stage that a step belongs to, and the step's number within it."""
        for number, stage in enumerate(self.stages):
            if step < stage.images // self.batch:
                return number, step
            step -= stage.images // self.batch
        raise ValueError(f"the recipe has {self.steps} steps")

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        warm = min(1.0, (step + 1) * self.batch / self.warm_up_images)
        cool = min(1.0, (self.steps - step) * self.batch / self.decay_images)
        return self.rate * warm * cool

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


RECIPES = {
    "full": Recipe(
        stages=(
            Stage(96, 220_160, scene=112, uses=3, window=4096),
            Stage(96, 419_840, scene=112, uses=3, window=4096, label_weight=1.0),
            Stage(128, 204_800, scene=192, uses=4, window=1536, label_weight=1.0),
            Stage(160, 166_400, scene=192, uses=4, window=1536, label_weight=1.0),
            Stage(224, 120_320, scene=224, uses=4, window=1024, label_weight=1.0),
        ),
        decay_images=307_200,
    ),
    "ten-minutes": Recipe(
        stages=(
            Stage(64, 80_000, scene=112, uses=3, window=4096),
            Stage(96, 45_000, scene=112, uses=3, window=4096),
            Stage(160, 10_000, scene=192, uses=4, window=1536),
        ),
        decay_images=55_000,
    ),
    "one-minute": Recipe(
        stages=(Stage(64, 12_800, scene=112, uses=3, window=4096),),
        decay_images=6_400,
        warm_up_images=2_560,
        average=0.9,
        texture_classes=40,
        condition_images=1024,
    ),
    "tiny": Recipe(
        stages=(
            Stage(32, 96, scene=48, uses=2, window=32),
            Stage(48, 64, scene=48, uses=2, window=32),
        ),
        decay_images=96,
        batch=16,
        warm_up_images=32,
        average=0.5,
        texture_classes=4,
        condition_images=640,
    ),
}
