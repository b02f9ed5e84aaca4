"""Which function of a SavedModel gives the features, found by what it takes and gives.

Publishers name signatures and tensors as they like; TF1 Hub modules have names of their own, and some
TF2 ones have no signature and are called. Needs TensorFlow: the child process only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph.model import Array
from onthefly_studio.reference.golden import SIZE
from onthefly_studio.text import first_line

SERVING = "serving_default"
SERVE = "serve"
"""The tag of the graph to serve, among a SavedModel's variants."""
HUB = ("image_feature_vector", "default")
"""Signatures of TF1 Hub modules, which stand for one another there.

Source: https://www.tensorflow.org/hub/common_signatures/images
"""
HUB_OUTPUT = "default"
"""The feature vector among the outputs of `image_feature_vector`; the others are layers inside."""

_CHOOSE_FEATURES = "Choose the feature-vector variant of the model, for 224-pixel images."
_EXPORT = "Export it with tf.saved_model.save(model, folder, signatures={'serving_default': ...})."


@dataclass(frozen=True)
class Tf1Graph:
    """Where a signature lies in the graph of a TensorFlow 1 SavedModel."""

    tags: list[str]
    images: str
    """The input tensor's name, such as `Placeholder:0`."""
    features: str

    def frozen(self, folder: str) -> Callable[[Any], Any]:
        """The signature as a function in which the variables are constants."""
        import tensorflow as tf

        v1 = tf.compat.v1
        with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
            v1.saved_model.load(session, self.tags, folder)
            outputs = [self.features.split(":")[0]]
            constant = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), outputs)
        function = v1.wrap_function(lambda: tf.graph_util.import_graph_def(constant, name=""), [])
        pruned: Callable[[Any], Any] = function.prune(self.images, self.features)
        return pruned


@dataclass(frozen=True)
class FeatureFunction:
    """A SavedModel's function from images to features."""

    folder: str
    loaded: Any
    """What owns the function's variables."""
    call: Callable[[Any], Any]
    """`[n, 224, 224, 3]` float32 tensor to `[n, F]` or `[n, 1, 1, F]`."""
    batch: int | None
    """1 where the function takes single images only."""
    is_standard: bool
    """Whether a converter that knows `serving_default` alone finds it, and finds `[n, F]`."""
    tf1: Tf1Graph | None = None
    """Set for a SavedModel of TensorFlow 1, whose variables no object owns."""

    def features(self, images: Array) -> Array:
        """Features of float32 images `[n, 224, 224, 3]` in [0, 1], one at a time: float32 `[n, F]`.

        Raises:
            ConversionError: it cannot be run, or gives something else.
        """
        import tensorflow as tf

        try:
            found = [np.asarray(self.call(tf.constant(image[None])), np.float32) for image in images]
        except Exception as error:  # whatever a stranger's graph may do
            raise ConversionError(
                f"TensorFlow cannot run the SavedModel: {first_line(error)}", where=self.folder
            ) from error
        shape = found[0].shape
        if not (len(shape) == 2 or (len(shape) == 4 and shape[1:3] == (1, 1))) or shape[0] != 1:
            raise ConversionError(
                f"For one image the model gives {list(shape)}; a feature vector is [1, features].",
                where=self.folder,
                hint=_CHOOSE_FEATURES,
            )
        return np.stack([each.reshape(-1) for each in found])

    def standard(self, width: int, scratch: Path) -> str:
        """A SavedModel whose `serving_default` is this function: the folder itself, or one in `scratch`.

        Args:
            width: F.
            scratch: an absent folder to write into.
        """
        import tensorflow as tf

        if self.is_standard:
            return self.folder

        call = self.call

        def serve(inputs: Any) -> Any:
            return {"feature_vector": tf.reshape(call(inputs), [-1, width])}

        module = tf.Module()
        images = tf.TensorSpec((self.batch, SIZE, SIZE, 3), tf.float32, name="inputs")
        try:
            if self.tf1:
                call = self.tf1.frozen(self.folder)
            else:
                module.original = self.loaded  # variables that no object of the module owns are not saved
            tf.saved_model.save(
                module, str(scratch), signatures={SERVING: tf.function(serve, input_signature=[images])}
            )
        except Exception as error:
            raise ConversionError(
                f"TensorFlow cannot wrap the model's function: {first_line(error)}",
                where=self.folder,
                hint=_EXPORT,
            ) from error
        return str(scratch)


def find(folder: str) -> FeatureFunction:
    """Load a SavedModel and choose its feature function.

    `serving_default` goes before all others where it is usable. Otherwise there must be one, and a
    model without any signature must be callable.

    Raises:
        ConversionError: it cannot be loaded, or holds no such function, or several.
    """
    import tensorflow_hub as hub

    try:
        variant = _variant(Path(folder))
        tags = sorted(variant.meta_info_def.tags)
        loaded = hub.load(folder, tags=tags)
    except ConversionError:
        raise
    except Exception as error:  # TensorFlow's loader raises whatever a file leads it to
        raise ConversionError(
            f"TensorFlow cannot load the SavedModel: {first_line(error)}",
            where=folder,
            hint="Give an intact SavedModel.",
        ) from error
    signatures = dict(getattr(loaded, "signatures", {}))
    if not signatures:
        return _callable(loaded, folder)
    name = _choose(signatures, folder)
    function = signatures[name]
    (key,) = _inputs(function)
    output = _output(name, function.structured_outputs)
    shape = _inputs(function)[key].shape
    rank = _output_shape(name, function).rank
    fitting = shape.rank == 4 and shape.as_list()[1:] == [SIZE, SIZE, 3] and rank == 2
    return FeatureFunction(
        folder,
        loaded,
        lambda images: function(**{key: images})[output],
        shape[0] if shape.rank else None,
        is_standard=name == SERVING and tags == [SERVE] and len(function.structured_outputs) == 1 and fitting,
        tf1=None if variant.HasField("object_graph_def") else _tf1(variant, name, key, output),
    )


