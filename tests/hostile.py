"""Names that mean something in other syntaxes: URLs, globs, SQL, shells, markup, YAML and terminals."""

FOLDERS = (
    "with space",
    "what?mode=memory",
    "half#fragment",
    "literal%20percent%2f",
    "a&b=c+d",
    "semi;colon; touch pwned",
    "$(touch pwned)`touch pwned`$HOME",
    'it\'s "quoted"',
    "star*[a-z]{x,y}",
    "-rf",
    "--help",
    "~nobody-is-called-so",
    "line\nend",
    "tab\tbell\x07escape\x1b[31mred",
    "back\\slash\\n",
    "naïve-日本語-🐈",
    "right\u202eleft\u200bzero",
    "<script>alert(1)<b>",
    "[red]markup[bold]:warning:",
    "file:memory",
    ":memory:",
    "a: b # c",
    "'; drop table ledger; --",
)
"""Legal names of folders, each a trap of another syntax."""

ALL_IN_ONE = "-q?a=b#f%20 'it' \"is\";$(touch pwned)`x`\n\\n\x1b[31m[red]<b>é🐈*[a]&"
"""One folder with all of it."""
