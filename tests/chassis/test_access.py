"""The seal on what the gateway tells the services, and the secret that it is made with."""
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.http.access import (
    EVERYTHING,
    NOTHING,
    Access,
    IdentitySealer,
    InvalidSeal,
    Scope,
    ScopeTooLarge,
    sealer_from_settings,
)
from chassis.support.secrets import load_secrets, stored_secret
from chassis.support.settings import Settings

SEAL = IdentitySealer([b"secret"])
ASKED = ("pipeline", "GET", "/v1/opportunities?limit=1")
NAMES = st.lists(st.text(min_size=1, max_size=20), max_size=5).map(tuple)
SCOPES = st.builds(Scope, all=st.booleans(), reps=NAMES, teams=NAMES, regions=NAMES, business_lines=NAMES)


@given(st.text(min_size=1, max_size=128), SCOPES)
def test_what_is_sealed_is_read_as_it_was_said(principal: str, scope: Scope):
    access = Access(principal, scope)
    assert SEAL.unseal(SEAL.seal(access, *ASKED), *ASKED) == access


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_single_change_is_let_through(at: int, by: int):
    good = SEAL.seal(Access("a", Scope(reps=("a",))), *ASKED).encode()
    place = at % len(good)
    bad = bytes([*good[:place], (good[place] + by) % 256, *good[place + 1:]]).decode("latin-1")
    with pytest.raises(InvalidSeal):
        SEAL.unseal(bad, *ASKED)


@pytest.mark.parametrize("value", ["", ".", "a.b", "é.é", "x" * 100_000, "W10.W10"])
def test_what_is_no_seal_is_refused(value: str):
    with pytest.raises(InvalidSeal):
        SEAL.unseal(value, *ASKED)


def test_a_seal_is_of_its_moment():
    made = SEAL.seal(Access("a", EVERYTHING), *ASKED, now=1000.0)
    for late in (-30.0, 0.0, 30.0):
        assert SEAL.unseal(made, *ASKED, now=1000.0 + late).principal == "a"
    for late in (-31.5, 31.5):
        with pytest.raises(InvalidSeal, match="has expired"):
            SEAL.unseal(made, *ASKED, now=1000.0 + late)


def test_a_secret_is_changed_without_a_gap():
    old, both, new = IdentitySealer([b"old"]), IdentitySealer([b"new", b"old"]), IdentitySealer([b"new"])
    access = Access("a", NOTHING)
    assert both.unseal(old.seal(access, *ASKED), *ASKED) == access
    assert new.unseal(both.seal(access, *ASKED), *ASKED) == access
    with pytest.raises(InvalidSeal):
        new.unseal(old.seal(access, *ASKED), *ASKED)


def test_thousands_of_names_fit_into_a_header_and_what_does_not_is_said():
    many = Scope(reps=tuple(f"employee-{i:06d}" for i in range(5000)))
    made = SEAL.seal(Access("boss", many), *ASKED)
    assert len(made) < 48 * 1024 and SEAL.unseal(made, *ASKED).scope == many
    import random

    odd = random.Random(1)
    with pytest.raises(ScopeTooLarge):
        SEAL.seal(Access("boss", Scope(reps=tuple(f"{odd.getrandbits(256):x}" for _ in range(5000)))), *ASKED)


def test_a_secret_is_made_once_and_is_its_owners_only(tmp_path: Path):
    path = tmp_path / "deep" / "internal.key"
    made = stored_secret(path)
    assert len(made) == 32 and stored_secret(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["internal.key"]
    assert load_secrets(" new , old ", path) == [b"new", b"old"] and load_secrets("", path) == [made]


def test_processes_on_one_data_directory_understand_each_other_and_others_do_not(tmp_path: Path):
    gateway, service = (sealer_from_settings(Settings(data_dir=tmp_path / "a")) for _ in range(2))
    assert service.unseal(gateway.seal(Access("a", NOTHING), *ASKED), *ASKED).principal == "a"
    stranger = sealer_from_settings(Settings(data_dir=tmp_path / "b"))
    with pytest.raises(InvalidSeal):
        service.unseal(stranger.seal(Access("a", NOTHING), *ASKED), *ASKED)


def test_a_secret_of_the_settings_is_told_nowhere():
    settings = Settings(internal_secret="s3cret", api_key="tk_x", oidc_client_secret="c1ient")
    assert not [word for word in ("s3cret", "tk_x", "c1ient") if word in repr(settings) + str(settings.model_dump())]
