"""MobileNetV3-Small 1.0 in PyTorch, cut after the 1024-wide layer, as `tf_keras.applications` defines it.

Source: A. Howard et al., "Searching for MobileNetV3" (2019). Padding is TensorFlow's "same". The order
of the parameters is that of Keras' layers, which `export` relies on.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's own name)

FEATURES = 1024
POOLED = 576
# expanded width, width, kernel, stride, squeeze-and-excite, hard swish
_BLOCKS = (
    (0, 16, 3, 2, True, False),
    (72, 24, 3, 2, False, False),
    (88, 24, 3, 1, False, False),
    (96, 40, 5, 2, True, True),
    (240, 40, 5, 1, True, True),
    (240, 40, 5, 1, True, True),
    (120, 48, 5, 1, True, True),
    (144, 48, 5, 1, True, True),
    (288, 96, 5, 2, True, True),
    (576, 96, 5, 1, True, True),
    (576, 96, 5, 1, True, True),
)


def _divisible(value: float, by: int = 8) -> int:
    rounded = max(by, int(value + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * value else rounded


class SameConv(nn.Conv2d):
    """A convolution that pads as TensorFlow does: more at the end where the padding is odd."""

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[-2:])
        if height == width and height % 2 == 0:
            return F.conv2d(x, self.weight, self.bias, stride, height // 2, 1, self.groups)
        x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return F.conv2d(x, self.weight, self.bias, stride, 0, 1, self.groups)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.05)


class SqueezeExcite(nn.Module):
    """Gate each channel by what all channels are on average."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = _divisible(width * 0.25)
        self.squeeze = nn.Conv2d(width, inner, 1)
        self.excite = nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True))))
        return x * F.hardsigmoid(gate)


class Block(nn.Module):
    """An inverted residual."""

    def __init__(
        self, given: int, expanded: int, width: int, kernel: int, stride: int, gated: bool, swish: bool
    ) -> None:
        super().__init__()
        inner = expanded or given
        self.expand = SameConv(given, inner, 1, bias=False) if expanded else None
        self.expand_norm = _norm(inner) if expanded else None
        self.depthwise = SameConv(inner, inner, kernel, stride, groups=inner, bias=False)
        self.depthwise_norm = _norm(inner)
        self.gate = SqueezeExcite(inner) if gated else None
        self.project = SameConv(inner, width, 1, bias=False)
        self.project_norm = _norm(width)
        self.activation = F.hardswish if swish else F.relu
        self.residual = given == width and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = x
        if self.expand is not None and self.expand_norm is not None:
            y = self.activation(self.expand_norm(self.expand(y)))
        y = self.activation(self.depthwise_norm(self.depthwise(y)))
        if self.gate is not None:
            y = self.gate(y)
        y = self.project_norm(self.project(y))
        return x + y if self.residual else y


class Backbone(nn.Module):
    """Images `[n, 3, s, s]` in [0, 1] to features `[n, 1024]`."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, 16, 3, 2, bias=False)
        self.stem_norm = _norm(16)
        blocks, given = [], 16
        for expanded, width, kernel, stride, gated, swish in _BLOCKS:
            blocks.append(Block(given, expanded, width, kernel, stride, gated, swish))
            given = width
        self.blocks = nn.Sequential(*blocks)
        self.last = SameConv(given, POOLED, 1, bias=False)
        self.last_norm = _norm(POOLED)
        self.widen = nn.Conv2d(POOLED, FEATURES, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.kaiming_normal_(self.widen.weight, mode="fan_in")

    def pooled(self, images: Tensor) -> Tensor:
        """What the last convolution sees on average over the image, `[n, 576]`."""
        x = F.hardswish(self.stem_norm(self.stem(images * 2 - 1)))
        x = F.hardswish(self.last_norm(self.last(self.blocks(x))))
        return cast(Tensor, x.mean((2, 3)))

    def forward(self, images: Tensor) -> Tensor:
        return F.hardswish(self.widen(self.pooled(images)[:, :, None, None])).flatten(1)


def channels_last(images: Tensor) -> Tensor:
    """The memory layout in which the convolutions are fastest."""
    return images.contiguous(memory_format=torch.channels_last)
