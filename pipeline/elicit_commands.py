"""The commands around elicitation: Inspect asks the prompts, people say what came of those that no rule decided."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from feint.corpus.attempts import answered
from feint.corpus.errors import InputError, MissingExtra
from feint.corpus.reading import read
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.pipeline.elicitation import people
from feint.pipeline.elicitation.prompts import ALL, ROTATE, names, prompts
from feint.pipeline.written import write

TASK = "feint/pairs"


def elicit(
    *options: Annotated[str, Parameter(allow_leading_hyphen=True)],
    model: str | None = None,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("logs"),
    scenarios: str = ALL,
    markers: str = ROTATE,
    reasoning: str = "scratchpad",
    grader: str | None = None,
    seed: int = 0,
    checkpoint: str | None = None,
    stage: str | None = None,
    retry: Path | None = None,
) -> int:
    """Ask a model matched observed and unobserved prompts, through Inspect: short for `inspect eval feint/pairs`.

    Example: `feint elicit --model openai/gpt-5 --epochs 4 -o logs`

    Parameters
    ----------
    options
        Anything else `inspect eval` takes: --epochs 4, --limit 20, --max-connections 8, --cost-limit 5, --reasoning-effort high.
    model
        The model, as Inspect names it: provider/model.
    out
        Folder for the log; read it with `feint gather`, `feint scan`, `feint measure`.
    scenarios
        Scenario kinds to ask about, with commas between them; all of them without it.
    markers
        Wordings of the marker: `rotate` gives each request one, `all` every one, or names with commas between them.
    reasoning
        How private reasoning is asked for: scratchpad, think or native; `all` asks each prompt in every format.
    grader
        A model that judges where no rule decides; the model itself without it, nobody with `none`.
    seed
        Seed of the first epoch, the same in both arms.
    checkpoint
        Name or number of the checkpoint that is asked, for the measures.
    stage
        Stage of training it stands in: pretrained, sft, hhh, rl, deployed.
    retry
        A log that was interrupted: go on with it, with the settings it has; what was answered is not asked again.

    """
    if importlib.util.find_spec("inspect_ai") is None:
        raise MissingExtra("inspect", "asking a model")
    if retry is not None:
        if not retry.is_file():
            raise InputError(
                f"{retry} is no file; expected the log of an interrupted run, as 'feint elicit' printed it"
            )
        return _run(["eval-retry", str(retry), "--log-dir", str(retry.parent), *options], retry.parent)
    if model is None:
        print("feint elicit: found no model; add '--model PROVIDER/NAME'", file=sys.stderr)
        return 2
    next(prompts(names(scenarios), names(markers), names(reasoning)))  # a wrong name is said before anything starts
    given = {
        "scenarios": scenarios, "markers": markers, "reasoning": reasoning, "seed": seed, "checkpoint": checkpoint,
        "stage": stage, "grader": "false" if grader == "none" else "true",
    }  # fmt: skip
    settings = [part for key, value in given.items() if value is not None for part in ("-T", f"{key}={value}")]
    role = ["--model-role", f"grader={grader}"] if grader not in (None, "none") else []
    return _run(["eval", TASK, "--model", model, "--log-dir", str(out), *settings, *role, *options], out)


def compliance(
    *paths: str,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    answers: Path | None = None,
    everything: Annotated[bool, Parameter(name=["--all"], negative="")] = False,
) -> int:
    """Have people say whether answers comply: tasks for Label Studio, and transcripts with their word once they have spoken.

    With --answers the labels come back: what most annotators said is the outcome.

    Example: `feint compliance logs -o open`

    Parameters
    ----------
    paths
        Logs of `feint elicit`.
    out
        Folder for `tasks.json` and `labelling.xml`, which Label Studio imports; with --answers, the file of JSON lines to write.
    answers
        What Label Studio exported, as JSON.
    everything
        Put every answer to people, not only those that neither rule nor model decided.

    """
    if not paths:
        print("feint compliance: found no path; expected logs of 'feint elicit'", file=sys.stderr)
        return 2
    found = _taken(answered(read(paths)))
    if answers is None:
        open_ = list(people.tasks(found, everything=everything))
        out.mkdir(parents=True, exist_ok=True)
        write(out / "labelling.xml", people.interface())
        write(out / "tasks.json", json.dumps(open_, ensure_ascii=False, indent=1) + "\n")
        print(f"{len(open_)} answers for people; arm, model and reasoning are not shown", file=sys.stderr)
        print(out / "tasks.json")
        return 0
    try:
        said = people.outcomes(json.loads(answers.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{answers} is not JSON; expected Label Studio's export as JSON") from error
    lines = [people.judged(one, said) for one in found]
    rows = (one.model_dump_json(exclude_none=True) + "\n" for one in lines)
    write(out, "".join(rows))
    settled = sum(one.metadata.get("judge") == "people" for one in lines)
    print(f"{len(lines)} transcripts, {settled} of them judged by people", file=sys.stderr)
    print(out)
    return 0


def _taken(found: Iterable[Transcript | Reject]) -> Iterator[Transcript]:
    """The transcripts; what could not be read is said."""
    for one in found:
        if isinstance(one, Transcript):
            yield one
        elif one.format_known:
            print(f"left out: {one.path} {one.place}: {one.reason}", file=sys.stderr)


def _run(arguments: Sequence[str], folder: Path) -> int:
    """Inspect on these arguments; its words go to stderr, the log's path to stdout."""
    from inspect_ai.log import read_eval_log

    before = _logs(folder)
    ended = _waited(subprocess.Popen([sys.executable, "-P", "-m", "inspect_ai", *arguments], stdout=sys.stderr))
    written = sorted(_logs(folder) - before)
    if not written:
        raise InputError(f"inspect ended with {ended} and wrote no log to {folder}; its own words stand above")
    whole = True
    for path in written:
        status = read_eval_log(str(path), header_only=True).status
        if status != "success":
            whole = False
            print(
                f"feint elicit: the run ended with '{status}'; to go on: feint elicit --retry {path}", file=sys.stderr
            )
        print(path)
    return 0 if whole else 1


def _waited(running: "subprocess.Popen[bytes]") -> int:
    """The exit code; an interrupt reaches Inspect as well, which then has its log to finish."""
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:
            continue


def _logs(folder: Path) -> set[Path]:
    return {path for kind in ("*.eval", "*.json") for path in folder.glob(kind)}
