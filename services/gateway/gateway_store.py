"""Access to the gateway's own collections, which are created on first use."""
import asyncio

from chassis.ports import Collection, Store


class GatewayStore:
    def __init__(self, store: Store, *collections: Collection) -> None:
        self._store, self._collections = store, collections
        self._ready = False
        self._lock = asyncio.Lock()

    async def store(self) -> Store:
        """The store, after the collections exist."""
        if not self._ready:
            async with self._lock:
                if not self._ready:
                    await self._store.ensure(self._collections)
                    self._ready = True
        return self._store
