"""What agents can do besides talking. Writing a tool takes ten lines: see docs/tools.md.

A tool is a typed async function under `@register_tool`, named in `settings.AGENT_TOOLS`. Nothing is registered by
importing; the list in the settings is the register.
"""

from .context import Result, ToolContext, ToolError
from .registry import Tool, available_tools, register_tool, tool_named, tools_named
from .schema import Between, Longest

__all__ = [
    "Between",
    "Longest",
    "Result",
    "Tool",
    "ToolContext",
    "ToolError",
    "available_tools",
    "register_tool",
    "tool_named",
    "tools_named",
]
