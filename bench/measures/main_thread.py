"""How long the page's thread is ever kept from its visitor: while recording, training and predicting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.figures import Goal, Result, Table, middle, ms
from bench.models import Unavailable
from bench.stage import PATIENCE_MS, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Page

METER = """
(() => {
  const busy = globalThis.__busy = { tasks: [], gaps: [] };
  new PerformanceObserver((list) => busy.tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: 'longtask', buffered: true });
  let last = performance.now();
  const tick = (now) => { busy.gaps.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
})();
"""
READ = """async () => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { tasks, gaps } = globalThis.__busy;
  const found = { task: Math.max(0, ...tasks), gap: Math.max(0, ...gaps) };
  tasks.length = gaps.length = 0;
  return found;
}"""
LIMIT_MS = 50
HOLD_MS = 3000
WATCH_MS = 4000
HELD = 10_000
ROUNDS = 3
PEERS = {"article:wasm": "the article's way, wasm", "teachable": "Teachable Machine's library"}
PHASES = ("recording", "training", "predicting")
TRACED = ["toplevel", "blink.user_timing"]
TASK = "ThreadControllerImpl::RunTask"
Figures = dict[str, dict[str, float]]


def measure(stage: Stage) -> Result:
    """The page itself with a camera, beside the article's way doing the same on the page's thread."""
    ours = _best([_traced(stage, partial(_page, stage)) for _ in range(ROUNDS)])
    others: dict[str, Figures] = {}
    missing: list[str] = []
    for peer, name in PEERS.items():
        try:
            rounds = [_traced(stage, partial(_peer, stage, peer)) for _ in range(ROUNDS)]
            others[name] = _best(rounds)
        except Unavailable as error:
            missing.append(f"{name}: not run: {error}")
    rows = [
        [name, *(_cell(found[phase]) for phase in PHASES)]
        for name, found in {"On-the-Fly, its page": ours, **others}.items()
    ]
    notes = [
        "By the clock (the browser's `longtask`, which counts from 50 ms on) / by the processor (from its "
        "trace; what a task waits for other work of the machine does not count) / the longest time between "
        "two animation frames. Recording holds a button for 3 s; training is of what was recorded (the "
        "others': 60 examples); predicting lasts 4 s. The shortest of three runs.",
        *missing,
    ]
    tables = [Table("Longest task on the page's thread", ["", *PHASES], rows, notes)]
    figures: dict[str, Any] = {"ours": ours, **others}
    worst = max(ours[phase]["processor"] for phase in PHASES)
    goals = [Goal("longest task on the page's thread, processor time", worst, LIMIT_MS, "ms")]
    try:
        late, figures["late"] = _late(stage)
        tables.append(late)
    except Unavailable as error:
        tables[0].notes.append(f"Predictions while {HELD:,} examples train: not measured: {error}")
    return Result(tables, goals, figures)


def _best(rounds: list[Figures]) -> Figures:
    """The least of each figure: whatever else runs on the machine only ever adds to it."""
    return {
        phase: {kind: min(each[phase][kind] for each in rounds) for kind in rounds[0][phase]}
        for phase in PHASES
    }


def _cell(found: dict[str, float]) -> str:
    task = ms(found["task"]) if found["task"] else "under 50 ms"
    return f"{task} / {ms(found['processor'])} / {ms(found['gap'])}"


def _traced(stage: Stage, scenario: Callable[[], Figures]) -> Figures:
    """What the scenario finds, with the processor time of each phase's longest task, from a trace."""
    stage.browser.start_tracing(categories=TRACED)
    try:
        found = scenario()
    finally:
        events = json.loads(stage.browser.stop_tracing())["traceEvents"]
    ends = {event["name"]: event for event in events if event.get("cat") == "blink.user_timing"}
    for phase in PHASES:
        begin, end = ends[f"{phase}: begin"], ends[f"{phase}: end"]
        thread = (end["pid"], end["tid"])
        spent = [
            event.get("tdur", event["dur"]) / 1000
            for event in events
            if event["name"] == TASK
            and (event["pid"], event["tid"]) == thread
            and begin["ts"] <= event["ts"] + event.get("dur", 0)
            and event["ts"] <= end["ts"]
            and "dur" in event
        ]
        found[phase]["processor"] = max(spent, default=0.0)
    return found


