"""What a page asks of its worker: every call is seen, and answers can be held until a test lets them go."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.support.patience import PATIENCE_MS

_WATCH_JS = """
{
  // Every call in order: its name, how many of that name were open then, whether it still is, and what
  // `readFrame`, where a test has set it, says of the frame that went along.
  const calls = (window.calls = []);
  const holding = new Set();
  const held = [];
  window.readFrame = null;
  window.holdAnswers = (name) => holding.add(name);
  // Lets the answers go that wait by now; with `all`, those that come from now on too.
  window.letAnswersGo = (name, all) => {
    if (all) holding.delete(name);
    const now = held.filter((one) => one.name === name);
    held.splice(0, held.length, ...held.filter((one) => one.name !== name));
    for (const {go} of now) go();
  };
  // A browser may have none.
  window.Worker &&= class extends Worker {
    constructor(...given) {
      super(...given);
      // Before whoever waits for the answer hears of it and calls again.
      this.addEventListener('message', (event) => {
        const call = calls.find(({id}) => id === event.data?.id);
        if (!call?.open) return;
        if (holding.has(call.name) && !call.isFree) {
          event.stopImmediatePropagation();
          const go = () => {
            call.isFree = true;
            this.dispatchEvent(new MessageEvent('message', {data: event.data, ports: event.ports}));
          };
          held.push({name: call.name, go});
          return;
        }
        call.open = false;
      });
    }
    postMessage(message, transfer) {
      if (message?.path) {
        const name = message.path.join('.');
        const beside = calls.filter((call) => call.name === name && call.open).length;
        const isFrame = (one) => one instanceof VideoFrame || one instanceof ImageBitmap;
        const frame = [transfer].flat().find(isFrame);
        calls.push({id: message.id, name, beside, open: true, read: frame && window.readFrame?.(frame)});
      }
      super.postMessage(message, transfer);
    }
  };
}
"""


def watch(page: Page) -> None:
    """Watch what the page calls, from its next opening."""
    page.add_init_script(_WATCH_JS)


def of(page: Page, name: str) -> list[dict[str, Any]]:
    """The calls of a name until now, in order: `name`, `beside`, `open`."""
    found: list[dict[str, Any]] = page.evaluate(
        "(name) => window.calls.filter((call) => call.name === name)", name
    )
    return found


def until(page: Page, name: str, count: int, *, answered: bool = False) -> None:
    """Wait until so many calls of a name were made, or answered, since the page was opened."""
    page.wait_for_function(
        """([name, count, answered]) =>
          window.calls.filter((call) => call.name === name && !(answered && call.open)).length >= count""",
        arg=[name, count, answered],
        timeout=PATIENCE_MS,
    )


def further(page: Page, name: str, count: int = 3) -> None:
    """Wait until so many more calls of a name were made and answered: what was to come before has come."""
    made = len(of(page, name))
    until(page, name, made + count, answered=True)


def hold(page: Page, name: str) -> None:
    """Keep the answers to calls of a name from the page: to it, what it asked for goes on."""
    page.evaluate("(name) => window.holdAnswers(name)", name)


def let_go(page: Page, name: str, *, all_: bool = False) -> None:
    """Give the page the answers that wait; with `all_`, hold none back any more."""
    page.evaluate("([name, all]) => window.letAnswersGo(name, all)", [name, all_])
