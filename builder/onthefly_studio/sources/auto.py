"""`auto`: the places that hold ImageNet's weights, briefly; where none answers, the embedded weights."""

from __future__ import annotations

from onthefly_studio.sources import embedded, hub, remote
from onthefly_studio.sources.download import Limits, UnreachableError
from onthefly_studio.sources.silence import Silence
from onthefly_studio.sources.source import Context, Source

KIND = "auto"
NAMES: tuple[str, ...] = ("auto",)
ACCEPTS: tuple[str, ...] = ()

# There is somewhere else to go, so a network that swallows packets must cost little.
BRIEF = Limits(connect_s=3.0, read_s=10.0, attempts=2, backoff_s=0.5, retry_after_max_s=3.0)


def takes(backbone: str) -> bool:
    """Only its name."""
    return backbone in NAMES


def obtain(backbone: str, context: Context) -> Source:
    """The Hub's model, or the embedded one and the reason why."""
    module = hub.module(requested=backbone)
    if found := remote.at_hand(module, context):
        return found
    if context.offline:
        why = "The Hub's model is not in the cache, and --offline opens no connection."
        context.reporter.note(f"{why} Using the embedded weights instead.")
        return embedded.weights(backbone, why)
    silence = Silence(context.cache, module.url)
    remembered = None if context.force else silence.remembered()
    if remembered is None:
        try:
            source = remote.fetch(module, context, limits=BRIEF)
        except UnreachableError as error:
            remembered = error.what, silence.remember(error.what)
        else:
            silence.forget()
            return source
    why, minutes = remembered
    again = f"not asked again for {minutes} minute{'s' * (minutes != 1)}; --force asks"
    context.reporter.note(f"{why} Using the embedded weights instead ({again}).")
    return embedded.weights(backbone, why)
