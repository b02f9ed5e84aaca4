"""The portable graph on TensorFlow.js as it is: as the converter writes it, and as the build does."""

from __future__ import annotations

from bench.figures import Goal, Result, Table, middle, ms, times
from bench.models import Unavailable
from bench.stage import PATIENCE_MS, Stage
from onthefly_studio.site import description
from onthefly_studio.validate.chromium import SOFTWARE_WEBGL, SOFTWARE_WEBGPU

ROUNDS = {"wasm": 100, "webgl": 15, "webgpu": 8, "cpu": 15}
SOFTWARE = ("webgl", "webgpu")


def measure(stage: Stage) -> Result:
    """Milliseconds of a pass on every backend, both graphs in one tab and in turns."""
    site = description.read(stage.site("float32"))
    models = ["/models/tfjs/model.json", f"/site/{site.model.graph.url}"]
    host = stage.host("float32")
    rows: list[list[str]] = []
    goals: list[Goal] = []
    figures: dict[str, dict[str, float]] = {}
    # A browser of its own: WebGPU without a card is asked for at the start.
    context = stage.launch(*SOFTWARE_WEBGL, *SOFTWARE_WEBGPU).new_context()
    context.set_default_timeout(PATIENCE_MS)
    for backend, rounds in ROUNDS.items():
        name = f"{backend} (software)" if backend in SOFTWARE else backend
        query = "&".join(f"model={model}" for model in models)
        address = f"{host.url}/bench/peer.html?peer=graphs&backend={backend}&{query}"
        try:
            page = stage.open_at(context, address)
            stage.call(page, "turns", max(2, rounds // 5))
            given, made = (middle(found) for found in stage.call(page, "turns", rounds))
            (apart,) = stage.call(page, "apart")
            page.close()
        except Unavailable as error:
            rows.append([name, f"not run: {error}", "", "", ""])
            continue
        rows.append([name, ms(given), ms(made), times(made / given), f"{apart:.1e}"])
        goals.append(Goal(f"the simplified graph on {name}, of the converter's", made / given, 1.0))
        figures[backend] = {"given": given, "made": made, "apart": apart}
    table = Table(
        "The portable graph on TensorFlow.js' own kernels",
        ["backend", "as converted", "as built", "of it", "features differ by"],
        rows,
        [
            "Both with float32 weights in one tab, in turns, one thread; the difference is of the largest "
            "feature, on noise."
        ],
    )
    return Result([table], goals, figures)
