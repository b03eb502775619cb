"""What packages and lists the project, and is in none of its wheels.

build          writes the registry's file and the bundle's folder from the templates beside it, with our version
server.json    the entry of the MCP registry
manifest.json  the manifest of the MCPB bundle, which hosts install with a click
icon.png       the icon of the bundle, as `server.mcp.icons` draws it
"""
