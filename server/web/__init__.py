"""The door for browsers, and MCP over HTTP beside it.

app      the application: MCP at /mcp, and the start page
access   who may come in
walls    what stands before every route
guesses  guesses at the token, slowed
listen   the port taken, and served on

`rfcat serve` imports it; nothing else does.
"""
