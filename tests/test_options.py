"""Fields that are options."""

from dataclasses import dataclass

from nasbias.options import option
from nasbias.terminal import Parser, add_fields, fields_of


@dataclass(frozen=True)
class Sizes:
    width: int = option(8, "channels of the first layer")


def test_a_field_is_an_option_with_its_default_and_its_help():
    assert Sizes().width == 8
    parser = Parser(prog="sizes")
    add_fields(parser, Sizes)
    assert "channels of the first layer (default: 8)" in parser.format_help()
    assert Sizes(**fields_of(Sizes, parser.parse_args(["--width", "3"]))) == Sizes(3)
