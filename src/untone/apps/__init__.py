"""WING: the commands of `untone`; the module of each has add_arguments(parser) and run(arguments)."""
