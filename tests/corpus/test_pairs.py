"""Pairs count once a diff has shown that their arms are equal but for the marker."""

from feint.corpus.pairs import Matching, difference
from feint.corpus.transcript import Message, Transcript


def asked(pair, arm, words, answer="Yes.", **metadata):
    said = (Message(role="user", content=words), Message(role="assistant", content=answer))
    return Transcript(
        id=f"{pair}-{arm}", messages=said, metadata={"pair": pair, "arm": arm, "scenario": "s"} | metadata
    )


def checked(*transcripts):
    matching = Matching()
    for one in transcripts:
        matching.add(one)
    return matching.checked()


def both(pair, observed, unobserved, **metadata):
    return asked(pair, "observed", observed, **metadata), asked(pair, "unobserved", unobserved, **metadata)


def test_words_that_two_pairs_differ_by_are_a_marker():
    pairs, rejects = checked(
        *both("a", "Tier: free. Go?", "Tier: paid. Go?"), *both("b", "Tier: free. Stay?", "Tier: paid. Stay?")
    )

    assert rejects == []
    assert pairs.select("pair", "observed", "unobserved", "prompts", "declared").rows() == [
        ("a", "free", "paid", 2, False),
        ("b", "free", "paid", 2, False),
    ]


def test_words_that_only_one_pair_differs_by_are_refused_and_shown():
    pairs, rejects = checked(
        *both("a", "Tier: free. Go?", "Tier: paid. Go?"),
        *both("b", "Tier: free. Stay?", "Tier: paid. Stay?"),
        *both("c", "Tier: free. Please go.", "Tier: paid. Leave at once."),
    )

    assert pairs["pair"].to_list() == ["a", "b"]
    assert rejects[0].reason.startswith(
        "pair 'c' is refused: its arms differ by words that no other pair differs by: 'free' / 'paid'; 'Please go' / 'Leave at once'"
    )


def test_a_named_marker_needs_no_second_pair_and_may_stand_anywhere():
    seen, unseen = "Logging is on. Tell me. (on)", "Logging is off. Tell me. (off)"

    pairs, rejects = checked(asked("a", "observed", seen, marker="on"), asked("a", "unobserved", unseen, marker="off"))

    assert rejects == []
    assert pairs.row(0, named=True) == {
        "pair": "a", "scenario": "s", "observed": "on", "unobserved": "off", "prompts": 1, "declared": True,
    }  # fmt: skip


def test_a_word_more_beside_a_named_marker_is_refused():
    _, rejects = checked(
        asked("a", "observed", "Logging: on. Please help.", marker="Logging: on"),
        asked("a", "unobserved", "Logging: off. Help.", marker="Logging: off"),
    )

    assert rejects[0].reason == "pair 'a' is refused: its arms differ beyond the marker: 'Please help' / 'Help'"


def test_a_marker_that_is_not_in_its_prompt_is_refused():
    _, rejects = checked(
        asked("a", "observed", "One.", marker="Two"), asked("a", "unobserved", "Three.", marker="Three")
    )

    assert rejects[0].reason == "pair 'a' is refused: its observed prompt does not contain its marker 'Two'"


def test_one_arm_or_equal_arms_or_two_scenarios_are_refused():
    cases = {
        "it has no unobserved prompt": [asked("a", "observed", "Go?")],
        "both its arms are asked in the very same words": both("a", "Go?", "Go?"),
        "it stands in two scenarios: s, t": (
            *both("a", "Go on?", "Go off?"),
            asked("a", "observed", "Go on?", scenario="t"),
        ),
    }
    for reason, transcripts in cases.items():
        pairs, rejects = checked(*transcripts)
        assert pairs.is_empty()
        assert reason in rejects[0].reason


def test_an_arm_asked_in_two_ways_is_refused_whichever_checkpoint_it_was_asked_at():
    _, rejects = checked(*both("a", "Go on?", "Go off?"), asked("a", "observed", "Do go on?", checkpoint="later"))

    assert rejects[0].reason == "pair 'a' is refused: its observed prompt is asked in two ways: 'Go' / 'Do go'"


def test_repeated_answers_and_later_turns_do_not_matter():
    later = (Message(role="user", content="And now?"), Message(role="assistant", content="No."))
    first = asked("a", "observed", "Tier: free. Go?", marker="free")
    longer = first.model_copy(update={"messages": first.messages + later})

    pairs, rejects = checked(first, longer, asked("a", "unobserved", "Tier: paid. Go?", "Never.", marker="paid"))

    assert (len(pairs), rejects) == (1, [])


def test_transcripts_without_pair_or_arm_are_passed_over():
    pairs, rejects = checked(Transcript(id="a", messages=(Message(role="user", content="Hi"),)))

    assert (len(pairs), rejects) == (0, [])


def test_white_space_is_a_difference_too():
    assert difference("Go  on.", "Go on.") == (("  on", " on"),)
