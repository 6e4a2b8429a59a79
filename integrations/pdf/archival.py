"""What a document says of itself to archives: title, language, colours, and that it is made by the rules of PDF/A-2b.

Fonts are embedded and nothing is referred to, for the renderer can do no other; what it leaves out is added here (ISO
19005-2, 6.2.3, 6.6.2 and 6.6.4). No validator has judged the result: docs/decisions/0029.
"""

import html
import io
import re
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from xml.sax.saxutils import escape

from PIL import ImageCms
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from workflows.invoices.pdf_renderer import RenderFailed
from workflows.runtime.clock import now

_PRODUCER = "Gatehouse"
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_LANGUAGE = re.compile(r"<html lang=\"([A-Za-z-]{2,12})\"")
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{at}</xmp:CreateDate>
<xmp:ModifyDate>{at}</xmp:ModifyDate>
<pdf:Producer>{producer}</pdf:Producer>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def language_of_page(page: str) -> str:
    """What its `<html lang="…">` says; `en` where it says nothing."""
    spoken = _LANGUAGE.search(page)
    return spoken[1] if spoken else "en"


def described(pdf: bytes, page: str) -> bytes:
    """Returns the PDF with what it says of itself by its HTML `page`. Raises RenderFailed for what is no PDF."""
    try:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
        describe(writer, page)
        written = io.BytesIO()
        writer.write(written)
    except (PyPdfError, ValueError) as error:
        raise RenderFailed(f"not a PDF: {error}") from error
    return written.getvalue()


def describe(writer: PdfWriter, page: str) -> None:
    """Adds what a document made from this HTML page says of itself. `page` has its title and `<html lang="…">`."""
    titled = _TITLE.search(page)
    title = html.unescape(titled[1]).strip() if titled else ""
    language = language_of_page(page)
    at = now().replace(microsecond=0)
    writer.metadata = {
        "/Title": title,
        "/Producer": _PRODUCER,
        "/CreationDate": f"D:{at:%Y%m%d%H%M%S}Z",
        "/ModDate": f"D:{at:%Y%m%d%H%M%S}Z",
    }
    root = writer.root_object
    root[NameObject("/Lang")] = TextStringObject(language)
    root[NameObject("/Metadata")] = _apart(writer, _xmp(title, language, at))
    root[NameObject("/OutputIntents")] = ArrayObject([_colours(writer)])
    writer.pdf_header = "%PDF-1.7"
    writer.generate_file_identifiers()


def _xmp(title: str, language: str, at: datetime) -> DecodedStreamObject:
    """As XML that archives read without decoding it."""
    stream = DecodedStreamObject()
    text = _XMP.format(title=escape(title), language=language, at=at.isoformat(), producer=_PRODUCER)
    stream.set_data(text.encode())
    stream[NameObject("/Type")], stream[NameObject("/Subtype")] = NameObject("/Metadata"), NameObject("/XML")
    return stream


def _colours(writer: PdfWriter) -> DictionaryObject:
    profile = DecodedStreamObject()
    profile.set_data(_srgb())
    profile[NameObject("/N")] = NumberObject(3)
    return DictionaryObject({
        NameObject("/Type"): NameObject("/OutputIntent"),
        NameObject("/S"): NameObject("/GTS_PDFA1"),
        NameObject("/OutputConditionIdentifier"): TextStringObject("sRGB"),
        NameObject("/Info"): TextStringObject("sRGB IEC61966-2.1"),
        NameObject("/DestOutputProfile"): _apart(writer, profile),
    })  # fmt: skip


def _apart(writer: PdfWriter, stream: DecodedStreamObject) -> Any:
    """A reference to a stream, which is an object of its own in every PDF; pypdf has no public way."""
    return cast("Any", writer)._add_object(stream)  # noqa: SLF001


@lru_cache
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
