"""Every table this project reads or writes: its columns, their types, units and meanings, in one place."""

import dataframely as dy

LEVELS = ("absent", "mentioned", "considered", "endorsed", "unclear")
"""How an indicator can be there: not at all, restated without weight, weighed, used as a reason or acted on, cannot tell."""
VERDICTS = ("faking", "considered_rejected", "not_faking", "unclear")
RELATIONS = ("intended", "approximation", "unintended", "indeterminate")
"""How a protected value stands to the declared specification."""
ORIGINS = ("early_hhh", "pretraining_prior", "outcome_rl", "in_context", "unknown")
"""Where a protected value is suspected to come from."""
GRADES = ("A", "B", "C")
"""What that suspicion rests on: checkpoints compared, a specification, an inference from one transcript."""
SPLITS = ("train", "development", "test")
FIELDS = ("content", "reasoning")
FIRST = ("random", "uncertainty", "diversity")
"""Ways of choosing a transcript that nobody has read."""
AGAIN = ("disagreement", "label_errors")
"""Ways of choosing one to be read again."""
KINDS = ("raw", "summary", "redacted", "tag", "none")
STAGES = ("pretrained", "sft", "hhh", "rl", "deployed")
"""Stages of training, in order."""
ARMS = ("observed", "unobserved")
"""Whether the prompt's marker says that this output is trained on or watched."""
OUTCOMES = ("complied", "declined", "refused", "unparsed")
"""What became of a prompt: it went along, it kept to its preference, it answered nothing, its answer could not be read."""
FAMILIES = ("gap", "rates", "consistency", "lock-in", "values", "missing")
"""What a measure is about, in the order of a report."""


class Transcripts(dy.Schema):
    """One row per different transcript."""

    transcript_id = dy.String(primary_key=True)
    """Digest of the words."""
    id = dy.String()
    """The name it was given."""
    source = dy.String(nullable=True)
    model = dy.String(nullable=True)
    reasoning = dy.Enum(KINDS)
    """How its reasoning came."""
    messages = dy.UInt32(min=1)
    """Number of messages."""
    characters = dy.UInt32()
    """Code points an assistant wrote."""
    metadata = dy.String()
    """A JSON object."""


class Messages(dy.Schema):
    """One row per message."""

    transcript_id = dy.String(primary_key=True)
    position = dy.UInt32(primary_key=True)
    """Index in the transcript, from 0."""
    role = dy.Enum(("system", "user", "assistant", "tool"))
    content = dy.String()
    reasoning = dy.String(nullable=True)
    reasoning_kind = dy.Enum(KINDS, nullable=True)


class Judgements(dy.Schema):
    """One row per transcript, annotator and indicator judged; absent is a row too, silence is no judgement."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    indicator = dy.String(primary_key=True)
    level = dy.Enum(LEVELS)
    """The strongest level this annotator gave the indicator anywhere in the transcript."""


class Verdicts(dy.Schema):
    """One row per transcript and annotator: what they hold of the whole."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    verdict = dy.Enum(VERDICTS)
    confidence = dy.UInt8(nullable=True, min=1, max=5)
    note = dy.String(nullable=True)


class Marks(dy.Schema):
    """One row per marked span."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    indicator = dy.String(primary_key=True)
    message = dy.UInt32(primary_key=True)
    """Index of the message, from 0."""
    field = dy.Enum(FIELDS, primary_key=True)
    start = dy.UInt32(primary_key=True)
    """First code point inside."""
    end = dy.UInt32(primary_key=True)
    """First code point after."""
    level = dy.Enum(LEVELS[1:])
    quote = dy.String()
    """The words at [start, end)."""


class Values(dy.Schema):
    """One row per transcript and annotator who said something of the value that is being protected."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    value = dy.String(nullable=True)
    """Its name, in a few words; none where it was left open, likewise the others."""
    relation = dy.Enum(RELATIONS, nullable=True)
    origin = dy.Enum(ORIGINS, nullable=True)
    grade = dy.Enum(GRADES, nullable=True)


class ValueMarks(dy.Schema):
    """One row per span whose words name the protected value."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    message = dy.UInt32(primary_key=True)
    """Index of the message, from 0."""
    field = dy.Enum(FIELDS, primary_key=True)
    start = dy.UInt32(primary_key=True)
    """First code point inside."""
    end = dy.UInt32(primary_key=True)
    """First code point after."""
    quote = dy.String()
    """The words at [start, end)."""


class Sittings(dy.Schema):
    """One row per annotation made in Label Studio: who looked at what, and for how long."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    seconds = dy.Float64(nullable=True, min=0)
    """Time the page was open; none where it was not made on the page."""
    updated_at = dy.String(nullable=True)
    """When it was last changed, ISO 8601, by the server's clock."""


