"""Bodies decoded straight into a struct: what is not JSON, not of the right type or not known is refused by name.

Litestar's own decoding is lenient ("60" for 60, "yes" for true), which hides mistakes of the caller.
"""

import re
from typing import Any, TypeVar

import msgspec
from litestar.dto import AbstractDTO, DTOConfig
from litestar.exceptions import ClientException
from litestar.typing import FieldDefinition
from msgspec import inspect

from workflows.runtime.errors import InvalidInput

EMPTY_BODY = "The body is empty; a JSON object is expected."
NO_CHOICE = "Invalid enum value"  # msgspec's words, which do not say what it may be

T = TypeVar("T")
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<name>[^`]*)`")


class StrictJSON(AbstractDTO[T]):
    """`dto=StrictJSON[Struct]` on a handler: its `data` is the body, exactly as the struct says.

    Raises ClientException (400) for what is no JSON, InvalidInput (422) for what breaks the struct.
    """

    config = DTOConfig()

    def decode_bytes(self, value: bytes) -> T:
        """The body as the struct."""
        return decode(value, self.model_type)

    def decode_builtins(self, value: dict[str, Any]) -> T:  # pragma: no cover - forms are refused by media type
        """The same from values decoded before."""
        return msgspec.convert(value, self.model_type)

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Builds no transfer model: the struct is one."""

    @classmethod
    def create_openapi_schema(cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any) -> Any:  # noqa: ARG003 - Litestar's signature
        """The struct's own schema."""
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:  # noqa: ARG003 - Litestar's signature
        """None: see create_for_field_definition."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:  # noqa: ARG003 - Litestar's signature
        """Never: see create_for_field_definition."""
        return False


def decode(body: bytes, shape: type[T]) -> T:
    """A JSON body as `shape`. Raises ClientException, InvalidInput."""
    if not body.strip():
        raise ClientException(EMPTY_BODY)
    if b"\\u0000" in body:
        raise InvalidInput({"": "must not contain the character U+0000."})  # PostgreSQL's text cannot hold it
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise InvalidInput(_field_problem(str(error), shape)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClientException(f"The body is not JSON: {error}") from None


def _field_problem(message: str, shape: Any) -> dict[str, str]:
    """Msgspec's sentence as field and rule.

    >>> _field_problem("Expected `bool`, got `str` - at `$.email_button`", dict)
    {'email_button': 'Expected bool, got str.'}
    """
    at = _AT.search(message)
    path = at["path"] if at else ""
    rule = message[: at.start()] if at else message
    if named := _NAMED.match(rule):
        field = f"{path}.{named['name']}" if path else named["name"]
        return {field: "This field is required." if "missing" in rule else "There is no such field to set."}
    if rule.startswith(NO_CHOICE) and (choices := one_of(_type_at(shape, path))):
        return {path: choices}
    return {path: f"{rule.replace('`', '')}."}


def _type_at(shape: Any, path: str) -> inspect.Type:
    """The type of a field of structs within structs; anything at all within lists."""
    here = inspect.type_info(shape)
    for name in path.split("."):
        fields = here.fields if isinstance(here, inspect.StructType) else ()
        here = next((field.type for field in fields if field.encode_name == name), inspect.AnyType())
    return here


def one_of(kind: inspect.Type) -> str | None:
    """The rule of what must be one of some texts, or null; None of any other type."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    values = [str(value) for one in kinds if isinstance(one, inspect.LiteralType) for value in one.values]
    return f"must be one of {', '.join(values)}." if values else None
