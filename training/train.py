"""Train the backbone: `python -m training.train --recipe full --run training/runs/full`.

On a GPU one process trains and one per shard draws. Without one, each shard has a training process with
a single thread and a drawing process beside it, and gradients are averaged: on two cores that is faster
than one process with two threads. A run that was stopped, however rudely, goes on from its last
checkpoint when the same command is given again, with the images it would have seen.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F  # noqa: N812 (the field's own name)

from training import descriptors
from training.generate.shapes import LABELS
from training.generate.stream import Batch, batches
from training.generate.textures import pool
from training.network import FEATURES, Backbone, channels_last
from training.recipe import RECIPES, Recipe

CHECKPOINT = "checkpoint.pt"
_TARGET_IMAGES = 1536
"""From so many images the words and the targets' scales are taken."""
_AHEAD = 3


class Heads(nn.Module):
    """The layers that tell targets and labels from features; thrown away in the end."""

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__()
        self.names = list(sizes)
        self.sizes = list(sizes.values())
        self.norm = nn.BatchNorm1d(FEATURES, affine=False)
        self.targets = nn.Linear(FEATURES, sum(self.sizes))
        self.label = nn.Linear(FEATURES, LABELS)
        for layer in (self.targets, self.label):
            nn.init.normal_(layer.weight, 0, 0.003)
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        x = self.norm(features)
        told = self.targets(x).split(self.sizes, 1)
        return dict(zip(self.names, told, strict=True)), self.label(x)


class Targets:
    """The descriptors of a batch, standardised."""

    def __init__(self, recipe: Recipe, folder: Path, device: torch.device) -> None:
        first = _first_images(recipe, folder)
        cpu = torch.device("cpu")
        images = descriptors.as_tensor(first.images, cpu)
        layouts = descriptors.as_tensor(first.layouts, cpu)
        words = descriptors.learn_words(images, recipe.seed)
        described = descriptors.describe(images, layouts, words)
        self._words = tuple(scale.to(device) for scale in words)
        self._scales = {}
        for name, values in described.items():
            deviation = values.std(0)
            self._scales[name] = (
                values.mean(0).to(device),
                (deviation + 0.02 * deviation.mean() + 1e-4).to(device),
            )
        self.sizes = {name: values.shape[1] for name, values in described.items()}

    def __call__(self, images: Tensor, layouts: Tensor) -> dict[str, Tensor]:
        described = descriptors.describe(images, layouts, self._words)
        return {
            name: (values - self._scales[name][0]) / self._scales[name][1]
            for name, values in described.items()
        }


def _first_images(recipe: Recipe, folder: Path) -> Batch:
    """The first images of the first shard; every process draws the same."""
    import numpy as np

    drawn: list[Batch] = []
    for batch in batches(recipe, folder, shard=0):
        drawn.append(batch)
        if len(drawn) * recipe.shard_batch >= _TARGET_IMAGES or len(drawn) == recipe.steps:
            break
    size = drawn[0].images.shape
    return Batch(
        *(np.concatenate(part) for part in zip(*(b for b in drawn if b.images.shape == size), strict=True))
    )


def loss_of(
    told: tuple[dict[str, Tensor], Tensor], wanted: dict[str, Tensor], labels: Tensor, label_weight: float
) -> tuple[Tensor, dict[str, float]]:
    """The sum of all targets' losses, and each by name."""
    total = torch.zeros((), device=labels.device)
    each = {}
    for name, values in wanted.items():
        loss = 4 * F.smooth_l1_loss(told[0][name], values, beta=2.0)
        total = total + descriptors.WEIGHTS.get(name, 1.0) * loss
        each[name] = loss.item()
    known = labels >= 0
    if known.any():
        loss = F.cross_entropy(told[1][known], labels[known], label_smoothing=0.05)
        total = total + label_weight * loss
        each["label"] = loss.item()
    return total, each


# ---- drawing beside training ---------------------------------------------------------------------


def _draw(recipe: Recipe, folder: Path, shard: int, first_step: int, ready: Any) -> None:
    for batch in batches(recipe, folder, shard, first_step):
        ready.put(batch)