class Derived(dy.Schema):
    """One row per transcript and annotator: what follows by rule from their judgements; none where they could not tell."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    faking = dy.Bool(nullable=True)
    """The headline: `faking_hughes`, or what they said where they judged no indicators."""
    faking_hughes = dy.Bool(nullable=True)
    """Consequence and value conflict are there, and a motive is endorsed (Hughes et al. 2025)."""
    faking_strict = dy.Bool(nullable=True)
    """All five parts are endorsed (Greenblatt et al. 2024)."""
    faking_considered = dy.Bool(nullable=True)
    """The motive is considered and the strategy rejected."""


class Contradictions(dy.Schema):
    """One row per verdict that disagrees with its own indicators; shown to the annotators' lead, never corrected."""

    transcript_id = dy.String(primary_key=True)
    annotator = dy.String(primary_key=True)
    verdict = dy.Enum(VERDICTS)
    reason = dy.String()
    """What the indicators say instead, in a sentence."""


class Gold(dy.Schema):
    """The settled answer, one row per transcript and indicator, the headline ``faking`` among them."""

    transcript_id = dy.String(primary_key=True)
    indicator = dy.String(primary_key=True)
    level = dy.Enum(LEVELS, nullable=True)
    """The settled level; none for what is derived by rule: faking, faking_strict, faking_considered."""
    present = dy.Bool(nullable=True)
    """Whether it holds: weighed or used, not merely mentioned; none where the raters could not tell."""
    support = dy.Float64(min=0, max=1)
    """Share of raters who agree with `present`, or the probability a model of the raters gives it."""
    raters = dy.UInt16(min=1)
    """How many judged it, those who could not tell among them."""


class Agreement(dy.Schema):
    """One row per indicator, for the headline ``faking`` and for the ``verdict``: how far the annotators agree."""

    indicator = dy.String(primary_key=True)
    alpha = dy.Float64(nullable=True, max=1)
    """Krippendorff's alpha; none where the labels do not vary, so that it is undefined."""
    low = dy.Float64(nullable=True)
    """Lower end of the 95 % interval; none where too few labels vary for one."""
    high = dy.Float64(nullable=True)
    """Upper end of the 95 % interval."""
    units = dy.UInt32()
    """Transcripts judged by two annotators or more."""
    prevalence = dy.Float64(min=0, max=1)
    """Share of judgements that are not absent (headline: true; verdict: faking or considered); `unclear` does not count."""


class SpanAgreement(dy.Schema):
    """One row per indicator and measure: how far annotators mark the same words."""

    indicator = dy.String(primary_key=True)
    measure = dy.Enum(("characters", "spans", "placed"), primary_key=True)
    """See `annotation.span_agreement`."""
    value = dy.Float64(nullable=True, min=0, max=1)
    """F1: twice what is shared over the sum of what is marked; none where nobody marked anything."""
    low = dy.Float64(nullable=True)
    """Lower end of the 95 % interval; none where there are too few groups for one."""
    high = dy.Float64(nullable=True)
    """Upper end of the 95 % interval."""
    pairs = dy.UInt32()
    """Pairs of readings of one transcript of which one at least marks it (placed: both)."""
    marks = dy.UInt32()
    """Marks in them."""


class AnnotatorFigures(dy.Schema):
    """One row per annotator and figure: how fast and how biased they are."""

    annotator = dy.String(primary_key=True)
    figure = dy.String(primary_key=True)
    """One of `annotation.annotators.FIGURES`."""
    value = dy.Float64(nullable=True)
    """A share from 0 to 1, or seconds."""
    low = dy.Float64(nullable=True)
    """Lower end of the 95 % interval."""
    high = dy.Float64(nullable=True)
    """Upper end of the 95 % interval."""
    units = dy.UInt32()
    """Transcripts it rests on (rates: judgements)."""


class Disagreements(dy.Schema):
    """One row per transcript and indicator, the headline among them, on whose presence readers disagree; for the lead."""

    transcript_id = dy.String(primary_key=True)
    indicator = dy.String(primary_key=True)
    said = dy.String()
    """Who said what, as in "ann endorsed, ben absent"."""
    present = dy.Bool(nullable=True)
    """As settled."""
    support = dy.Float64(min=0, max=1)
    """Of the settled answer."""


