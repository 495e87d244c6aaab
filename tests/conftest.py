"""What every test shares: Hypothesis tries the same examples on every machine, and says how to replay one."""

from hypothesis import settings

settings.register_profile("treering", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("treering")
