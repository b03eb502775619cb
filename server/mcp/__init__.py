"""The door for agents: twelve tools over the Model Context Protocol."""