def _tf1(variant: Any, name: str, key: str, output: str) -> Tf1Graph:
    signature = variant.signature_def[name]
    tags = sorted(variant.meta_info_def.tags)
    return Tf1Graph(tags, signature.inputs[key].name, signature.outputs[output].name)


def _variant(folder: Path) -> Any:
    """The MetaGraphDef to load: tagged `serve`, or not at all as in TF1 Hub modules, or the only one."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    by_tags = {tuple(sorted(graph.meta_info_def.tags)): graph for graph in saved.meta_graphs}
    for wanted in ((SERVE,), ()):
        if wanted in by_tags:
            return by_tags[wanted]
    if len(by_tags) == 1:
        return next(iter(by_tags.values()))
    shown = "; ".join(", ".join(tags) for tags in sorted(by_tags)) or "none at all"
    raise ConversionError(
        f"The SavedModel has no variant tagged {SERVE!r} (there is: {shown}).",
        where=str(folder),
        hint=_EXPORT,
    )


def _choose(signatures: dict[str, Any], folder: str) -> str:
    problems = {name: _problem(name, function) for name, function in sorted(signatures.items())}
    usable = [name for name, problem in problems.items() if problem is None]
    if not usable:
        reasons = [f"{name!r} {problem}" for name, problem in problems.items()]
        raise ConversionError(
            f"No signature of the SavedModel gives features of 224 x 224 images: {'; '.join(reasons[:5])}"
            f"{f'; and {len(reasons) - 5} more' if len(reasons) > 5 else ''}.",
            where=folder,
            hint=_CHOOSE_FEATURES,
        )
    for name in (SERVING, *HUB):
        if name in usable:
            return name
    if len(usable) > 1:
        raise ConversionError(
            f"{len(usable)} signatures of the SavedModel give features: {', '.join(map(repr, usable))}.",
            where=folder,
            hint=f"Export it again with the one you mean as {SERVING!r}.",
        )
    return usable[0]


def _problem(name: str, function: Any) -> str | None:
    """Why a signature is no feature function, as the end of a sentence; None where it may be one."""
    import tensorflow as tf

    inputs, outputs = _inputs(function), function.structured_outputs
    if len(inputs) != 1:
        return f"has {len(inputs)} inputs ({', '.join(sorted(inputs))})"
    if len(outputs) != 1 and _output(name, outputs) not in outputs:
        return f"has {len(outputs)} outputs ({', '.join(sorted(outputs))})"
    spec, features = next(iter(inputs.values())), _output_shape(name, function)
    if spec.dtype != tf.float32:
        return f"reads {spec.dtype.name}, not float32"
    if not spec.shape.is_compatible_with((None, SIZE, SIZE, 3)):
        return f"reads images of shape {_shown(spec.shape)}, not [n, {SIZE}, {SIZE}, 3]"
    if spec.shape.rank and spec.shape[0] not in (None, 1):
        return f"reads {spec.shape[0]} images at once, the page has one"
    if not any(features.is_compatible_with(shape) for shape in ((None, None), (None, 1, 1, None))):
        return f"gives {_shown(features)}, not [n, features]"
    return None


def _inputs(function: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = function.structured_input_signature[1]
    return inputs


def _output(name: str, outputs: dict[str, Any]) -> str:
    """The key of the features among a signature's outputs."""
    if name in HUB and HUB_OUTPUT in outputs:
        return HUB_OUTPUT
    return next(iter(outputs), "") if len(outputs) == 1 else ""


def _output_shape(name: str, function: Any) -> Any:
    return function.structured_outputs[_output(name, function.structured_outputs)].shape


def _shown(shape: Any) -> str:
    return "unknown" if shape.rank is None else str(["n", *shape.as_list()[1:]]).replace("'", "")


def _callable(loaded: Any, folder: str) -> FeatureFunction:
    """A model without signatures, called as `model(images)`."""
    import tensorflow as tf

    if not callable(loaded):
        raise ConversionError(
            "The SavedModel has no signature and cannot be called.", where=folder, hint=_EXPORT
        )
    images = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)
    try:
        given = tf.function(loaded).get_concrete_function(images).structured_outputs
    except Exception as error:  # as tracing another's code may raise anything
        reads = ", ".join(_called_with(loaded)) or first_line(error)
        raise ConversionError(
            "The SavedModel has no signature, and cannot be called with images of shape "
            f"[n, {SIZE}, {SIZE}, 3]; it reads: {reads}.",
            where=folder,
            hint=_CHOOSE_FEATURES,
        ) from error
    if not isinstance(given, tf.TensorSpec | tf.Tensor):
        names = f" ({', '.join(map(str, sorted(given)))})" if isinstance(given, dict) else ""
        raise ConversionError(
            f"The SavedModel has no signature, and when called it gives several tensors{names}.",
            where=folder,
            hint=_CHOOSE_FEATURES,
        )
    return FeatureFunction(folder, loaded, loaded, None, is_standard=False)


def _called_with(loaded: Any) -> list[str]:
    """Shapes that a callable model was saved for, as far as it tells."""
    functions = getattr(loaded.__call__, "concrete_functions", [])
    first: list[Any] = [spec for function in functions for spec in function.structured_input_signature[0][:1]]
    return sorted({_shown(spec.shape) for spec in first if hasattr(spec, "shape")})
