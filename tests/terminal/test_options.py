import dataclasses
from dataclasses import dataclass, field

from nasbias.terminal import Parser, add_fields, add_format, add_table_options, fields_of


@dataclass(frozen=True)
class Settings:
    epochs: int = field(default=3, metadata={"help": "100 % of it"})
    size: int | None = None
    kept: tuple[int, ...] = ()
    flip: bool = True


def test_a_dataclass_becomes_options():
    parser = Parser()
    add_fields(parser, Settings)
    given = parser.parse_args(["--size", "8", "--kept", "1,2", "--no-flip"])
    assert fields_of(Settings, given) == dataclasses.asdict(Settings(size=8, kept=(1, 2), flip=False))
    assert "100 % of it (default: 3)" in parser.format_help()


def test_a_recipe_s_default_is_used_and_said():
    parser = Parser()
    add_fields(parser, Settings, skip=("size",), defaults={"epochs": 7, "kept": (2, 4), "flip": False})
    assert fields_of(Settings, parser.parse_args([])) == {"epochs": 7, "kept": (2, 4), "flip": False}
    said = parser.format_help()
    for default in ("7", "2,4", "no"):
        assert f"(default: {default})" in said


def test_the_first_format_is_the_default():
    parser = Parser()
    add_format(parser, "table", "json", "csv")
    assert parser.parse_args([]).format == "table"
    assert parser.parse_args(["--format", "csv"]).format == "csv"


def test_wide_tables_are_asked_for():
    parser = Parser()
    add_table_options(parser)
    given = parser.parse_args([])
    assert (given.format, given.wide) == ("table", False)
    assert parser.parse_args(["--wide"]).wide