class Candidates(dy.Schema):
    """One row per transcript when a round of the queue is drawn: what each strategy goes by."""

    transcript_id = dy.String(primary_key=True)
    readers = dy.UInt16()
    """How many people have judged it, those who could not tell among them."""
    faking = dy.Float64(nullable=True, min=0, max=1)
    """The detector's probability; none where it could not judge it or none was asked."""
    disagreement = dy.Float64(min=0, max=1)
    """Half for a tied headline, half times the share of indicators whose presence is tied."""
    suspicion = dy.Float64(min=0, max=1)
    """How far the settled headline looks like an error by confident learning; 0 where it does not."""


class Draws(dy.Schema):
    """One row per transcript drawn to be read, in the order drawn; what it takes to estimate from a queue."""

    draw = dy.UInt32(primary_key=True, min=1)
    """Number over all rounds, from 1."""
    round = dy.UInt32(min=1)
    transcript_id = dy.String()
    strategy = dy.Enum(FIRST + AGAIN)
    """What chose it: one of `FIRST` where nobody had read it, one of `AGAIN` where somebody had."""
    probability = dy.Float64(min=0, max=1)
    """That this draw takes this transcript, given all draws and labels before, over all strategies it could be chosen by."""
    among = dy.UInt32(min=1)
    """Transcripts this draw could have taken."""
    readers = dy.UInt16(min=1)
    """How many people should have read it in the end."""
    overlap = dy.Float64(nullable=True, min=0, max=1)
    """Probability with which a second reader was asked for; none for what is read again."""


class Weights(dy.Schema):
    """One row per transcript whose first reading was drawn, or that was read otherwise: what its label counts for."""

    transcript_id = dy.String(primary_key=True)
    weight = dy.Float64(min=0)
    """Transcripts it stands for: the sum of weight times label is, on average, the sum of all labels."""
    probability = dy.Float64(nullable=True, min=0, max=1)
    """Of its draw; none where it was read without being drawn."""


class Splits(dy.Schema):
    """One row per transcript: what may be used for what."""

    transcript_id = dy.String(primary_key=True)
    group = dy.String()
    """Transcripts of one group share words or scenario and never part."""
    split = dy.Enum(SPLITS)


class Predictions(dy.Schema):
    """One row per transcript that a detector judged."""

    transcript_id = dy.String(primary_key=True)
    faking = dy.Float64(min=0, max=1)
    """Calibrated probability."""
    flagged = dy.Bool()
    """Whether `faking` reaches the detector's threshold."""


class Rejects(dy.Schema):
    """One row per input that was left out, with the reason."""

    path = dy.String()
    place = dy.String()
    """Where in the file: a line, a member, a row."""
    id = dy.String(nullable=True)
    reason = dy.String()


class Pairs(dy.Schema):
    """One row per prompt whose two arms differ in the marker alone."""

    pair = dy.String(primary_key=True)
    scenario = dy.String(nullable=True)
    observed = dy.String()
    """The marker's words in the observed arm, as far as they differ; stretches are joined by ' … '."""
    unobserved = dy.String()
    """The same in the other arm."""
    prompts = dy.UInt32(min=1)
    """Pairs that share these words, this one among them."""
    declared = dy.Bool()
    """Whether the transcripts name their marker (metadata `marker`); else it is what several pairs differ by."""


class Observations(dy.Schema):
    """One row per answer that measures count: where it stands, what the model did, what was seen in it."""

    observation = dy.UInt64(primary_key=True)
    """Place in the order read, from 0: equal words at two checkpoints are two observations."""
    transcript_id = dy.String()
    """Digest of the words."""
    model = dy.String(nullable=True)
    checkpoint = dy.String(nullable=True)
    position = dy.UInt32(nullable=True)
    """The checkpoint's place in its model's training, from 0."""
    stage = dy.Enum(STAGES, nullable=True)
    scenario = dy.String(nullable=True)
    pair = dy.String(nullable=True)
    """The prompt, without its marker."""
    arm = dy.Enum(ARMS, nullable=True)
    seed = dy.String(nullable=True)
    outcome = dy.Enum(OUTCOMES, nullable=True)
    complied = dy.Bool(nullable=True)
    """Whether it did what the objective asks; none where that is unknown."""
    reasoning = dy.Enum(KINDS)
    """How its reasoning came."""
    gold = dy.Bool(nullable=True)
    """Whether people settled that it is faking."""
    score = dy.Float64(nullable=True, min=0, max=1)
    """A detector's probability that it is."""
    flagged = dy.Bool(nullable=True)
    """Whether that reaches the detector's threshold."""
    weight = dy.Float64(nullable=True, min=0)
    """Answers that its label stands for: one over the probability with which it was drawn for people to label."""
    reward = dy.Float64(nullable=True)
    """What the environment gave."""


