"""The commands of the shell, each a module with its arguments and what it prints."""

# as `einderiv --help` lists them; the module of a command is imported when it is asked for
COMMANDS = ("show", "derive", "run", "check", "plan", "graph", "convert", "fmt", "lsp", "explain")
