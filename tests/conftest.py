"""Of all tests: property tests have no deadline, as a busy machine makes any of them slow."""

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
