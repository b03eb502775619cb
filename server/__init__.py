"""Three thin doors on the workshop: MCP tools, web pages, command line."""
