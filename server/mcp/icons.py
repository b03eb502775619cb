"""The picture that hosts show beside the server's name: a cat among trees, drawn for this project."""

from base64 import b64encode

from mcp.types import Icon

CAT = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
    '<rect width="64" height="64" rx="12" fill="#e9f2ea"/>'
    '<path d="M14 8 2 34h8L0 52h28L18 34h8zM50 8 38 34h8L36 52h28L54 34h8z" fill="#2e8b57"/>'
    '<path d="M12 52h4v6h-4zM48 52h4v6h-4z" fill="#6b4a2f"/>'
    '<path d="M20 58c0-12 3-16 4-20-2-4-2-9-1-14l5 4h8l5-4c1 5 1 10-1 14 1 4 4 8 4 20z" fill="#26292e"/>'
    '<circle cx="28.5" cy="33" r="2" fill="#f2c14e"/><circle cx="35.5" cy="33" r="2" fill="#f2c14e"/>'
    '<path d="m30.5 37h3l-1.5 2z" fill="#d98c8c"/>'
    "</svg>"
)
ICONS = [Icon(src=f"data:image/svg+xml;base64,{b64encode(CAT.encode()).decode()}", mime_type="image/svg+xml", sizes=["any"])]
"""Of the server, its prompts and its resources. Tools go without: their list is what a model may pay for."""
