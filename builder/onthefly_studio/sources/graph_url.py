"""The address of a ready TensorFlow.js graph: a handle of tfhub.dev or Kaggle, a folder, or a `model.json`.

A Hub gives such a graph in one piece too, as a `.tar.gz`, and that is asked for first.
"""

from __future__ import annotations

from onthefly_studio.sources import graph_folder, remote
from onthefly_studio.sources.addresses import is_secure, public_url
from onthefly_studio.sources.download import Limits, NotThereError
from onthefly_studio.sources.graph_address import GraphAddress, of_graph
from onthefly_studio.sources.remote import Module
from onthefly_studio.sources.source import UNKNOWN_TRAINING, Context, Source
from onthefly_studio.sources.trust import Trusted

KIND = "tfjs-url"
NAMES: tuple[str, ...] = ()
ACCEPTS: tuple[str, ...] = ("the https URL of a folder with model.json",)


def takes(backbone: str) -> bool:
    """An address that says it has a graph, and may be asked."""
    return is_secure(backbone) and of_graph(backbone) is not None


def obtain(backbone: str, context: Context) -> Source:
    """The graph at the address, from the nearest place that has it."""
    address = of_graph(backbone)
    assert address, "takes said so"
    return nearest(module(address, public_url(backbone)), address, context)


def module(
    address: GraphAddress, requested: str, *, title: str | None = None, trained_on: str = UNKNOWN_TRAINING
) -> Module:
    """What is at an address, as `nearest`, `at_hand` and `fetch` take it.

    Args:
        address: of the graph.
        requested: what the user wrote.
        title: see `Source`.
        trained_on: see `Source`.
    """
    return Module(KIND, address.url, requested, title, trained_on, archive=address.archive)


def nearest(wanted: Module, address: GraphAddress, context: Context) -> Source:
    """The graph, from the nearest place that has it.

    Raises:
        SourceError: it cannot be reached, read or trusted, or only a connection could bring it.
        ConversionError: `model.json` is not that of a graph.
        OutputError: the cache cannot be written.
    """
    if found := at_hand(wanted, context):
        return found
    remote.require_fetchable(wanted, context)
    return fetch(wanted, address, context)


def at_hand(wanted: Module, context: Context) -> Source | None:
    """The graph if it is on this machine, whichever way it came."""
    return graph_folder.kept(wanted, context) or remote.at_hand(wanted, context)


def fetch(wanted: Module, address: GraphAddress, context: Context, *, limits: Limits | None = None) -> Source:
    """The graph over the network: its archive where there is one, else its files.

    What once came one way is held to it: else a server could have another model trusted by the other way.
    """
    trusted = Trusted(context.cache, wanted.url)
    refused = None
    if wanted.archive and not trusted.files():
        try:
            return remote.fetch(wanted, context, limits=limits)
        except NotThereError as error:
            if trusted.archive():
                raise
            refused = error
    return graph_folder.fetch(wanted, address, context, limits=limits, refused=refused)
