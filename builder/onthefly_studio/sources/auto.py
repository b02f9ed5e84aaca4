"""`auto`: the places that hold ImageNet's weights, briefly; where none answers, the embedded weights.

**To add a place**, put a `Place` into `_originals` or `_graphs`. A copy on this machine goes before every
connection, whatever place it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from onthefly_studio import extras
from onthefly_studio.sources import embedded, graph_url, hub, keras, remote
from onthefly_studio.sources.addresses import kaggle_download
from onthefly_studio.sources.download import Limits, UnreachableError
from onthefly_studio.sources.graph_address import of_graph
from onthefly_studio.sources.keras_applications import NETWORKS, download_url
from onthefly_studio.sources.remote import Module
from onthefly_studio.sources.silence import Silence
from onthefly_studio.sources.source import Context, Source

KIND = "auto"
NAMES: tuple[str, ...] = ("auto",)
ACCEPTS: tuple[str, ...] = ()

KAGGLE_MODULE = "https://www.kaggle.com/models/google/mobilenet-v3/tensorFlow2/small-100-224-feature-vector/1"
"""The same SavedModel as `hub.DEFAULT_HANDLE`."""
HUB_GRAPH = (
    "https://tfhub.dev/google/tfjs-model/imagenet/mobilenet_v3_small_100_224/feature_vector/5/default/1"
)
"""That model as a ready TensorFlow.js graph, for a machine without TensorFlow."""
KAGGLE_GRAPH = "https://www.kaggle.com/models/google/mobilenet-v3/tfJs/small-100-224-feature-vector/1"

# There is somewhere else to go, so a network that swallows packets must cost little.
BRIEF = Limits(connect_s=3.0, read_s=10.0, attempts=2, backoff_s=0.5, retry_after_max_s=3.0)

_TITLE, _PHOTOGRAPHS = "MobileNetV3-Small 1.0", "ImageNet photographs"
_KERAS = "small"


@dataclass(frozen=True)
class Place:
    """One that holds ImageNet's weights."""

    title: str
    """Of what it holds, in a sentence."""
    url: str
    """By which its silence is remembered."""
    at_hand: Callable[[Context], Source | None]
    """The weights if they are on this machine."""
    fetch: Callable[[Context, Limits], Source]
    """The weights over the network."""


def takes(backbone: str) -> bool:
    """Only its name."""
    return backbone in NAMES


def obtain(backbone: str, context: Context) -> Source:
    """ImageNet's weights from the first place that has them, or the embedded ones; and the reason why."""
    graphs = _graphs(backbone)
    # With TensorFlow, the originals: a check against one says more than against a graph that was made of it.
    wanted = _originals(backbone) if extras.installed("convert") else graphs
    for place in dict.fromkeys([*wanted, *graphs]):
        if found := place.at_hand(context):
            return _with_reason(found, place, wanted[0])
    if context.offline:
        why = "The Hub's model is not in the cache, and --offline opens no connection."
        context.reporter.note(f"{why} Using the embedded weights instead.")
        return embedded.weights(backbone, why)
    silent: list[tuple[str, int]] = []
    for place in wanted:
        answer = _asked(place, context)
        if isinstance(answer, Source):
            if silent:
                context.reporter.note(f"{_told(silent)} Using {place.title} instead ({_again(silent)}).")
            return _with_reason(answer, place, wanted[0])
        silent.append(answer)
    why = _told(silent)
    context.reporter.note(f"{why} Using the embedded weights instead ({_again(silent)}).")
    return embedded.weights(backbone, why)


def _asked(place: Place, context: Context) -> Source | tuple[str, int]:
    """The weights; or why they do not come from there, and for how many minutes it is not asked again."""
    silence = Silence(context.cache, place.url)
    if not context.force and (remembered := silence.remembered()):
        return remembered
    try:
        source = place.fetch(context, BRIEF)
    except UnreachableError as error:
        return error.what, silence.remember(error.what)
    silence.forget()
    return source


def _with_reason(source: Source, place: Place, first: Place) -> Source:
    """The source, which says so where it is not the first place's.

    It says the same of a copy as of weights fetched now, so that the next build, which finds the copy, makes
    the same site.
    """
    if place is first:
        return source
    return replace(source, why=f"{first.title} was not at hand. Taken instead: {place.title}.")


def _told(silent: list[tuple[str, int]]) -> str:
    return " ".join(dict.fromkeys(why for why, _ in silent))


def _again(silent: list[tuple[str, int]]) -> str:
    minutes = min(minutes for _, minutes in silent)
    return f"not asked again for {minutes} minute{'s' * (minutes != 1)}; --force asks"


def _originals(requested: str) -> list[Place]:
    """Where the weights are as they were published, in the order in which they are asked."""
    kaggle = Module(
        "url",
        KAGGLE_MODULE,
        requested,
        title=_TITLE,
        trained_on=_PHOTOGRAPHS,
        archive=kaggle_download(KAGGLE_MODULE, "tensorFlow2"),
    )
    return [
        _of_module("TensorFlow Hub's model", hub.module(requested)),
        _of_module("Kaggle's copy of the Hub's model", kaggle),
        Place(
            "Keras Applications' weights",
            download_url(NETWORKS[_KERAS]),
            lambda context: keras.at_hand(_KERAS, requested, context),
            lambda context, limits: keras.fetch(_KERAS, requested, context, limits=limits),
        ),
    ]


def _graphs(requested: str) -> list[Place]:
    """Where they are as ready TensorFlow.js graphs, in the order in which they are asked."""
    return [
        _of_graph("TensorFlow Hub's ready graph", HUB_GRAPH, requested),
        _of_graph("Kaggle's copy of the Hub's ready graph", KAGGLE_GRAPH, requested),
    ]


def _of_module(title: str, module: Module) -> Place:
    return Place(
        title,
        module.url,
        lambda context: remote.at_hand(module, context),
        lambda context, limits: remote.fetch(module, context, limits=limits),
    )


def _of_graph(title: str, url: str, requested: str) -> Place:
    address = of_graph(url)
    assert address, "it is a graph's"
    module = graph_url.module(address, requested, title=_TITLE, trained_on=_PHOTOGRAPHS)
    return Place(
        title,
        module.url,
        lambda context: graph_url.at_hand(module, context),
        lambda context, limits: graph_url.fetch(module, address, context, limits=limits),
    )
