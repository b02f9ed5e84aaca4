"""From nothing to weights: `python -m training --recipe full --out FOLDER` trains, finishes and writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from training import export, train
from training.recipe import RECIPES


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Make the embedded backbone.")
    parser.add_argument("--recipe", choices=RECIPES, default="full")
    parser.add_argument("--run", type=Path, help="folder of the run (default: training/runs/RECIPE)")
    parser.add_argument("--out", type=Path, help="folder for the weights (default: the run's)")
    args = parser.parse_args(arguments)
    run = args.run or Path(__file__).parent / "runs" / args.recipe
    train.main(["--recipe", args.recipe, "--run", str(run)])
    export.main(["--recipe", args.recipe, "--run", str(run), "--out", str(args.out or run)])


if __name__ == "__main__":
    main()
