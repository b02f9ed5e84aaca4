"""The address of a ready TensorFlow.js graph: where its archive and its files are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urldefrag, urlencode, urlsplit, urlunsplit

from onthefly_studio.sources.addresses import ARCHIVES, is_handle, is_of_a_hub, kaggle_download, kaggle_model
from onthefly_studio.sources.other_formats import GRAPH_MODEL

_FORMAT = "tfjs-format"
"""What TensorFlow.js' `fromTFHub` sets to `file`, and a Hub's page of downloads to `compressed`."""
_HUBS_OWN = (_FORMAT, "tfhub-redirect")
"""Parts of a query that a Hub's addresses have anyway; with no other, an address is that of the model."""
_HUB_GRAPH = re.compile(r"(/[^/]+)*/tfjs-model(/[^/]+)+/\d+/?")
"""The path of a ready graph on tfhub.dev, also on a mirror."""


@dataclass(frozen=True)
class GraphAddress:
    """Where a graph is."""

    url: str
    """What it is known by."""
    archive: str | None
    """Where it can be had in one piece, as a `.tar.gz`; None where only its files can be asked for."""
    folder: str
    """That `model.json` and its shards are in, without a slash at its end and without a query."""
    query: str = ""
    """What every file is asked for with."""

    def file(self, name: str) -> str:
        """The address of a file in the folder, with the folder's own query: a signature may stand in it."""
        return f"{self.folder}/{quote(name)}" + (f"?{self.query}" if self.query else "")


def of_graph(url: str) -> GraphAddress | None:
    """The graph at an address that says it has one; None where it may be an archive as well.

    Such are the handles of ready graphs on tfhub.dev and Kaggle, and of their shape elsewhere; the address of
    a `model.json`; and that of a folder, which ends in a slash.
    """
    url = urldefrag(url).url
    split = urlsplit(url)
    path = split.path.removesuffix(f"/{GRAPH_MODEL}")
    names_file = path != split.path
    pairs = parse_qsl(split.query, keep_blank_values=True)
    own = [(name, value) for name, value in pairs if name not in _HUBS_OWN]
    handle = urlunsplit((split.scheme, split.netloc, path.rstrip("/"), urlencode(own), ""))
    if not own or is_of_a_hub(url):
        kaggle = kaggle_model(path)
        if kaggle and kaggle.framework == "tfjs":
            return _on_a_hub(handle, kaggle_download(handle, "tfJs"))
        if _HUB_GRAPH.fullmatch(path):
            return _on_a_hub(handle, _with_format(handle, "compressed"))
    if names_file and is_of_a_hub(url):
        return _on_a_hub(handle, None)
    if names_file or (
        path.endswith("/") and not path.lower().rstrip("/").endswith(ARCHIVES) and not is_handle(url)
    ):
        return in_folder(url)
    return None


def in_folder(url: str) -> GraphAddress:
    """The graph in the folder at an address, or of the `model.json` at it; its query goes with every file."""
    url = urldefrag(url).url
    split = urlsplit(url)
    folder = split.path.removesuffix(f"/{GRAPH_MODEL}").rstrip("/")
    return GraphAddress(url, None, urlunsplit((split.scheme, split.netloc, folder, "", "")), split.query)


def _on_a_hub(handle: str, archive: str | None) -> GraphAddress:
    asked = urlsplit(_with_format(handle, "file"))
    return GraphAddress(
        handle, archive, urlunsplit((asked.scheme, asked.netloc, asked.path, "", "")), asked.query
    )


def _with_format(handle: str, form: str) -> str:
    return f"{handle}{'&' if urlsplit(handle).query else '?'}{_FORMAT}={form}"