def _begin(page: Page, phase: str) -> None:
    page.evaluate("(name) => { performance.mark(name); }", f"{phase}: begin")


def _end(page: Page, phase: str) -> None:
    page.evaluate("(name) => { performance.mark(name); }", f"{phase}: end")


def _page(stage: Stage) -> Figures:
    """The built page, used by its accessible names."""
    context = stage.context()
    context.grant_permissions(["camera"])
    try:
        page = context.new_page()
        page.add_init_script(METER)
        page.goto(f"{stage.host().url}/site/")
        start = page.get_by_role("button", name="Start camera")
        hold = page.get_by_role("button", name=re.compile("^Hold to record"))
        hold.first.wait_for(timeout=PATIENCE_MS)
        if start.count() and start.is_visible():
            start.click()
        page.wait_for_function("() => document.querySelector('video')?.videoWidth > 0", timeout=PATIENCE_MS)
        page.wait_for_timeout(2000)  # the model loads meanwhile; a page that is ready is what is measured
        page.wait_for_load_state("networkidle")
        page.evaluate(READ)
        _begin(page, "recording")
        for button in (hold.nth(0), hold.nth(1)):
            _hold(page, button)
        _end(page, "recording")
        found: Figures = {"recording": page.evaluate(READ)}
        _begin(page, "training")
        train = page.get_by_role("button", name="Train", exact=True)
        if train.count() and train.is_enabled():
            train.click()
        page.wait_for_function(
            "() => [...document.querySelectorAll('[role=progressbar][aria-valuenow]')]"
            ".some((bar) => Number(bar.getAttribute('aria-valuenow')) > 0)",
            timeout=PATIENCE_MS,
        )
        _end(page, "training")
        found["training"] = page.evaluate(READ)
        _begin(page, "predicting")
        page.wait_for_timeout(WATCH_MS)
        _end(page, "predicting")
        found["predicting"] = page.evaluate(READ)
        return found
    finally:
        context.close()


def _hold(page: Page, button: Any) -> None:
    button.scroll_into_view_if_needed()
    button.hover()
    page.mouse.down()
    page.wait_for_timeout(HOLD_MS)
    page.mouse.up()
    page.wait_for_timeout(500)


def _peer(stage: Stage, peer: str) -> Figures:
    page = stage.tab(peer)
    stage.call(page, "longest")
    found: Figures = {}
    work: dict[str, tuple[Any, ...]] = {
        "recording": ("record", 60),
        "training": ("train", 60, 3),
        "predicting": ("watch", 60),
    }
    for phase, call in work.items():
        _begin(page, phase)
        stage.call(page, *call)
        _end(page, phase)
        found[phase] = stage.call(page, "longest")
    return found


def _late(stage: Stage) -> tuple[Table, dict[str, float]]:
    """Predictions by the site's worker, idle and while it trains on everything that it holds."""
    stage.say(f"predictions while {HELD:,} examples train")
    page = stage.tab("ours")
    stage.call(page, "hold", HELD)
    got = page.evaluate(
        """async () => {
          const peer = await opened;
          const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
          canvas.getContext('2d').fillRect(9, 9, 99, 99);
          return peer.trainHeld(canvas);
        }"""
    )
    stage.call(page, "hold", 0)
    figures = {
        "training ms": float(got["ms"]),
        "idle, median": middle(got["idle"]),
        "idle, longest": max(got["idle"]),
        "training, median": middle(got["meanwhile"]),
        "training, longest": max(got["meanwhile"]),
    }
    rows = [
        ["nothing else runs", ms(figures["idle, median"]), ms(figures["idle, longest"])],
        [f"{HELD:,} examples train", ms(figures["training, median"]), ms(figures["training, longest"])],
    ]
    note = f"Training took {figures['training ms'] / 1000:.1f} s meanwhile."
    return Table("A prediction, asked for and answered", ["", "median", "longest"], rows, [note]), figures
