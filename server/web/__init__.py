"""The door for browsers, and MCP over HTTP beside it.

app      the application: MCP at /mcp, pages everywhere else
access   whose requests may come in: host, origin, an agent's token
walls    what stands before every route
guesses  guesses at the token and at passwords, slowed
site     what all pages share: the workspace, who is signed in, how a page is made
assets   scripts, styles and pictures, served as files
pages    the pages, one file each
listen   the port taken, and served on

`rfcat serve` imports it; nothing else does. An agent's token opens `/mcp` and no page; a person's signing in opens pages and
no tool.
"""
