"""WING: what is built on the line. Each module of a command has add_arguments(parser) and run(arguments)."""
