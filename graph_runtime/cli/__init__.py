"""The command line: one file a family of commands, imported when that command is used."""
