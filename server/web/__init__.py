"""The door for browsers, and MCP over HTTP beside it."""
