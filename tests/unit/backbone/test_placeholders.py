"""The converter is imported without what it imports at its top; who uses any of that is told so."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import patch

import pytest

from onthefly_studio.tensorflow import placeholders
from tests.patience import PATIENCE_S
from tests.processes import PYTHON_PATH

UNWANTED = ("tensorflow_decision_forests", "ydf", "jax", "jaxlib", "flax")


def run(program: str) -> str:
    environment = {"PYTHONPATH": PYTHON_PATH, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_converter_is_imported_without_any_of_it() -> None:
    """Not even looked for; whoever has the packages has them left alone."""
    program = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {UNWANTED!r}:
            raise AssertionError(name + " was looked for")

sys.meta_path.insert(0, Blocker())
from onthefly_studio.tensorflow import placeholders
placeholders.install()
import tensorflow_hub, tf_keras
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter
from tensorflowjs.converters import convert_jax
print(callable(converter.convert_tf_saved_model))
try:
    convert_jax(None)
except placeholders.PlaceholderUsed as error:
    print(error)
"""
    first, second = run(program).splitlines()
    assert first == "True"
    assert second.startswith("tensorflowjs.converters.convert_jax was used, of which only a placeholder is")


def test_what_is_used_of_a_placeholder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    forests = placeholders.Placeholder(placeholders.FORESTS)
    monkeypatch.setitem(sys.modules, placeholders.FORESTS, forests)
    import tensorflow_decision_forests

    assert tensorflow_decision_forests is forests
    with pytest.raises(placeholders.PlaceholderUsed, match=r"tensorflow_decision_forests\.keras was used"):
        _ = tensorflow_decision_forests.keras
    with pytest.raises(ImportError, match="only a placeholder is here"):
        from tensorflow_decision_forests import keras  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match="is not a package"):
        import tensorflow_decision_forests.keras


def test_python_itself_may_ask_a_placeholder_what_it_asks_of_any_module() -> None:
    """`inspect` looks through all modules for a `__file__`."""
    module = placeholders.Placeholder("one")
    assert not hasattr(module, "__file__")
    assert not hasattr(module, "__path__")
    assert repr(module) == "<module 'one'>"


def test_what_was_imported_before_stays() -> None:
    ours = (placeholders.FORESTS, placeholders.JAX_CONVERSION, *placeholders.ABSENT)
    with patch.dict(sys.modules):
        for name in ours:
            sys.modules.pop(name, None)
        sys.modules["scipy"] = sys
        placeholders.install()
        forests = sys.modules[placeholders.FORESTS]
        placeholders.install()
        assert sys.modules["scipy"] is sys
        assert sys.modules[placeholders.FORESTS] is forests
        assert isinstance(forests, placeholders.Placeholder)
        with pytest.raises(ImportError):
            __import__("jax")
