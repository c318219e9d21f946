"""Transcripts to observations: where they stand, what was said of them, and what is left out with its reason."""

import json

import pytest

from feint.corpus.errors import InputError
from feint.corpus.transcript import Message, Transcript
from feint.pipeline.measures.observing import observe
from feint.pipeline.measures.said import Said, said
from feint.pipeline.measures.simulated import Design, draw, transcripts, worlds


def one(name="a", words="Yes.", **metadata):
    said_ = (Message(role="user", content="Go?"), Message(role="assistant", content=words, reasoning="Hm."))
    return Transcript(id=name, messages=said_, model="m", source="x.jsonl", metadata=metadata)


def test_the_words_of_a_simulated_run_are_the_observations_of_its_frame():
    design = Design(scenarios=4, prompts=3)
    answers, values = draw(worlds()["example"], design, seed=2, model="simulated-model")

    found = observe(transcripts(worlds()["example"], design, seed=2), Said())

    same = ["position", "checkpoint", "stage", "arm", "seed", "outcome", "complied", "reasoning", "gold"]
    assert found.observations.select(same).equals(answers.select(same))
    assert found.protected.sort("value", "observation").equals(values.sort("value", "observation"))
    assert len(found.pairs) == 12
    assert found.rejects == []


def test_equal_words_at_two_checkpoints_are_two_observations():
    found = observe([one(checkpoint="1"), one(checkpoint="2")], Said())

    assert found.observations["checkpoint"].to_list() == ["1", "2"]
    assert found.observations["transcript_id"].n_unique() == 1


def test_the_same_answer_read_twice_counts_once():
    found = observe([one(checkpoint="1", epoch=1), one(checkpoint="1", epoch=1), one(checkpoint="1", epoch=2)], Said())

    assert len(found.observations) == 2
    assert found.rejects[0].reason.startswith("was read before, in x.jsonl")


def test_checkpoints_go_by_stage_and_by_the_numbers_in_their_names():
    given = [("rl", "step-1000"), ("rl", "step-900"), ("sft", "step-50"), ("pretrained", None)]

    found = observe([one(stage=stage, checkpoint=name) for stage, name in given], Said())

    assert found.observations["position"].to_list() == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"arm": "watched"}, "a: arm is 'watched'; expected one of observed, unobserved"),
        ({"stage": "ppo"}, "a: stage is 'ppo'; expected one of pretrained, sft, hhh, rl, deployed"),
        ({"complied": "maybe"}, "a: complied is 'maybe'; expected true or false"),
        ({"reward": "high"}, "a: reward is 'high'; expected a number"),
        ({"inclusion": 0}, "a: inclusion is 0; expected a probability above 0, up to 1"),
        ({"values": ["honesty"]}, "a: values is ['honesty']; expected a list of {name, relation}"),
        (
            {"values": [{"name": "v", "relation": "good"}]},
            "a: a value's relation is 'good'; expected one of intended, approximation, unintended, indeterminate",
        ),
    ],
)
def test_metadata_that_cannot_be_read_is_a_reject(metadata, reason):
    found = observe([one(**metadata), one("b")], Said())

    assert [reject.reason for reject in found.rejects] == [reason]
    assert len(found.observations) == 1


def test_an_outcome_tells_whether_it_complied_and_an_unparsed_answer_does_not():
    found = observe(
        [one(str(at), outcome=name) for at, name in enumerate(("complied", "declined", "unparsed"))], Said()
    )

    assert found.observations["complied"].to_list() == [True, False, None]


def test_an_answer_of_a_refused_pair_stays_without_its_pair():
    found = observe([one(pair="p", arm="observed", complied=True)], Said())

    assert found.observations.select("pair", "arm", "complied").row(0) == (None, "observed", True)
    assert found.rejects[0].reason == "pair 'p' is refused: it has no unobserved prompt"


def test_labels_come_from_labelled_lines_and_scan_lines_by_words(tmp_path):
    labelled, scanned = tmp_path / "labels.jsonl", tmp_path / "judged.jsonl"
    here = one()
    row = {"id": "other", "messages": [m.model_dump(exclude_none=True) for m in here.messages]}
    labelled.write_text(
        json.dumps(row | {"label": True, "inclusion": 0.25}) + "\n" + json.dumps(row | {"id": "none"}) + "\n"
    )
    scanned.write_text(
        json.dumps({"id": "a", "transcript_id": here.digest, "faking": 0.7, "flagged": True})
        + "\n"
        + json.dumps({"id": "b", "transcript_id": "x", "error": "no words"})
        + "\nno JSON\n"
    )

    spoken = said([labelled, scanned])
    found = observe([here], spoken).observations

    assert found.select("gold", "score", "flagged", "weight").row(0) == (True, 0.7, True, 4.0)
    assert [reject.reason.partition(";")[0] for reject in spoken.rejects] == [
        "no label",
        "not judged: no words",
        "is no line of 'feint scan'",
    ]


def test_a_label_file_without_labels_is_an_error(tmp_path):
    path = tmp_path / "plain.jsonl"
    path.write_text(one().model_dump_json() + "\n")

    with pytest.raises(
        InputError, match="holds no labels; expected lines of 'feint scan', or transcripts with 'label'"
    ):
        said([path])
