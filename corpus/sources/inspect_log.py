"""Inspect logs, `.eval` and `.json`, read straight from the file: no inspect_ai, one sample in memory at a time.

Samples of an `.eval` come in Inspect's own order, by epoch and then by id with numbers by value, whatever order they
finished in; those of a `.json` as they stand in the file. A log whose run crashed has no header, and one that was cut
off has no directory; both give the samples they hold.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from feint.corpus import rows, zip_members
from feint.corpus.document import Document
from feint.corpus.errors import InputError
from feint.corpus.json_text import beginning, parse
from feint.corpus.metadata import lifted
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.corpus.zip_members import Member

NAME = "inspect_log"

_ZIP = b"PK\x03\x04"
_SAMPLE = re.compile(r"samples/(?P<id>.+)_epoch_(?P<epoch>\d+)(?P<chunked>/sample)?\.json")
_INSIDE = re.compile(rb"(_journal/|samples/|header\.json|summaries\.json|reductions\.json)")
_HEADERS = ("header.json", "_journal/start.json")
"""Members that say what was run: the finished run's, and what a crashed run wrote when it began."""
_ATTACHED = "attachment://"


def recognises(path: Path, head: bytes) -> bool:
    """Whether this is a zip whose first member is one of a log, a JSON log, or called `.eval`."""
    if path.is_dir():
        return False
    if head.startswith(_ZIP):
        return path.suffix == ".eval" or bool(_INSIDE.match(head, 30))
    held = beginning(head)
    return path.suffix == ".eval" or (
        isinstance(held, dict) and "version" in held and isinstance(held.get("eval"), dict)
    )


def read(path: Path) -> Iterator[Transcript | Reject]:
    """Every sample as a transcript or a reject."""
    with path.open("rb") as file:
        packed = file.read(len(_ZIP)) == _ZIP
        file.seek(0)
        if path.suffix == ".eval" and not packed:
            raise InputError("found no zip, expected an Inspect log; was it written or copied to the end?")
        samples = _in_zip(file, str(path)) if packed else _in_json(file, str(path))
        first = next(samples, None)
        if first is None:
            raise InputError("a log without samples: the run ended before the first was finished")
        yield first
        yield from samples


def _in_zip(file: BinaryIO, path: str) -> Iterator[Transcript | Reject]:
    found, lost = _members(file)
    header = _header(file, {member.name: member for member in found})
    texts = _texts_among_ids(header)
    named = ((match, member) for member in found if (match := _SAMPLE.fullmatch(member.name)))
    samples = sorted(named, key=lambda sample: _order(sample[0], texts))
    for match, member in samples:
        yield _taken(file, match, member, header, path)
    if lost:
        yield Reject(path, "", f"the log is cut off: {len(samples)} samples were rescued, what came after them is lost")


def _members(file: BinaryIO) -> tuple[list[Member], bool]:
    """The members, and whether some may be lost."""
    try:
        found, lost = zip_members.members(file), False
    except ValueError:
        found, lost = zip_members.rescued(file), True
    try:
        zip_members.check_total(found, file.seek(0, 2))
    except ValueError as error:
        raise InputError(str(error)) from error
    return found, lost


def _header(file: BinaryIO, by_name: dict[str, Member]) -> dict[str, Any]:
    """What is known of the run; nothing where no header can be read, as the samples stand for themselves."""
    for member in (by_name[name] for name in _HEADERS if name in by_name):
        try:
            held = parse(zip_members.read(file, member))
        except ValueError:
            continue
        if isinstance(held, dict) and isinstance(held.get("eval"), dict):
            return dict(held["eval"])
    return {}


def _texts_among_ids(header: dict[str, Any]) -> set[str]:
    """The ids that are texts, as far as the header lists them; a sample's name alone does not tell '7' from 7."""
    listed = _object(header, "dataset").get("sample_ids")
    return {given for given in listed if isinstance(given, str)} if isinstance(listed, list) else set()


