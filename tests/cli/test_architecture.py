"""docs/architecture.md shows the folders as the code imports them today."""

from cli.architecture import FILE, arrows_between, diagram, document


def test_the_pictures_of_the_architecture_are_up_to_date() -> None:
    assert FILE.read_text() == document(FILE.read_text()), "run ./gatehouse architecture"


def test_an_arrow_that_follows_from_two_others_is_left_out() -> None:
    drawn = diagram({"a": {"b", "c"}, "b": {"c"}, "c": set()})

    assert "a --> b" in drawn
    assert "b --> c" in drawn
    assert "a --> c" not in drawn


def test_no_two_packages_import_each_other() -> None:
    arrows = arrows_between(("api", "integrations", "models", "tasks", "web", "workflows"))

    assert [(one, other) for one in arrows for other in arrows[one] if one in arrows[other]] == []
