"""A merchant's colour on the portal's pages: a stylesheet of custom properties, by the colour and nothing else."""

from litestar import Response, route
from litestar.params import FromPath

from workflows.marketplaces.colors import Tones, accent_problem, palette
from workflows.runtime.errors import NotFound

_FOR_A_DAY = "public, max-age=86400"  # another release may find other tones


@route("/accents/{name:str}", http_method=["GET", "HEAD"])
async def accent(name: FromPath[str]) -> Response[str]:
    """`/accents/0a7f5a.css`: what comes after portal.css and changes its colours. Raises NotFound for no colour."""
    digits, _, ending = name.partition(".")
    if ending != "css" or accent_problem(f"#{digits}"):
        raise NotFound("no such colour")
    tones = palette(f"#{digits}")
    sheet = f"{_rule(tones.light)}\n@media (prefers-color-scheme: dark) {{ {_rule(tones.dark)} }}\n"
    headers = {"Cache-Control": _FOR_A_DAY, "X-Content-Type-Options": "nosniff"}
    return Response(sheet, media_type="text/css", headers=headers)


def _rule(tones: Tones) -> str:
    return (
        f":root {{ --accent: {tones.link}; --accent-hover: {tones.link_hover}; --on-accent: {tones.on_link};"
        f" --button: {tones.button}; --on-button: {tones.on_button}; --tint: {tones.tint}; }}"
    )
