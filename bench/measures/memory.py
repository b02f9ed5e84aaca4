"""What examples take of memory, and whether adding one more takes longer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.figures import Goal, Result, Table, middle, ms
from bench.models import Unavailable
from bench.stage import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Page

COUNTS = (0, 1_000, 10_000)
HEAP_LIMIT_KB = 8
SLOWER_LIMIT = 1.2
FEW, MANY, ADDED, ROUNDS = 90, 9_990, 20, 3


def measure(stage: Stage) -> Result:
    """JavaScript's heap with its buffers, and TensorFlow.js' tensors, by number of examples."""
    figures: dict[str, Any] = {}
    rows = []
    notes = [
        "Heap and array buffers after a collection, of the page and its worker together. The rows for the "
        "article's way hold only features. Pictures are blobs, which the browser keeps outside the heap."
    ]
    for peer, name in (("ours", "On-the-Fly"), ("article:wasm", "the article's way, wasm")):
        try:
            found = _held(stage, peer)
        except Unavailable as error:
            notes.append(f"{name}: not run: {error}")
            continue
        figures[peer] = found
        for count in COUNTS:
            each = (found[count]["heap"] - found[0]["heap"]) / count if count else None
            rows.append(
                [
                    name,
                    f"{count:,}",
                    f"{found[count]['heap'] / 1e6:.1f} MB",
                    "" if each is None else f"{each / 1000:.2f} KB",
                    f"{found[count]['tensors']:,}",
                    f"{found[count]['tensor bytes'] / 1e6:.1f} MB",
                ]
            )
    columns = ["", "examples", "JavaScript", "per example", "tensors", "in TensorFlow.js"]
    held = figures["ours"]
    per_example = (held[COUNTS[-1]]["heap"] - held[0]["heap"]) / COUNTS[-1] / 1000
    few, many = _adding(stage)
    figures["adding"] = {"100th": few, "10,000th": many}
    goals = [
        Goal("JavaScript memory per example", per_example, HEAP_LIMIT_KB, "KB"),
        Goal("adding the 10,000th example, of the 100th", many / few, SLOWER_LIMIT),
    ]
    growth = Table("Adding an example", ["the 100th", "the 10,000th"], [[ms(few), ms(many)]])
    return Result([Table("Memory", columns, rows, notes), growth], goals, figures)


def _held(stage: Stage, peer: str) -> dict[int, dict[str, float]]:
    stage.close_tab(peer)  # what other measures left in it is not the examples'
    page = stage.tab(peer)
    found: dict[int, dict[str, float]] = {}
    for count in COUNTS:
        stage.call(page, "hold", count)
        tensors = stage.call(page, "memory")
        found[count] = {"heap": heap(page), "tensors": tensors["tensors"], "tensor bytes": tensors["bytes"]}
    stage.call(page, "hold", 0)
    return found


def heap(page: Page) -> float:
    """Bytes of JavaScript in a page and its workers after a collection, array buffers included.

    Raises:
        Unavailable: this browser does not tell.
    """
    session = page.context.new_cdp_session(page)
    try:
        total = _usage(session.send)
        answers: dict[int, Any] = {}
        attached: list[str] = []

        def received(event: dict[str, Any]) -> None:
            message = json.loads(event["message"])
            answers[message.get("id", 0)] = message.get("result")

        session.on("Target.attachedToTarget", lambda event: attached.append(event["sessionId"]))
        session.on("Target.receivedMessageFromTarget", received)
        session.send(
            "Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": False}
        )
        page.wait_for_timeout(200)
        for worker in list(attached):
            total += _usage(_sender(page, session, worker, answers))
        if page.workers and not attached:
            raise Unavailable("the browser does not let its workers be looked into")
        return total
    finally:
        session.detach()


def _sender(page: Page, session: Any, worker: str, answers: dict[int, Any]) -> Any:
    """Like `CDPSession.send`, to a worker."""
    last = 0

    def send(method: str) -> Any:
        nonlocal last
        last += 1
        answers.pop(last, None)
        message = json.dumps({"id": last, "method": method})
        session.send("Target.sendMessageToTarget", {"sessionId": worker, "message": message})
        for _ in range(200):
            if last in answers:
                return answers.pop(last)
            page.wait_for_timeout(50)
        raise Unavailable(f"the worker did not answer {method}")

    return send


def _usage(send: Any) -> float:
    send("HeapProfiler.enable")
    send("HeapProfiler.collectGarbage")
    used = send("Runtime.getHeapUsage")
    return float(used["usedSize"] + used.get("backingStorageSize", 0))


def _adding(stage: Stage) -> tuple[float, float]:
    """Median milliseconds of adding examples around the 100th and around the 10,000th."""
    page = stage.tab("ours")
    found: dict[int, list[float]] = {FEW: [], MANY: []}
    for _ in range(ROUNDS):
        for held, times in found.items():
            stage.call(page, "hold", held)
            stage.call(page, "addTimes", 3)
            times.extend(stage.call(page, "addTimes", ADDED))
    stage.call(page, "hold", 0)
    return middle(found[FEW]), middle(found[MANY])