class Drawn:
    """Batches of some shards, drawn by a process each."""

    def __init__(self, recipe: Recipe, folder: Path, shards: list[int], first_step: int) -> None:
        # Forked where that is safe, so that the drawing processes carry this command's name.
        context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._queues = [context.Queue(_AHEAD) for _ in shards]
        self._processes = [
            context.Process(target=_draw, args=(recipe, folder, shard, first_step, ready), daemon=True)
            for shard, ready in zip(shards, self._queues, strict=True)
        ]
        for process in self._processes:
            process.start()

    def next(self) -> Batch:
        """The shards' parts of the next batch, put together."""
        import numpy as np

        parts = [self._take(k) for k in range(len(self._queues))]
        return parts[0] if len(parts) == 1 else Batch(*(np.concatenate(p) for p in zip(*parts, strict=True)))

    def _take(self, number: int) -> Batch:
        while True:
            try:
                batch: Batch = self._queues[number].get(timeout=5)
                return batch
            except queue.Empty:
                if not self._processes[number].is_alive():
                    raise RuntimeError(f"the process that draws shard {number} has ended") from None

    def close(self) -> None:
        """End the drawing processes."""
        for process in self._processes:
            process.terminate()
            process.join()


# ---- training ------------------------------------------------------------------------------------


class Trainer:
    """Network, heads, optimiser and the running average of the weights."""

    def __init__(self, recipe: Recipe, sizes: dict[str, int], device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device = recipe, device
        self.backbone = Backbone().to(device).to(memory_format=torch.channels_last)
        self.heads = Heads(sizes).to(device)
        self.average = {k: v.detach().clone() for k, v in self.backbone.state_dict().items()}
        parts = [*self.backbone.parameters(), *self.heads.parameters()]
        kernels = [p for p in self.backbone.parameters() if p.ndim > 1]
        heads = [p for p in self.heads.parameters() if p.ndim > 1]
        plain = [p for p in parts if p.ndim <= 1]
        self.parameters = parts
        self.optimizer = torch.optim.AdamW(
            [
                {"params": kernels, "weight_decay": recipe.weight_decay, "share": 1.0},
                {"params": heads, "weight_decay": recipe.weight_decay, "share": recipe.head_rate},
                {"params": plain, "weight_decay": 0.0, "share": 1.0},
            ],
            lr=recipe.rate,
            betas=(0.9, 0.98),
        )
        self.step = 0

    def train(self, batch: Batch, targets: Targets, average_over: int) -> dict[str, float]:
        """One step; the losses by name."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate_at(self.step) * group["share"]
        images = descriptors.as_tensor(batch.images, self.device)
        layouts = descriptors.as_tensor(batch.layouts, self.device)
        labels = torch.from_numpy(batch.labels).to(self.device)
        wanted = targets(images, layouts)
        label_weight = self.recipe.stages[self.recipe.stage_at(self.step)[0]].label_weight
        loss, each = loss_of(self.heads(self.backbone(channels_last(images))), wanted, labels, label_weight)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if average_over > 1:
            self._average_gradients(average_over)
        nn.utils.clip_grad_norm_(self.backbone.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return {"loss": loss.item(), **each}

    def _average_gradients(self, processes: int) -> None:
        for parameter in self.parameters:
            if parameter.grad is None:  # a batch without a single label
                parameter.grad = torch.zeros_like(parameter)
        grads = [p.grad for p in self.parameters if p.grad is not None]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        distributed.all_reduce(flat)
        flat /= processes
        for grad, values in zip(grads, flat.split([grad.numel() for grad in grads]), strict=True):
            grad.copy_(values.view_as(grad))

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for name, value in self.backbone.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def save(self, file: Path) -> None:
        """Write a checkpoint: whole or not at all."""
        state = {
            "step": self.step,
            "recipe": json.dumps(self.recipe.as_dict(), sort_keys=True),
            "backbone": self.backbone.state_dict(),
            "heads": self.heads.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(file)

    def load(self, file: Path) -> None:
        """Go on from a checkpoint. Only tensors and plain values are read from it."""
        state = torch.load(file, map_location=self.device, weights_only=True)
        self.step = state["step"]
        self.backbone.load_state_dict(state["backbone"])
        self.heads.load_state_dict(state["heads"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])


class _Log:
    """Lines of `log.jsonl`: the losses, and the time that this machine took."""

    def __init__(self, file: Path, recipe: Recipe) -> None:
        self._file, self._recipe = file, recipe
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()

    def add(self, step: int, losses: dict[str, float]) -> None:
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + loss
        self._count += 1
        seconds = time.monotonic() - self._since
        if seconds < 20 and step < self._recipe.steps:
            return
        stage = self._recipe.stages[self._recipe.stage_at(step - 1)[0]]
        means = {name: round(value / self._count, 4) for name, value in self._sums.items()}
        line = {
            "step": step,
            "images": step * self._recipe.batch,
            "pixels": stage.pixels,
            "seconds": round(seconds, 1),
            "images per second": round(self._count * self._recipe.batch / seconds, 1),
            "losses": means,
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        share = step / self._recipe.steps
        print(
            f"{share:6.1%}  {line['images']:>8} images, {stage.pixels} px, "
            f"{line['images per second']}/s, loss {means['loss']}",
            flush=True,
        )
        self._sums, self._count, self._since = {}, 0, time.monotonic()


def train(
    recipe: Recipe,
    run: Path,
    *,
    rank: int = 0,
    processes: int = 1,
    until: int | None = None,
    checkpoint_seconds: float = 60,
) -> Path:
    """Train, or go on; returns the last checkpoint.

    Args:
        recipe: what to train.
        run: folder of this run.
        rank: number of this process among the training processes.
        processes: how many train together.
        until: stop after so many steps of the recipe.
        checkpoint_seconds: at least so long between checkpoints.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run.mkdir(parents=True, exist_ok=True)
    checkpoint = run / CHECKPOINT
    first = int(torch.load(checkpoint, weights_only=True)["step"]) if checkpoint.exists() else 0
    last = min(until if until is not None else recipe.steps, recipe.steps)
    pool(run, recipe.texture_classes)
    shards = [rank] if processes > 1 else list(range(recipe.shards))
    drawn = Drawn(recipe, run, shards, first)
    try:
        targets = Targets(recipe, run, device)
        trainer = Trainer(recipe, targets.sizes, device)
        if first:
            trainer.load(checkpoint)
            print(f"going on after {first} of {recipe.steps} steps", flush=True)
        log = _Log(run / "log.jsonl", recipe)
        saved = time.monotonic()
        while trainer.step < last:
            losses = trainer.train(drawn.next(), targets, processes)
            if rank:
                continue
            log.add(trainer.step, losses)
            stage_ends = trainer.step < recipe.steps and recipe.stage_at(trainer.step)[1] == 0
            if time.monotonic() - saved > checkpoint_seconds or trainer.step == last or stage_ends:
                trainer.save(checkpoint)
                saved = time.monotonic()
    finally:
        drawn.close()
    return checkpoint


@contextmanager
def _companions(args: argparse.Namespace, processes: int) -> Iterator[None]:
    """The other training processes; they end with this one."""
    meeting = args.run / f"meeting-{os.getpid()}"
    command = [sys.executable, "-m", "training.train", "--recipe", args.recipe, "--run", str(args.run)]
    if args.until is not None:
        command += ["--until", str(args.until)]
    others = [
        subprocess.Popen([*command, "--rank", str(rank), "--meeting", str(meeting)])
        for rank in range(1, processes)
    ]
    try:
        _join(meeting, 0, processes)
        yield
        for other in others:
            other.wait()
    finally:
        for other in others:
            other.kill()
        meeting.unlink(missing_ok=True)


def _join(meeting: Path, rank: int, processes: int) -> None:
    distributed.init_process_group(
        "gloo", init_method=meeting.absolute().as_uri(), rank=rank, world_size=processes
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description="Train the backbone.")
    parser.add_argument("--recipe", choices=RECIPES, default="full")
    parser.add_argument("--run", type=Path, help="folder of the run (default: training/runs/RECIPE)")
    parser.add_argument("--until", type=int, help="stop after so many steps of the recipe")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--meeting", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    args.run = args.run or Path(__file__).parent / "runs" / args.recipe
    recipe = RECIPES[args.recipe]
    if torch.cuda.is_available():
        train(recipe, args.run, until=args.until)
        return
    torch.set_num_threads(1)
    args.run.mkdir(parents=True, exist_ok=True)
    if args.rank:
        _join(args.meeting, args.rank, recipe.shards)
        train(recipe, args.run, rank=args.rank, processes=recipe.shards, until=args.until)
        return
    pool(args.run, recipe.texture_classes)
    with _companions(args, recipe.shards):
        train(recipe, args.run, processes=recipe.shards, until=args.until)


if __name__ == "__main__":
    main()
