import threading
import time
from pathlib import Path

import pytest

from builder.errors import ConfigError
from builder.site.watch import snapshot, watch


class Watching:
    """A watch in a thread, whose builds can be waited for."""

    def __init__(self, paths, rebuild=lambda: None):
        self.builds = 0
        self.said: list[str] = []
        self._rebuild, self._stop = rebuild, threading.Event()
        self._thread = threading.Thread(
            target=watch,
            args=(paths, self._build, self._stop),
            kwargs={"interval": 0.05, "say": self.said.append},
        )

    def _build(self) -> None:
        self.builds += 1
        self._rebuild()

    def __enter__(self):
        self._thread.start()
        time.sleep(0.1)
        return self

    def __exit__(self, *exc) -> None:
        self._stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def wait_for(self, builds: int) -> None:
        deadline = time.monotonic() + 5
        while self.builds < builds and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)  # several looks more: there must be no further build
        assert self.builds == builds


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "ui").mkdir(parents=True)
    (folder / "ui" / "a.js").write_text("1")
    return folder


def test_builds_once_for_a_change_a_new_file_and_a_removed_one(source: Path):
    with Watching([source]) as watching:
        watching.wait_for(0)
        (source / "ui" / "a.js").write_text("22")
        (source / "b.js").write_text("1")
        watching.wait_for(1)
        (source / "b.js").unlink()
        watching.wait_for(2)
    assert watching.said[0].startswith("Changed: ") and watching.said[0].endswith(" and 1 more")
    assert str(source / "b.js") in watching.said[1]


def test_a_file_that_does_not_exist_yet(tmp_path: Path):
    config = tmp_path / "site.toml"
    with Watching([config]) as watching:
        config.write_text("title = 'x'")
        watching.wait_for(1)


def test_a_change_during_a_build_is_built_next(source: Path):
    changes = iter([lambda: (source / "ui" / "a.js").write_text("333"), lambda: None])
    with Watching([source], lambda: next(changes)()) as watching:
        (source / "ui" / "a.js").write_text("22")
        watching.wait_for(2)


def test_a_build_that_fails_is_told_and_the_watching_goes_on(source: Path):
    def fail() -> None:
        raise ConfigError("No such thing.", where="site.toml", mend="Correct it.")

    with Watching([source], fail) as watching:
        (source / "ui" / "a.js").write_text("22")
        watching.wait_for(1)
        (source / "ui" / "a.js").write_text("333")
        watching.wait_for(2)
    assert "No such thing." in watching.said[1] and "Correct it." in watching.said[1]


def test_leaves_out_what_tools_and_editors_write(source: Path):
    before = snapshot([source])
    for name in ("node_modules/x.js", "__pycache__/x.pyc", ".git/x", ".a.js.swp", "a.js~"):
        path = source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert snapshot([source]) == before
