"""What tests of every kind share."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
"""Of the support, for what is no Python in it."""
