"""A network that fails: a TCP proxy of our own, between the services and one broker."""
import asyncio
import contextlib
import random
from dataclasses import dataclass, field


@dataclass
class NetworkConditions:
    """`up` and `down`: whether bytes pass to and from the broker. `loss`: chance that a piece resets its connection."""

    up: bool = True
    down: bool = True
    open: bool = True  # whether new connections are taken
    latency: float = 0.0
    loss: float = 0.0
    bytes_per_second: float = 0.0  # 0: as fast as it goes


FAIR = NetworkConditions()
BAD_NETWORK: dict[str, NetworkConditions] = {
    "cut": NetworkConditions(up=False, down=False, open=False),
    "one way": NetworkConditions(down=False),
    "500 ms latency": NetworkConditions(latency=0.5),
    "loss": NetworkConditions(loss=0.02),
    "1 kB/s": NetworkConditions(bytes_per_second=1000),
}


@dataclass
class Proxy:
    port: int
    target: int
    weather: NetworkConditions = field(default_factory=NetworkConditions)
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def change(self, weather: NetworkConditions) -> None:
        self.weather = weather
        if not weather.open:
            self.reset()

    def reset(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.weather.open:
            writer.transport.abort()
            return
        try:
            there, thither = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, thither}
        both = [asyncio.create_task(self._carry(reader, thither, "up")),
                asyncio.create_task(self._carry(there, writer, "down"))]
        self._tasks.update(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, thither):
            end.transport.abort()
            self._writers.discard(end)
        await asyncio.gather(*both, return_exceptions=True)
        self._tasks.difference_update(both)

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, way: str) -> None:
        """In order; what may not pass waits until it may, or until the connection ends."""
        with contextlib.suppress(OSError):
            while piece := await source.read(1 << 16):
                weather = self.weather
                if weather.loss and random.random() < weather.loss:
                    return
                if weather.latency:
                    await asyncio.sleep(weather.latency)
                while not getattr(self.weather, way):  # noqa: ASYNC110 (whoever changes the weather tells nobody)
                    await asyncio.sleep(0.05)
                await self._pass_on(piece, to)

    async def _pass_on(self, piece: bytes, to: asyncio.StreamWriter) -> None:
        for start in range(0, len(piece), 500 if self.weather.bytes_per_second else len(piece)):
            some = piece[start : start + (500 if self.weather.bytes_per_second else len(piece))]
            to.write(some)
            await to.drain()
            if self.weather.bytes_per_second:
                await asyncio.sleep(len(some) / self.weather.bytes_per_second)
