"""Three thin doors on the workshop, one room each.

python_tool  what joins the tool `execute_python` to the sandbox
mcp          the door for agents: twelve tools
web          the door for browsers, and MCP over HTTP
cli          the door for people: the command line
__main__     the console command: bare it serves MCP over stdio, else it is the command line

A room imports only those above it.
"""
