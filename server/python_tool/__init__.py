"""What joins the tool `execute_python` to the sandbox.

sandbox         the sandbox of one server, its limits, and how well it walls code in
budget          what each connection has used within the hour
cheaper_tools   which tool would have answered for less
hints           what to write instead where code failed

`mcp` imports all of it, the start page and `rfcat doctor` what tells of the walls. Nothing here knows of MCP.
"""
