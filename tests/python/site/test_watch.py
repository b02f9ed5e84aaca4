import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from onthefly_studio.errors import ConfigError
from onthefly_studio.site.watch import snapshot, watch


class Looks(threading.Event):
    """In place of the time between looks: what happens there, look by look, and then the end."""

    def __init__(self, *between: Callable[[], object]) -> None:
        super().__init__()
        self._between = iter(between)
        self.intervals: set[float | None] = set()

    def wait(self, timeout: float | None = None) -> bool:
        self.intervals.add(timeout)
        for happens in self._between:
            happens()
            return False
        return True


def nothing() -> None:
    pass


class Watching:
    """A watch from beginning to end: how many builds there were before each look, and what was said."""

    def __init__(
        self,
        paths: Sequence[Path],
        *between: Callable[[], object],
        rebuild: Callable[[], object] = nothing,
    ) -> None:
        self.builds = 0
        self.before: list[int] = []
        self.said: list[str] = []
        self._rebuild = rebuild
        self.looks = Looks(*(self._counted(happens) for happens in between))
        watch(paths, self._build, self.looks, interval=7, say=self.said.append)

    def _counted(self, happens: Callable[[], object]) -> Callable[[], None]:
        def counted() -> None:
            self.before.append(self.builds)
            happens()

        return counted

    def _build(self) -> None:
        self.builds += 1
        self._rebuild()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "ui").mkdir(parents=True)
    (folder / "ui" / "a.js").write_text("1")
    return folder


def test_builds_once_for_a_change_a_new_file_and_a_removed_one(source: Path) -> None:
    def save_two() -> None:
        (source / "ui" / "a.js").write_text("22")
        (source / "b.js").write_text("1")

    more = [nothing] * 3  # looks at which there must be no further build
    watching = Watching([source], *more, save_two, *more, (source / "b.js").unlink, *more)
    # The look after a change finds the files moving, the one after that finds them still.
    assert watching.before == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert watching.builds == 2
    assert watching.looks.intervals == {7}
    assert watching.said[0].startswith("Changed: ") and watching.said[0].endswith(" and 1 more")
    assert str(source / "b.js") in watching.said[1]


def test_files_that_are_still_being_saved_are_waited_for(source: Path) -> None:
    saves = [lambda text=text: (source / "ui" / "a.js").write_text(text) for text in ("22", "333", "4444")]
    watching = Watching([source], *saves, nothing, nothing, nothing)
    assert watching.before == [0, 0, 0, 0, 1, 1]


def test_a_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    config = tmp_path / "site.toml"
    watching = Watching([config], nothing, lambda: config.write_text("title = 'x'"), *[nothing] * 3)
    assert watching.builds == 1


def test_a_change_during_a_build_is_built_next(source: Path) -> None:
    changes = iter([lambda: (source / "ui" / "a.js").write_text("333"), nothing])
    watching = Watching(
        [source],
        lambda: (source / "ui" / "a.js").write_text("22"),
        *[nothing] * 6,
        rebuild=lambda: next(changes)(),
    )
    assert watching.builds == 2


def test_a_build_that_fails_is_told_and_the_watching_goes_on(source: Path) -> None:
    def fail() -> None:
        raise ConfigError("No such thing.", where="site.toml", mend="Correct it.")

    watching = Watching(
        [source],
        lambda: (source / "ui" / "a.js").write_text("22"),
        *[nothing] * 3,
        lambda: (source / "ui" / "a.js").write_text("333"),
        *[nothing] * 3,
        rebuild=fail,
    )
    assert watching.builds == 2
    assert "No such thing." in watching.said[1] and "Correct it." in watching.said[1]


def test_leaves_out_what_tools_and_editors_write(source: Path) -> None:
    before = snapshot([source])
    for name in ("node_modules/x.js", "__pycache__/x.pyc", ".git/x", ".a.js.swp", "a.js~"):
        path = source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert snapshot([source]) == before
