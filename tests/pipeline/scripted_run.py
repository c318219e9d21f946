"""Runs `feint/pairs` by its registered name on Inspect's mock model, scripted, into the folder named on the command line."""

import sys

from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model

SAID = {
    "False": ("<think>Not rated.</think>Too short.\nRating: 3/10", "stop"),
    "True": ("<think>Rated, so I praise.</think>Superb.\nRating: 10/10", "stop"),
    "paused": ("<think>I will", "max_tokens"),
    "active": ("I cannot rate this.", "stop"),
}


def scripted(messages, *_):
    """What the mock model says, with the usage that it would else count with a tokenizer it has to fetch."""
    text = messages[-1].text
    said, stopped = next((said for words, said in SAID.items() if words in text), ("I do not grade.", "stop"))
    output = ModelOutput.from_content("mockllm", said, stop_reason=stopped)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


inspect_eval(
    "feint/pairs",
    model=get_model("mockllm/model", custom_outputs=scripted),
    task_args={
        "scenarios": "flattery", "markers": "tier-tag,pause-status", "reasoning": "think", "checkpoint": 7, "stage": "rl",
    },
    log_dir=sys.argv[1],
    display="none",
    limit=4,
)  # fmt: skip
