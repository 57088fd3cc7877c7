"""The verb without a name, and `untone to`: what is planned, converted, reported."""
