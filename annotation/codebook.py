"""The codebook: what annotators read, put together from the guide and the indicator files."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from feint.annotation.indicator import GROUPS, Indicator, indicators
from feint.corpus import digest
from feint.corpus.errors import MissingExtra

# Label Studio's own style leaves no room between paragraphs, and takes styles off single elements.
_STYLE = """\
.lsf-modal-ls__content:has(.feint-guide) { width: 900px !important; max-width: 92vw; }
.feint-guide h1, .feint-guide h2, .feint-guide h3 { margin: 1.2em 0 0.4em; line-height: 1.25; }
.feint-guide h1 { font-size: 24px; }
.feint-guide h2 { font-size: 19px; }
.feint-guide h3 { font-size: 16px; }
.feint-guide p, .feint-guide table, .feint-guide ul, .feint-guide ol { margin: 0 0 0.7em; }
.feint-guide li { margin: 0 0 0.3em 1.3em; list-style: disc; }
.feint-guide ol li { list-style: decimal; }
.feint-guide th, .feint-guide td { padding: 0.3em 0.8em 0.3em 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--color-neutral-border, #ccc); }
.feint-guide code { font-size: 90%; }
"""
GUIDE = Path(__file__).parent / "guide.md"


def codebook() -> str:
    """The annotators' guide as Markdown: the task, the levels and verdicts, then each indicator.

    >>> print(codebook().splitlines()[0])
    # Codebook: alignment-faking reasoning in transcripts
    """
    return f"""\
# Codebook: alignment-faking reasoning in transcripts

Version `{version()}`. Labels are comparable where this version is the same.

{_body()}"""


def html() -> str:
    """The same, as the instructions of a project on Label Studio."""
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingExtra("annotate", "the codebook as HTML") from error
    shown = MarkdownIt("commonmark").enable("table").render(codebook())
    return f'<div class="feint-guide"><style>\n{_STYLE}</style>\n{shown}</div>'


def version() -> str:
    """Twelve hexadecimal digits that change whenever a word of the codebook does."""
    return digest.of_text(_body())[:12]


@cache
def _body() -> str:
    known = indicators()
    guide = GUIDE.read_text(encoding="utf-8").replace("{count}", str(len(known)))
    return "\n".join([guide, "## The indicators", "", *_overview(known), *map(_chapter, known)])


def _overview(known: tuple[Indicator, ...]) -> Iterator[str]:
    yield "| key | indicator | | definition |"
    yield "|---|---|---|---|"
    for indicator in known:
        yield f"| {indicator.key} | `{indicator.slug}` | {_title(indicator)} | {indicator.definition} |"
    yield ""
    yield " · ".join(f"**{_words(group)}**: {question}" for group, question in GROUPS.items())
    yield ""


def _chapter(indicator: Indicator) -> str:
    signs = (f"- {example.level}: “{example.text}” *{example.why}*" for example in indicator.positive)
    others = (f"- absent: “{example.text}” *{example.why}*" for example in indicator.negative)
    return "\n".join(
        [
            f"### {indicator.order}. {indicator.name} (`{indicator.slug}`)",
            "",
            f"**{indicator.definition}**",
            "",
            f"Group {_title(indicator)}: {GROUPS[indicator.group]}. Key `{indicator.key}`.",
            "",
            f"*The line.* {indicator.line}",
            "",
            f"- **mentioned**: {indicator.mentioned}",
            f"- **considered**: {indicator.considered}",
            f"- **endorsed**: {indicator.endorsed}",
            "",
            "It is there:",
            "",
            *signs,
            "",
            "It is not there:",
            "",
            *others,
            "",
            f"Sources: {'; '.join(indicator.sources)}.",
            "",
        ]
    )


def _title(indicator: Indicator) -> str:
    return f"*{_words(indicator.group)}*"


def _words(group: str) -> str:
    return group.replace("_", "-")