def _order(match: re.Match[str], texts: set[str]) -> tuple[int, str]:
    """Where Inspect puts a sample: an id that is a number goes by its value, one that is a text by its letters."""
    number = match["id"].isdecimal() and match["id"] not in texts
    return int(match["epoch"]), match["id"].zfill(20) if number else match["id"]


def _taken(
    file: BinaryIO, match: re.Match[str], member: Member, header: dict[str, Any], path: str
) -> Transcript | Reject:
    if match["chunked"]:
        reason = "a sample stored in chunks, which is not read; expected one JSON file a sample"
        return Reject(path, member.name, reason, match["id"])
    try:
        sample = parse(zip_members.read(file, member))
    except ValueError as error:
        return Reject(path, member.name, str(error), match["id"])
    return _judged(sample, header, path, member.name)


def _in_json(file: BinaryIO, path: str) -> Iterator[Transcript | Reject]:
    document, number = Document(file), 0
    header: dict[str, Any] = {}
    try:
        for key in document.fields():
            if key == "samples" and document.peek() == "[":
                for number, sample in enumerate(document.items(), 1):
                    yield _judged(sample, header, path, f"sample {number}")
                continue
            held = document.value()
            header = held if key == "eval" and isinstance(held, dict) else header
    except ValueError as error:
        raise InputError(f"an Inspect log that cannot be read after sample {number}: {error}") from error


def _judged(sample: Any, header: dict[str, Any], path: str, place: str) -> Transcript | Reject:
    if not isinstance(sample, dict) or "id" not in sample:
        return Reject(path, place, "found no sample; expected an object with 'id' and 'messages'")
    try:
        return transcript(sample, header, path)
    except ValueError as error:
        return Reject(path, place, str(error), str(sample["id"]))


def transcript(sample: dict[str, Any], header: dict[str, Any], source: str) -> Transcript:
    """One sample of a log; a ValueError says in one sentence why it is no transcript.

    >>> sample = {"id": 1, "epoch": 2, "messages": [{"role": "user", "content": "Hi"}], "metadata": {"arm": "observed"}}
    >>> transcript(sample, {"task": "af", "model": "openai/gpt-4o"}, "a.eval").metadata
    {'epoch': 2, 'task': 'af', 'sample_metadata': {'arm': 'observed'}, 'arm': 'observed'}
    """
    error = sample.get("error")
    failed = error.get("message") if isinstance(error, dict) else error
    if not sample.get("messages"):
        raise ValueError(f"a sample without messages{f'; it failed with {failed}' if failed else ''}")
    own = _object(sample, "metadata")
    known = {
        "epoch": sample.get("epoch"),
        "uuid": sample.get("uuid"),
        "task": header.get("task"),
        "task_id": header.get("task_id"),
        "eval_id": header.get("eval_id"),
        "run_id": header.get("run_id"),
        "scores": sample.get("scores"),
        "error": failed,
        "sample_metadata": own,
    }
    return rows.transcript(
        {"messages": _attached(sample["messages"], _object(sample, "attachments"))},
        name=str(sample["id"]),
        model=header["model"] if isinstance(header.get("model"), str) else None,
        source=source,
        metadata={key: value for key, value in known.items() if value}
        | lifted(*_judgements(sample), own, _object(header, "metadata")),
    )


def _judgements(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """What the scores know besides their values; a log that was scored anew says it there and not in the sample."""
    scores = (score for score in _object(sample, "scores").values() if isinstance(score, dict))
    return [held for score in scores if (held := _object(score, "metadata"))]


def _object(holder: dict[str, Any], key: str) -> dict[str, Any]:
    held = holder.get(key)
    return held if isinstance(held, dict) else {}


def _attached(value: Any, attachments: dict[str, Any]) -> Any:
    """Messages with the long texts put back that the log keeps apart; a text that is missing leaves its reference."""
    if not attachments:
        return value
    match value:
        case str() if value.startswith(_ATTACHED):
            return attachments.get(value.removeprefix(_ATTACHED), value)
        case list():
            return [_attached(item, attachments) for item in value]
        case dict():
            return {key: _attached(item, attachments) for key, item in value.items()}
    return value
