"""What tests of conversion share: small SavedModels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tensorflow_scripts


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `tensorflow_scripts.small_models` fills."""
    folder = tmp_path_factory.mktemp("small models")
    tensorflow_scripts.worker().call("small_models", folder)
    return folder
