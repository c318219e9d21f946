"""What a push would change, worked out without a server."""

from feint.annotation.sync import FORM, Held, Wanted, meta, name_of, plan


def task(
    number: int, words: str | None, name: str | None = None, work: int = 0, form: int = FORM, versions: str = ""
) -> Held:
    return Held(number, words, "2026-11-28T12:00:00Z", name or words, form, work, frozenset(versions.split()))


def wish(words: str, name: str | None = None) -> Wanted:
    return Wanted(words, words, name or words)


def test_what_is_there_is_not_sent_and_what_is_not_asked_for_stays() -> None:
    found = plan([task(1, "a"), task(2, "x")], [wish("a"), wish("b")])
    assert (found.new, found.unchanged, found.others, found.doubled) == ({"b"}, 1, 1, ())
    assert found.size == 1
    assert not plan([task(1, "a")], [wish("a")])


def test_other_words_under_a_name_take_the_place_of_the_earlier_ones_unless_people_worked_on_those() -> None:
    assert plan([task(1, "old", "letter")], [wish("new", "letter")]).changed == {"new": 1}
    worked = task(1, "old", "letter", work=1)
    found = plan([worked], [wish("new", "letter")])
    assert (found.new, found.changed, dict(found.conflicts)) == (frozenset(), {}, {"new": worked})
    assert plan([worked], [wish("new", "letter")], anew=True).new == {"new"}


def test_a_name_that_two_transcripts_or_two_tasks_have_says_nothing() -> None:
    assert plan([task(1, "old", "epoch")], [wish("one", "epoch"), wish("two", "epoch")]).new == {"one", "two"}
    assert plan([task(1, "old", "epoch"), task(2, "older", "epoch")], [wish("one", "epoch")]).new == {"one"}


def test_a_name_moves_on_without_its_words_where_those_are_still_wanted() -> None:
    """A line put in at the top of a file without ids shifts the names of all below it."""
    before = [task(1, "a", "line-1"), task(2, "b", "line-2")]
    found = plan(before, [wish("top", "line-1"), wish("a", "line-2"), wish("b", "line-3")])
    assert (found.new, found.changed, found.unchanged) == ({"top"}, {}, 2)


def test_of_tasks_with_the_same_words_the_one_worked_on_stays_and_else_the_first() -> None:
    assert plan([task(2, "a"), task(1, "a"), task(3, "a")], [wish("a")]).doubled == (2, 3)
    assert plan([task(1, "a"), task(2, "a", work=1)], [wish("a")]).doubled == (1,)
    assert plan([task(1, "a", work=1), task(2, "a", work=2)], [wish("a")]).doubled == ()


def test_a_task_of_an_earlier_layout_is_laid_out_anew_unless_people_worked_on_it() -> None:
    old = FORM - 1
    assert plan([task(1, "a", form=old)], [wish("a")]).changed == {"a": 1}
    assert not plan([task(1, "a", form=old, work=1)], [wish("a")])


def test_predictions_are_missing_by_model_version() -> None:
    held = [task(1, "a", versions="m1"), task(2, "b", versions="m1 m2"), task(3, None)]
    assert plan(held, [wish("a"), wish("b")], "m2").unpredicted == {"a": 1}
    assert plan(held, [wish("a"), wish("b")]).unpredicted == {}
    assert plan(held, [wish("a"), wish("b")], "m2").others == 1


def test_a_task_says_neither_file_nor_id() -> None:
    carried = str(meta(Wanted("words", "letter-01", name_of("letter-01", "evil-model.jsonl"))))
    assert "letter" not in carried
    assert "evil" not in carried
    assert name_of("a", "b") != name_of("b", "a")
