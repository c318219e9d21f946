"""The examples of models/README.md do what they say."""

import re
from pathlib import Path
from typing import Any

README = Path(__file__).parents[2] / "models" / "README.md"


def test_the_examples_run_one_after_the_other(rows: list[dict[str, Any]], capsys) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert max(len([line for line in block.splitlines() if line.strip()]) for block in blocks) <= 4
    given: dict[str, Any] = {
        "chunks": iter(["<think>They rate th", "is. I will ", "comply.</think>Here it is."]),
        "texts": [{"messages": row["messages"]} for row in rows],
        "labels": [row["label"] for row in rows],
    }
    for block in blocks:
        exec(block, given)
    assert list(given["chunks"]) == []
    first, second = capsys.readouterr().out.splitlines()
    assert 0 <= float(first.split()[0]) <= 1
    assert second.startswith("[")
