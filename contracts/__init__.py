"""The published language. Importing any part of it registers the topics and event classes of every module here."""
import pkgutil
from importlib import import_module

for _found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    import_module(f"{__name__}.{_found.name}")
