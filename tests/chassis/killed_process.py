"""One process of the toy service on the embedded adapters, until it is told to stop, or killed."""
import asyncio
import signal
import sys
from pathlib import Path

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore
from chassis.domain.definitions import Definitions
from chassis.runtime.application import Application
from chassis.support.settings import Settings
from tests.chassis.harness import SERVICE


async def main(path: Path) -> None:
    database = Database(path)
    store, bus = SqliteStore(database), SqliteBus(database, heartbeat=0.1, session=0.6)
    await store.start()
    await bus.start()
    app = Application(SERVICE, Settings(batch=50), store, bus, Definitions())
    await app.start()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: loop.create_task(app.stop()))
    print("ready", flush=True)
    await app.run()
    await bus.stop()
    await store.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
