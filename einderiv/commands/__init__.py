"""The commands of the shell, each a module with its arguments and what it prints."""

from einderiv.commands import check, convert, derive, explain, fmt, graph, lsp, plan, run, show

COMMANDS = (show, derive, run, check, plan, graph, convert, fmt, lsp, explain)  # as `einderiv --help` lists them
