"""The model card: what a detector is, what it was fitted on and what it must not be used for."""

import json

from feint.models.folder import Contents

PLACE = "PATH_OR_ORG/NAME"
"""What stands in a card until it is known where the detector lies."""


def model_card(contents: Contents, measured: str = "") -> str:
    """Markdown with the hub's YAML header, generated from the detector; `measured` are sections on how good it is."""
    config = contents.config
    rows = "\n".join(f"- `{name}`" for name in config.indicators)
    points = ", ".join(
        f"{name} flags from a probability of {at:.4f} up" for name, at in config.operating_points.items()
    )
    return f"""---
library_name: feint
pipeline_tag: text-classification
language: en
license: apache-2.0
tags: [alignment-faking, ai-safety, monitoring]
---

# A detector of alignment-faking reasoning

Reads a transcript's reasoning and output and says how probable it is that the model complies *so that it is not
changed*. It points to the sentences it goes by. Written by feint {config.feint}.

```python
from feint.models import Detector

detector = Detector.load("{PLACE}")
```

- **Encoder:** {config.encoder.name}{_revision(contents)}, {config.encoder.dimensions} dimensions, sentences pooled in their context
- **Operating points:** {points}
- **Fitted on:** `{json.dumps(config.trained_on, ensure_ascii=False)}`

## Heads

{rows}

{measured}## Use

A monitor, and a help for people who read transcripts. Not evidence on its own: read the quoted sentences. Do not train
a model against it: a model that learns to avoid a monitor's words has not learnt to avoid what they stand for.
"""


def _revision(contents: Contents) -> str:
    revision = contents.config.encoder.revision
    return f" at `{revision}`" if revision else ""
