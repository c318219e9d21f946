"""What must not be published, found in a text: addresses, numbers, keys, and names that were given.

Patterns come from libraries that are kept for nothing else: keys and tokens from detect-secrets, phone numbers from
phonenumbers (Google's libphonenumber), check digits from python-stdnum. Nobody's name is known unless it is given.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from typing import Any

from feint.corpus.errors import ConfigError, MissingExtra

_PLUGINS = (
    "artifactory", "aws", "azure_storage_key", "basic_auth", "cloudant", "discord", "github_token", "gitlab_token",
    "ibm_cloud_iam", "ibm_cos_hmac", "jwt", "mailchimp", "npm", "openai", "pypi_token", "sendgrid", "slack", "softlayer",
    "square_oauth", "stripe", "telegram_token", "twilio",
)  # fmt: skip
_OTHER_SECRETS = (
    ("PRIVATE_KEY", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"),
    ("HUGGING_FACE_TOKEN", r"\bhf_[A-Za-z]{30,40}\b"),
    ("ANTHROPIC_KEY", r"\bsk-ant-[\w-]{20,}"),
    ("OPENAI_KEY", r"\bsk-(?:proj|svcacct|admin)-[\w-]{20,}"),
    ("GOOGLE_KEY", r"\bAIza[\w-]{35}"),
)
"""Keys that detect-secrets does not know, or of which it finds the first line only."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}(?!\w)")
_RESERVED = re.compile(r"(?:^|[.@])(?:example(?:\.com|\.org|\.net)?|test|invalid|localhost)$", re.IGNORECASE)
"""Domains that belong to nobody (RFC 2606)."""
_CARD = re.compile(r"(?<![\d.-])(?:\d{14,16}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})(?![\d.-]?\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SEVEN_DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")
"""Fewest that a phone number has; without them there is no need for the slow matcher."""
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_IP = re.compile(r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:]|\.\d)")


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """Something personal or secret in a text."""

    start: int
    """First code point inside."""
    end: int
    """First code point after."""
    kind: str
    """What it is, in capitals."""


class Finder:
    """Finds what must not be published.

    >>> [found.kind for found in Finder().find("Write to mara.lindqvist@posteo.de, key AKIA1234567890ABCDEF.")]
    ['EMAIL_ADDRESS', 'AWS_ACCESS_KEY']
    """

    def __init__(self, regions: Sequence[str] = (), names: Sequence[str] = ()) -> None:
        try:
            self._phones = import_module("phonenumbers")
            self._checks = {name: import_module(f"stdnum.{name}") for name in ("luhn", "iban", "us.ssn")}
            self._secrets = [*_of_detect_secrets(), *((kind, re.compile(text)) for kind, text in _OTHER_SECRETS)]
        except ImportError as error:
            raise MissingExtra("hub", "redacting an export") from error
        if unknown := [region for region in regions if region not in self._phones.SUPPORTED_REGIONS]:
            raise ConfigError(
                f"export.regions has {unknown[0]!r}; expected two capital letters of a country, such as 'US'"
            )
        self._regions = (None, *regions)
        given = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name.strip())
        self._names = re.compile(rf"(?<!\w)(?:{given})(?!\w)", re.IGNORECASE) if given else None

    def find(self, text: str) -> list[Found]:
        """Everything found, in order and apart: of two that overlap there is one, over both."""
        whole: list[Found] = []
        rest = text
        while new := _apart(self._all(rest)):
            whole = _apart([*whole, *new])
            for found in new:  # what stood beside them may have hidden behind them
                rest = rest[: found.start] + "]" * (found.end - found.start) + rest[found.end :]
        return whole

    def _all(self, text: str) -> Iterator[Found]:
        secrets = list(self._keys(text))
        yield from secrets
        if self._names:
            yield from (Found(*match.span(), "NAME") for match in self._names.finditer(text))
        for match in _EMAIL.finditer(text) if "@" in text else ():
            in_secret = any(
                one.start < match.end() and match.start() < one.end for one in secrets
            )  # user:password@host
            if not in_secret and not _RESERVED.search(match[0]):
                yield Found(*match.span(), "EMAIL_ADDRESS")
        for kind, pattern, holds in (
            ("CREDIT_CARD", _CARD, lambda said: said[0] in "3456" and self._valid("luhn", re.sub(r"[ -]", "", said))),
            ("IBAN", _IBAN, lambda said: self._valid("iban", said)),
            ("US_SSN", _SSN, lambda said: self._valid("us.ssn", said)),
            ("IP_ADDRESS", _IP, _is_public),
        ):
            yield from (Found(*match.span(), kind) for match in pattern.finditer(text) if holds(match[0]))
        yield from self._phone_numbers(text)

    def _keys(self, text: str) -> Iterator[Found]:
        for kind, pattern in self._secrets:
            for match in pattern.finditer(text):
                # A group that begins later is the secret in its assignment; one at the very start is but its prefix.
                groups = range(1, pattern.groups + 1)
                at = next((group for group in groups if match[group] and match.start(group) > match.start()), 0)
                yield Found(*match.span(at), kind)

    def _valid(self, check: str, said: str) -> bool:
        return bool(self._checks[check].is_valid(said))

    def _phone_numbers(self, text: str) -> Iterator[Found]:
        """Numbers with their +code; without it only where they are written as their country writes them."""
        if not _SEVEN_DIGITS.search(text):
            return
        leniency = self._phones.Leniency
        for region in self._regions:
            if region is None and "+" not in text:
                continue
            strict = leniency.VALID if region is None else leniency.STRICT_GROUPING
            for match in self._phones.PhoneNumberMatcher(text, region, leniency=strict):
                if not match.raw_string.isdigit():
                    yield Found(match.start, match.end, "PHONE_NUMBER")


def _apart(found: Iterable[Found]) -> list[Found]:
    """In order; those that overlap become one, named after the first and longest."""
    whole: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if whole and one.start < whole[-1].end:
            last = whole[-1]
            whole[-1] = Found(last.start, max(last.end, one.end), last.kind)
        else:
            whole.append(one)
    return whole


def _of_detect_secrets() -> Iterator[tuple[str, re.Pattern[str]]]:
    base: Any = import_module("detect_secrets.plugins.base")
    for name in _PLUGINS:
        module = import_module(f"detect_secrets.plugins.{name}")
        for value in vars(module).values():
            is_plugin = isinstance(value, type) and issubclass(value, base.RegexBasedDetector)
            if is_plugin and value.__module__ == module.__name__:
                kind = re.sub(r"\W+", "_", value.secret_type).strip("_").upper()
                yield from ((kind, pattern) for pattern in _patterns(value().denylist))


def _patterns(given: Iterable[Any]) -> Iterator[re.Pattern[str]]:
    yield from (pattern if isinstance(pattern, re.Pattern) else re.compile(pattern) for pattern in given)


def _is_public(said: str) -> bool:
    try:
        return ip_address(said).is_global
    except ValueError:
        return False
