"""The labelling page's configuration, checked by Label Studio's own reader and by what annotators need of it."""

import re
from xml.etree import ElementTree

import pytest
from label_studio_sdk.label_interface import LabelInterface

from feint.annotation import codebook
from feint.annotation import interface as page
from feint.annotation.indicator import GROUPS, Indicator, indicators
from feint.annotation.interface import interface
from feint.corpus.errors import InputError
from feint.corpus.tables import LEVELS, VERDICTS


@pytest.fixture
def root() -> ElementTree.Element:
    return ElementTree.fromstring(interface())


def control(root: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = root.findall(f".//*[@name='{name}']")
    return found


def options(root: ElementTree.Element, name: str) -> list[str | None]:
    return [choice.get("alias") for choice in control(root, name).iter("Choice")]


def test_the_same_indicators_give_the_same_characters() -> None:
    assert interface() == interface(list(indicators()))


def test_label_studio_reads_it() -> None:
    LabelInterface(interface()).validate()


def test_controls_and_their_kinds(root: ElementTree.Element) -> None:
    named = {element.get("name"): element.tag for element in root.iter() if element.get("name")}
    assert named == {
        "transcript": "Paragraphs",
        "indicator": "ParagraphLabels",
        "level": "Choices",
        "verdict": "Choices",
        "confidence": "Choices",
        "note": "TextArea",
        "value_name": "TextArea",
        "relation": "Choices",
        "origin": "Choices",
        "grade": "Choices",
    }
    assert {element.get("toName") for element in root.iter() if element.get("toName")} == {"transcript"}


def test_the_dialogue_shows_text_and_keeps_what_is_quoted(root: ElementTree.Element) -> None:
    dialogue = control(root, page.TRANSCRIPT)
    assert dialogue.get("layout") == "dialogue"
    assert dialogue.get("saveTextResult") == "yes"
    assert not root.findall(".//HyperText")  # it would render a transcript's markup


def test_labels_stand_in_the_groups_of_the_taxonomy(root: ElementTree.Element) -> None:
    rows = control(root, page.INDICATOR).findall("View")
    shown = [[label.get("alias") for label in row.iter("Label")] for row in rows]
    expected = [[one.slug for one in indicators() if one.group == group] for group in GROUPS]
    assert shown == [*expected, [page.VALUE_SPAN]]


def test_a_label_has_its_indicators_name_colour_key_and_definition(root: ElementTree.Element) -> None:
    for indicator in indicators():
        (label,) = root.findall(f".//Label[@alias='{indicator.slug}']")
        assert label.get("value") == indicator.name
        assert label.get("background") == indicator.colour
        assert label.get("hotkey") == indicator.key
        assert label.get("hint") == indicator.definition


def test_choices_are_the_words_of_the_tables(root: ElementTree.Element) -> None:
    assert options(root, page.LEVEL) == list(LEVELS[1:])
    assert options(root, page.VERDICT) == list(VERDICTS)
    assert options(root, page.CONFIDENCE) == ["1", "2", "3", "4", "5"]


def test_the_guide_speaks_of_every_choice(root: ElementTree.Element) -> None:
    told = codebook.codebook()
    for name in (page.LEVEL, page.VERDICT, page.RELATION, page.ORIGIN):
        assert all(f"`{option}`" in told for option in options(root, name))


def test_verdict_confidence_and_every_marks_level_are_required(root: ElementTree.Element) -> None:
    required = {element.get("name") for element in root.iter() if element.get("required") == "true"}
    assert required == {page.VERDICT, page.CONFIDENCE, page.LEVEL}
    level = control(root, page.LEVEL)
    assert level.get("perRegion") == "true"
    assert (level.get("whenLabelValue") or "").split(",") == [one.slug for one in indicators()]


def test_nothing_is_chosen_in_advance(root: ElementTree.Element) -> None:
    assert not [element for element in root.iter() if element.get("selected")]


def test_the_selected_marks_indicator_is_explained_beside_its_level(root: ElementTree.Element) -> None:
    for indicator in indicators():
        shown = root.findall(f".//View[@whenLabelValue='{indicator.slug}']")
        told = "\n".join(header.get("value", "") for view in shown for header in view.iter("Header"))
        assert indicator.definition in told
        assert indicator.mentioned in told
        assert indicator.considered in told
        assert indicator.endorsed in told


def test_every_key_does_one_thing_and_none_is_left_for_label_studio_to_give_away(root: ElementTree.Element) -> None:
    pressed = [element.get("hotkey") for element in root.iter() if element.tag in ("Label", "Choice")]
    assert None not in pressed
    assert len(pressed) == len(set(pressed))
    assert "u" not in pressed  # unselects a region


def test_an_indicator_that_takes_a_levels_key_is_refused() -> None:
    first = indicators()[0]
    taken = Indicator.model_validate({**first.model_dump(), "key": "j"})
    with pytest.raises(InputError, match=r"training_awareness\.toml has key = 'j', which is for the level mentioned"):
        interface([taken])


def test_the_style_sheet_survives_label_studios_sanitizer(root: ElementTree.Element) -> None:
    style = root.find("Style")
    assert style is not None
    assert style.text
    assert not re.search("[<>&]", style.text)


def test_no_words_are_taken_for_a_field_of_the_task(root: ElementTree.Element) -> None:
    values = [element.get("value", "") for element in root.iter() if element.tag != "Paragraphs"]
    assert not [value for value in values if re.search(r"\$\w", value)]
