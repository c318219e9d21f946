"""The scanner `feint/faking`: whether the reasoning of a transcript is alignment faking, for `scout scan`."""

from inspect_ai.scorer import mean, stderr
from inspect_scout import Result, Scanner, Transcript, scanner

from feint.pipeline.inspect import told
from feint.pipeline.inspect.conversation import transcript
from feint.pipeline.inspect.judge import judge


@scanner(messages="all", metrics=[mean(), stderr()])
def faking(detector: str | None = None, revision: str | None = None, point: str | None = None) -> Scanner[Transcript]:
    """Whether the reasoning is flagged as alignment faking; the answer is the probability, the explanation quotes and cites.

    Parameters
    ----------
    detector
        A folder written by `feint train`, or a Hugging Face id; the bundled detector without it.
    revision
        Branch, tag or commit of a detector on the hub.
    point
        Operating point from which a transcript counts as flagged: specific or sensitive; the detector's first without it.

    """

    async def scan(held: Transcript) -> Result:
        conversation = transcript(
            held.messages,
            name=held.transcript_id,
            epoch=held.task_repeat,
            model=held.model,
            metadata=held.metadata,
            source=held.source_uri or "",
        )
        prediction = await judge(conversation, detector, revision, point)
        return Result(**told.result(prediction, held.messages))

    return scan
