"""How much of each fault: `ci` fits into a few minutes on two cores, `long` is what a release is verified by."""
import os
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers per fault; `events` are those said by enterprises, beside what the services say themselves."""

    name: str
    kills: int  # F1, per service
    kill_events: int
    kill_rate: float  # events a second
    hits: int  # F2, per failpoint
    stops: int  # F3
    stop_events: int
    restarts: int  # F4, per service
    restart_events: int
    clock_events: int  # F9
    messy_events: int  # F10, F11, F12
    hostile: float  # share of them with a bad record beside
    kafka_events: int
    kafka_kills: int
    broker_kills: int  # F5
    cuts: int  # F7, rounds of each kind
    foul_seconds: float
    scale: float = 1.0


PROFILES = {
    "ci": Profile(
        "ci", kills=4, kill_events=6000, kill_rate=250, hits=3, stops=5, stop_events=3000, restarts=2,
        restart_events=3000, clock_events=1500, messy_events=8000, hostile=0.05, kafka_events=1500, kafka_kills=2,
        broker_kills=3, cuts=1, foul_seconds=3),
    "long": Profile(
        "long", kills=100, kill_events=500_000, kill_rate=400, hits=20, stops=50, stop_events=30_000, restarts=20,
        restart_events=30_000, clock_events=10_000, messy_events=100_000, hostile=0.15, kafka_events=30_000,
        kafka_kills=10, broker_kills=12, cuts=5, foul_seconds=15),
}


def chosen() -> Profile:
    """By TRIPTYCH_FAULTS; TRIPTYCH_FAULTS_SCALE=0.3 does only so much of everything, and the report says so."""
    profile = PROFILES[os.environ.get("TRIPTYCH_FAULTS", "ci")]
    scale = float(os.environ.get("TRIPTYCH_FAULTS_SCALE", "1"))
    if scale == 1:
        return profile
    counts = {f.name: max(1, round(getattr(profile, f.name) * scale)) for f in fields(profile) if f.type is int}
    return replace(profile, scale=scale, **counts)
