"""Whether a model keeps its hands off what must not shine, and lets shine what must."""
