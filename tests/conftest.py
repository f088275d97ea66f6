"""For every test: no deadline for hypothesis (the machine is shared), and a loud word about what is not proven."""
import os

from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.real_summary",)

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
