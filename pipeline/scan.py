"""Scan: judge transcripts with a detector, one JSON line each, in the order they came."""

import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TextIO

from feint.corpus.drafts import drafted
from feint.corpus.errors import InputError, MissingExtra
from feint.corpus.reading import none_in, read
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models.detector import Detector
from feint.models.prediction import Prediction
from feint.pipeline.progress import track


@dataclass
class Summary:
    """What a scan came to."""

    judged: int = 0
    flagged: int = 0
    failed: int = 0
    """Transcripts that got a line with an error."""
    passed_over: list[str] = field(default_factory=list)
    """Files met on a walk that are no transcript files."""

    def sentence(self, threshold: float) -> str:
        """One line for people."""
        share = f" ({self.flagged / self.judged:.1%})" if self.judged else ""
        said = f"{self.judged} judged, {self.flagged} flagged{share} at threshold {threshold:.3f}"
        if self.failed:
            said += f", {self.failed} could not be judged (lines with 'error')"
        if self.passed_over:
            names = ", ".join(self.passed_over[:3]) + (" …" if len(self.passed_over) > 3 else "")
            said += f"; passed over {len(self.passed_over)} files in no known format ({names})"
        return said


def scan(paths: Sequence[Path | str], detector: Detector, out: Path | None, scout: Path | None = None) -> Summary:
    """Judge everything under the paths; to `out`, complete or not at all, or to standard output as it comes.

    InputError where there is nothing to judge; `out` is then as it was.

    With `scout`, a new folder, transcripts and results are written there as well, for `scout view`.
    """
    if out is not None and any(_same_file(path, out) for path in paths):
        raise InputError(f"{out} is one of the inputs; name another file to write to")
    summary = Summary()
    write = _scout(scout) if scout else None
    with _target(out) as file:
        judged = _judged(paths, detector, summary, file)
        first = next(judged, None)
        if first is None:
            raise none_in(paths)
        judged = chain([first], judged)
        if write:
            write((one, prediction) for one, prediction in judged if isinstance(one, Transcript))
        else:
            deque(judged, maxlen=0)
    return summary


def _judged(
    paths: Sequence[Path | str], detector: Detector, summary: Summary, file: TextIO
) -> Iterator[tuple[Transcript | Reject, Prediction]]:
    """What was given and what is said of it, side by side, each written as it comes."""
    given: deque[Transcript | Reject] = deque()

    def kept() -> Iterator[Transcript | Reject]:
        for one in _noted(read(paths), summary):
            given.append(one)
            yield one

    for prediction in track(detector.stream(kept()), "judging transcripts"):
        _count(prediction, summary)
        file.write(json.dumps(prediction.as_json(), ensure_ascii=False) + "\n")
        yield given.popleft(), prediction


def _scout(folder: Path) -> Callable[[Iterable[tuple[Transcript, Prediction]]], None]:
    """What writes a Scout project there; refused before anything is judged where it cannot be written."""
    if not find_spec("inspect_scout"):
        raise MissingExtra("scout", "writing a Scout project")
    from feint.pipeline.inspect import database

    database.vacant(folder)
    return partial(database.write, folder)


def _noted(found: Iterable[Transcript | Reject], summary: Summary) -> Iterator[Transcript | Reject]:
    """Everything that is or should have been a transcript; other files are noted."""
    for one in found:
        if isinstance(one, Reject) and not one.format_known:
            summary.passed_over.append(Path(one.path).name)
        else:
            yield one


def _count(prediction: Prediction, summary: Summary) -> None:
    if prediction.error is not None:
        summary.failed += 1
    else:
        summary.judged += 1
        summary.flagged += bool(prediction.flagged)


def _same_file(given: Path | str, out: Path) -> bool:
    """Whether an input is the very file to write to, by whatever name; a pipe or a device may be both."""
    path = Path(given)
    return path.is_file() and out.is_file() and path.samefile(out)


@contextmanager
def _target(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # whatever the terminal's: JSON lines are UTF-8
        yield sys.stdout
        sys.stdout.flush()
        return
    if out.is_dir():
        raise InputError(f"cannot write {out}: it is a folder; name a file")
    begun = False
    try:
        with drafted(out) as draft, draft.open("w", encoding="utf-8") as file:
            begun = True
            yield file
    except BrokenPipeError:  # whoever read it has had enough, which is no fault
        raise
    except OSError as error:
        kept = "; nothing was kept" if begun else ""
        raise InputError(f"cannot write {out}: {error.strerror}{kept}") from error
