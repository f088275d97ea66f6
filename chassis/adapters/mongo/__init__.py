"""The document store on MongoDB or a compatible server; its driver is imported only where a URL is configured."""
from chassis.adapters.mongo.store import MongoStore

__all__ = ("MongoStore",)