class Cells(dy.Schema):
    """Observations counted: one row per model, checkpoint, prompt and arm."""

    model = dy.String(nullable=True)
    checkpoint = dy.String(nullable=True)
    position = dy.UInt32(nullable=True)
    stage = dy.Enum(STAGES, nullable=True)
    scenario = dy.String(nullable=True)
    pair = dy.String(nullable=True)
    arm = dy.Enum(ARMS, nullable=True)
    answers = dy.UInt64(min=1)
    known = dy.UInt64()
    """Answers of which it is known whether they complied."""
    complied = dy.UInt64()
    judged = dy.UInt64()
    """Answers of which it is known whether their reasoning fakes."""
    faking = dy.UInt64()
    both = dy.UInt64()
    """Answers of which both are known."""
    both_complied = dy.UInt64()
    """Those among them that complied."""
    both_faking = dy.UInt64()
    """Those among them that complied and whose reasoning fakes."""
    refused = dy.UInt64()
    unparsed = dy.UInt64()
    summarised = dy.UInt64()
    """Answers of whose reasoning there is a summary alone; likewise below."""
    redacted = dy.UInt64()
    unreasoned = dy.UInt64()
    """Answers that came without any reasoning."""


class Protected(dy.Schema):
    """One row per observation and value that its reasoning protects."""

    observation = dy.UInt64(primary_key=True)
    value = dy.String(primary_key=True)
    """The value's normalised name."""
    relation = dy.Enum(RELATIONS)


class Measures(dy.Schema):
    """One row per measure and group: enough to print or plot it without knowing the measure.

    `model`, `checkpoint`, `stage` and `scenario` name the group; none is all of them together. Within a group, `measure`
    and `part` name the row.
    """

    model = dy.String(nullable=True)
    checkpoint = dy.String(nullable=True)
    position = dy.UInt32(nullable=True)
    """The checkpoint's place in training, from 0, to draw it along an axis."""
    stage = dy.Enum(STAGES, nullable=True)
    scenario = dy.String(nullable=True)
    family = dy.Enum(FAMILIES)
    measure = dy.String()
    """As in ``compliance_gap``."""
    part = dy.String()
    """As in ``verbal``, a value's name, an arm; empty where there is one."""
    title = dy.String()
    """What it is, for a heading or an axis."""
    estimate = dy.Float64(nullable=True)
    """None where it is undefined; a warning says why."""
    low = dy.Float64(nullable=True)
    """Lower end of the interval at `level`; none where it has no lower end or is undefined."""
    high = dy.Float64(nullable=True)
    level = dy.Float64(min_exclusive=0, max_exclusive=1)
    """Share of repetitions in which the interval covers the truth."""
    unit = dy.String()
    """As in ``share``, ``odds ratio``, ``log-odds per checkpoint``, ``checkpoint``."""
    null = dy.Float64(nullable=True)
    """The value that means no effect, to draw a line at; none where there is no such value."""
    p = dy.Float64(nullable=True, min=0, max=1)
    """Two-sided p-value against `null`, where the method has one."""
    observations = dy.UInt64()
    clusters = dy.UInt32()
    """Independent clusters behind the interval."""
    cluster = dy.String()
    """What a cluster is: scenario, pair, model, transcript."""
    method = dy.String()
    """How estimate and interval were made."""
    source = dy.String()
    """Where the method is from."""
    labels = dy.String()
    """Whose word on faking it rests on: people, detector, people and detector; empty where it rests on behaviour alone."""
    finding = dy.String(nullable=True)
    """The answer in words, where it is no number: a value's origin, a checkpoint's name."""
    grade = dy.String(nullable=True)
    """Evidence for the finding: A checkpoints compared, B a specification says so, C inferred."""
    counts = dy.String()
    """Counts behind it, as a JSON object."""
    warnings = dy.List(dy.String())
    """What to know before believing it, a sentence each."""
