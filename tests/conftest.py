"""What all tests share: how hard Hypothesis tries."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    max_examples=100,
    # A busy machine is no defect: neither of the code nor of the way examples are made.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # New examples each time; a failure prints what reproduces it.
    derandomize=False,
    print_blob=True,
    database=None,
)
settings.load_profile("house")
