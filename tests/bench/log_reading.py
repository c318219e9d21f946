"""Reading an Inspect log of 2,000 conversations of 13 messages: our reader against inspect_ai.log.read_eval_log."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import process

SAMPLES = 2000

_MAKE = f"""
import random, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput, ModelUsage, get_model
draw = random.Random(0)
words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(4000)]
def text(count):
    return " ".join(draw.choices(words, k=count))
def outputs():
    while True:
        made = ModelOutput.from_content("mockllm/model", f"<think>{{text(1500)}}</think>Done.")
        made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        yield made
def asked():
    turns = [(ChatMessageUser, ChatMessageAssistant)[at % 2](content=text(150)) for at in range(11)]
    return [*turns, ChatMessageUser(content="Go on.")]
task = Task(dataset=[Sample(id=i, input=asked()) for i in range({SAMPLES})], name="bench")
eval(task, model=get_model("mockllm/model", custom_outputs=outputs()), log_dir=sys.argv[1], display="none")
"""
_OURS = f"""
import sys
from feint.corpus.reading import read
#run
assert sum(1 for _ in read(sys.argv[1:])) == {SAMPLES}
"""
_THEIRS = f"""
import sys
from inspect_ai.log import read_eval_log
#run
assert len(read_eval_log(sys.argv[1]).samples) == {SAMPLES}
"""


def rows() -> Iterator[tuple[str, ...]]:
    """One row a reader, timed without its imports."""
    with tempfile.TemporaryDirectory() as folder:
        process("-c", _MAKE, folder)
        log = str(next(Path(folder).glob("*.eval")))
        _, theirs, their_peak = process("-c", _THEIRS, log, times=2)
        _, ours, peak = process("-c", _OURS, log, times=3)
    yield "reading a log", "inspect_ai.log.read_eval_log", f"{theirs:.1f} s", "1.0 ×", f"{their_peak:.0f} MB"
    yield "reading a log", "feint", f"{ours:.2f} s", f"{theirs / ours:.1f} ×", f"{peak:.0f} MB"
