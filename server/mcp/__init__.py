"""The door for agents: twelve tools over the Model Context Protocol.

app            the server put together
tools          the tools, one file for those that belong together
schemas        tools with closed, lean schemas
resources      strategy files and cards by id, and the view of hosts that show one (its page is in views/)
prompts        what a person asks for most
completions    ids and names for arguments of both
icons          the picture beside the server's name
state          what all calls of one process share
work           long work: started as a job, followed for a while
answers        answers that are never too long, and refusals
hosts          the lines that connect a host
tool_commands  the command that does what a call of a tool does, for people

`web` serves what `app` builds; `web` and `cli` print `hosts`, and tell people what agents are told by `tool_commands`.
"""
