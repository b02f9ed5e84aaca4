"""What tests of conversion share: one TensorFlow that stays, and the small SavedModels made by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.backbone import convert
from tests import tensorflow_scripts


@pytest.fixture
def one_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversions run in the shared worker, and do not each pay for an import of TensorFlow."""
    monkeypatch.setattr(convert, "run_child", tensorflow_scripts.worker().run_child)


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `tensorflow_scripts.small_models` fills."""
    folder = tmp_path_factory.mktemp("small models")
    tensorflow_scripts.worker().call("small_models", folder)
    return folder
