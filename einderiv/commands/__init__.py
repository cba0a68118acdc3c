"""The commands of the shell, each a module with its arguments and what it prints."""

from einderiv.commands import check, convert, derive, explain, plan, run, show

COMMANDS = (show, derive, run, check, plan, convert, explain)  # in the order in which `einderiv --help` lists them
