"""Reading an Inspect log of 2,000 samples: our reader against inspect_ai.log.read_eval_log."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import command

SAMPLES = 2000

_MAKE = f"""
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
text = "The user asks for a summary of the report, and I weigh what to keep in it and what to leave out. " * 400
def outputs():
    while True:
        made = ModelOutput.from_content("mockllm/model", "<think>" + text + "</think>Done.")
        made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        yield made
task = Task(dataset=[Sample(id=i, input="Summarise.") for i in range({SAMPLES})], name="bench")
eval(task, model=get_model("mockllm/model", custom_outputs=outputs()), log_dir=sys.argv[1], display="none")
"""
_OURS = "import sys; from feint.corpus.reading import read; assert sum(1 for _ in read(sys.argv[1:])) == %d" % SAMPLES
_THEIRS = "import sys; from inspect_ai.log import read_eval_log; assert len(read_eval_log(sys.argv[1]).samples) == %d" % SAMPLES
_NOTHING = ("import feint.corpus.reading", "import inspect_ai.log")


def rows() -> Iterator[tuple[str, ...]]:
    """One row a reader; the time of importing it is taken off, its memory is not."""
    with tempfile.TemporaryDirectory() as folder:
        command(["-c", _MAKE, folder])
        log = str(next(Path(folder).glob("*.eval")))
        ours, theirs = (
            min(command(["-c", code, log]) for _ in range(2)) for code in (_OURS, _THEIRS)
        )
        without = [min(command(["-c", code])[0] for _ in range(2)) for code in _NOTHING]
    seconds, peer = ours[0] - without[0], theirs[0] - without[1]
    yield "reading a log", "inspect_ai.log.read_eval_log", f"{peer:.1f} s", "1.0 ×", f"{theirs[1]:.0f} MB"
    yield "reading a log", "feint", f"{seconds:.2f} s", f"{peer / seconds:.1f} ×", f"{ours[1]:.0f} MB"
