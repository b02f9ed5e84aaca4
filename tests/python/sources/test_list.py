"""The list of sources, which messages and `validate` follow."""

from __future__ import annotations

from onthefly_studio.sources import ACCEPTED, KINDS, names_of


def test_every_name_is_put_to_its_own_kind() -> None:
    for kind in KINDS:
        for name in kind.NAMES:
            assert next(each for each in KINDS if each.takes(name)) is kind
            assert name in names_of(kind.KIND)
    assert len({kind.KIND for kind in KINDS}) == len(KINDS)


def test_what_is_accepted_is_said_in_full() -> None:
    for kind in KINDS:
        assert kind.NAMES or kind.ACCEPTS
        for words in (*kind.NAMES, *kind.ACCEPTS):
            assert words in ACCEPTED


def test_a_site_says_by_which_names_its_weights_are_found() -> None:
    assert names_of("hub") == ("hub",)
    assert names_of("embedded") == ("embedded",)
    assert names_of("keras")[:2] == ("keras", "keras:small")
    assert [names_of(kind) for kind in ("url", "archive", "folder", "tfjs", "unheard of")] == [()] * 5
