"""The members of a system under test: started, killed, stopped for a while, drained; each on ports of its own."""
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.service.discovery import find_service
from tests.journeys.system import port_block
from tests.support.environment import clean_environment

ROOT = Path(__file__).parents[2]
DEFINITIONS = ROOT / "definitions"
STARTS = 6
READY_WITHIN = 240.0  # seconds; only ends a test that hangs


@dataclass
class Member:
    """One process of a service. `ended`: its exit status, negative for a signal; None while it runs."""

    name: str
    service: str
    block: int
    pid: int = 0
    started_at: float = 0.0
    ready_after: float | None = None
    ended: int | None = None
    ended_at: float = 0.0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def alive(self) -> bool:
        return self.pid != 0 and self.ended is None

    @property
    def port(self) -> int:
        return self.block + find_service(self.service).port_offset

    def signal(self, number: int) -> bool:
        if not self.alive:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


class ProcessGroup:
    """`async with Fleet(directory, env) as fleet:` Whatever still runs at the end is killed with the fork server."""

    def __init__(self, directory: Path, env: Mapping[str, str], *, kafka: bool = False) -> None:
        self.directory, self.env, self._kafka = directory, dict(env), kafka
        self.members: dict[str, Member] = {}
        self.deaths: list[Member] = []
        self._blocks: list[int] = []
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._warm = asyncio.Event()

    async def __aenter__(self) -> "ProcessGroup":
        options = ["--kafka"] if self._kafka else []
        environment = clean_environment()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.fork_server", *options, cwd=ROOT, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        self._listening = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._warm.wait(), 60)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None and self._process.stdin is not None
        for member in self.members.values():
            member.signal(signal.SIGKILL)
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), 30)
        if self._listening is not None:
            await self._listening

    def block(self, number: int) -> int:
        while len(self._blocks) <= number:
            self._blocks.append(port_block())
        return self._blocks[number]

    async def start(self, service: str, number: int = 0, *, wait: bool = True, **env: str) -> Member:
        """`env`: further settings, without their prefix: failpoint="runner.save.after:1".

        Waited for, a member that gives up while it starts (its log does not answer yet) is started again, as whoever
        supervises it would do.
        """
        for _ in range(STARTS if wait else 1):
            member = await self._start(service, number, env)
            if wait:
                await asyncio.wait_for(first_of(member.ready, member.gone), READY_WITHIN)
            if not member.ended:
                break
        if wait:
            await self.until_ready(member)
        return member

    async def _start(self, service: str, number: int, env: Mapping[str, str]) -> Member:
        name = f"{service}-{number}"
        assert name not in self.members or not self.members[name].alive, f"{name} runs already"
        member = Member(name, service, self.block(number), started_at=time.monotonic())
        self.members[name] = member
        settings = {**self.env, "TRIPTYCH_FIRST_PORT": str(member.block), "TRIPTYCH_DEFINITIONS": str(DEFINITIONS),
                    "TRIPTYCH_INSTANCE": name}
        settings |= {f"TRIPTYCH_{key.upper()}": value for key, value in env.items()}
        order = {"start": name, "service": service, "env": settings, "log": str(self.directory / f"{name}.log")}
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        return member

    async def until_ready(self, member: Member, within: float = READY_WITHIN) -> None:
        await asyncio.wait_for(first_of(member.ready, member.gone), within)
        assert member.ended is None, f"{member.name} ended with {member.ended}:\n{self.log_of(member.name)[-3000:]}"

    async def end(self, member: Member, number: int = signal.SIGTERM, within: float = 60.0) -> int:
        member.signal(number)
        await asyncio.wait_for(member.gone.wait(), within)
        assert member.ended is not None
        return member.ended

    async def end_all(self) -> None:
        await asyncio.gather(*(self.end(m) for m in self.members.values() if m.alive))

    def log_of(self, name: str) -> str:
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def logged(self, word: str) -> int:
        """How many log lines of all members name it."""
        return sum(line.count(word) for path in self.directory.glob("*.log")
                   for line in path.read_text(errors="replace").splitlines())

    async def _listen(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._heard(json.loads(line))

    def _heard(self, said: dict[str, Any]) -> None:
        if "warm" in said:
            self._warm.set()
            return
        kind = next(k for k in ("started", "ready", "ended") if k in said)
        member = self.members[said[kind]]
        if kind == "started":
            member.pid = said["pid"]
        elif kind == "ready":
            member.ready_after = time.monotonic() - member.started_at
            member.ready.set()
        else:
            member.ended, member.ended_at = said["status"], time.monotonic()
            self.deaths.append(member)
            member.gone.set()


async def first_of(*events: asyncio.Event) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
