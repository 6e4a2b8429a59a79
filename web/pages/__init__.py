"""How a page is made: rendering, formats, notices, errors, static files."""
