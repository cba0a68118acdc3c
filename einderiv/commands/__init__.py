"""The commands of the shell, each a module with its arguments and what it prints."""

from einderiv.commands import check, derive, explain, fmt, graph, lsp, plan, run, show

COMMANDS = (show, derive, run, check, plan, graph, fmt, lsp, explain)  # in the order in which `einderiv --help` lists them
