"""Contract tests of the `Store` port. A subclass provides the fixtures `store` (started) and `second` (a client)."""
import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from chassis.domain.decider import changed
from chassis.ports import AnyOf, Between, Collection, Contains, Document, Group, Store, Where

FIELDS: dict[str, type] = {"stage": str, "amount": int, "rate": float, "open": bool, "name": str}
INDEXES = (("stage", "amount"), ("amount",), ("name",), ("open",))


def doc(id: str, version: int = 0, body: bytes = b"{}", **index: Any) -> Document:
    return Document(id, version, body, index)


async def all_ids(store: Store, collection: str, where: Where, limit: int = 3, **how: Any) -> list[str]:
    """The ids of all pages, in order."""
    found: list[str] = []
    after = None
    while True:
        page = await store.find(collection, where, after=after, limit=limit, **how)
        assert len(page.documents) <= limit
        found += [document.id for document in page.documents]
        if page.next is None:
            return found
        after = page.next


class StoreSuite:
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        raise NotImplementedError
        yield

    @pytest.fixture
    async def second(self, store: Store) -> AsyncIterator[Store]:
        """Another client of the same data, where the adapter supports one."""
        yield store

    @pytest.fixture
    async def name(self, store: Store) -> str:
        name = f"tests.deals_{uuid4().hex[:8]}"
        await store.ensure([Collection(name, FIELDS, INDEXES)])
        return name

    @pytest.fixture
    async def deals(self, store: Store, name: str) -> str:
        """Ten deals: ids d0..d9, amounts 0, 100, 200 and none, stages in turn, names of several languages."""
        names = ["Müller", "华为技术", "Acme Corp", "acme ltd", None]
        documents = [
            doc(
                f"d{n}", stage=["new", "won", None][n % 3], amount=[0, 100, 200, None][n % 4], open=n % 2 == 0,
                rate=n / 4, name=names[n % 5],
            )
            for n in range(10)
        ]
        assert await store.save(name, documents) == frozenset()
        return name

    # --- ensure ---

    async def test_ensuring_a_collection_is_idempotent_and_safe_concurrently(self, store: Store, second: Store) -> None:
        collection = Collection(f"tests.many_{uuid4().hex[:8]}", FIELDS, INDEXES)
        await asyncio.gather(*(one.ensure([collection]) for one in [store, second] * 4))
        await store.save(collection.name, [doc("a", stage="new")])
        await second.ensure([collection])
        assert list(await second.load(collection.name, ["a"])) == ["a"]

    async def test_an_index_field_can_be_added_to_existing_documents(self, store: Store, second: Store) -> None:
        name = f"tests.grows_{uuid4().hex[:8]}"
        await store.ensure([Collection(name, {"stage": str})])
        await store.save(name, [doc("old", stage="new")])
        await second.ensure([Collection(name, {"stage": str, "region": str}, (("region",),))])
        await second.save(name, [doc("fresh", stage="new", region="north")])
        assert await all_ids(second, name, {"region": "north"}) == ["fresh"]
        assert await all_ids(second, name, {"region": None}) == ["old"]
        assert await all_ids(store, name, {"stage": "new"}) == ["fresh", "old"]

    @pytest.mark.parametrize("bad", ['a"; DROP TABLE x; --', "a b", "", "$where", "1a"])
    async def test_invalid_names_are_refused(self, store: Store, bad: str) -> None:
        with pytest.raises(ValueError):
            await store.ensure([Collection(bad, {})])
        with pytest.raises(ValueError):
            await store.ensure([Collection("tests.fine", {bad: str})])

    async def test_an_index_over_an_undeclared_field_is_refused(self, store: Store) -> None:
        with pytest.raises(ValueError):
            await store.ensure([Collection("tests.fine", {"a": str}, (("b",),))])

    async def test_undeclared_fields_are_refused(self, store: Store, name: str) -> None:
        with pytest.raises(ValueError):
            await store.find(name, {"nothing": 1})
        with pytest.raises(ValueError):
            await store.find(name, {}, order="nothing")
        with pytest.raises(ValueError):
            await store.count(name, {}, by=["nothing"])
        with pytest.raises(ValueError):
            await store.save(name, [doc("a", nothing=1)])

    # --- load and save ---

    async def test_a_saved_document_is_loaded_with_the_next_version(
        self, store: Store, second: Store, name: str,
    ) -> None:
        index = {"stage": "new", "amount": -5, "rate": 0.25, "open": False}
        assert await store.save(name, [doc("a", body=b"\x00\xff{", **index)]) == frozenset()
        loaded = await second.load(name, ["a", "missing"])
        assert list(loaded) == ["a"]
        assert (loaded["a"].version, loaded["a"].body) == (1, b"\x00\xff{")
        assert {key: loaded["a"].index.get(key) for key in [*index, "name"]} == {**index, "name": None}
        assert type(loaded["a"].index["open"]) is bool
        assert type(loaded["a"].index["rate"]) is float

    async def test_a_field_may_become_none(self, store: Store, name: str) -> None:
        await store.save(name, [doc("a", stage="new", amount=1)])
        await store.save(name, [doc("a", 1, stage=None)])
        loaded = (await store.load(name, ["a"]))["a"]
        assert (loaded.index.get("stage"), loaded.index.get("amount")) == (None, None)
        assert await all_ids(store, name, {"stage": None, "amount": None}) == ["a"]

    async def test_saving_with_the_previous_index_writes_the_changed_fields(
        self, store: Store, second: Store, name: str,
    ) -> None:
        """Enough documents with the same change for a store to group them, and a few with other changes."""
        ids = [f"d{n:02}" for n in range(40)]
        await store.save(name, [doc(id, stage="new", amount=n, open=True) for n, id in enumerate(ids)])
        stored = await second.load(name, ids)
        changes: list[dict[str, Any]] = [
            *[{"stage": "won"}] * 20, *[{"open": None}] * 17, *[{"amount": -1, "name": "x"}] * 3]
        await second.save(name, [
            Document(id, 1, b"2", {**stored[id].index, **change}, stored[id].index)
            for id, change in zip(ids, changes, strict=True)])
        assert await all_ids(store, name, {"stage": "won"}, limit=50) == ids[:20]
        assert await all_ids(store, name, {"stage": "new"}, limit=50) == ids[20:]
        assert await all_ids(store, name, {"open": None}, limit=50) == ids[20:37]
        assert await all_ids(store, name, {"amount": -1, "name": "x"}, limit=50) == ids[37:]
        loaded = await store.load(name, ids)
        assert {(d.version, d.body) for d in loaded.values()} == {(2, b"2")}
        assert [loaded[id].index["amount"] for id in ids] == [*range(37), -1, -1, -1]

    async def test_empty_requests_do_nothing(self, store: Store, name: str) -> None:
        assert await store.load(name, []) == {}
        assert await store.save(name, []) == frozenset()
        await store.save_newer(name, [])
        await store.delete(name, [])
        assert await store.ids(name) == []

    async def test_a_stale_or_future_version_is_not_saved(self, store: Store, name: str) -> None:
        assert await store.save(name, [doc("a"), doc("b")]) == frozenset()
        assert await store.save(name, [doc("a", 1, b"second")]) == frozenset()
        lost = await store.save(
            name, [doc("a", 1, b"stale"), doc("b", 0, b"again"), doc("c", 3, b"none"), doc("d", 0), doc("e", 0)]
        )
        assert lost == {"a", "b", "c"}
        loaded = await store.load(name, ["a", "b", "c", "d", "e"])
        assert {id: (d.version, d.body) for id, d in loaded.items()} == {
            "a": (2, b"second"), "b": (1, b"{}"), "d": (1, b"{}"), "e": (1, b"{}"),
        }

    async def test_concurrent_increments_are_not_lost(self, store: Store, second: Store, name: str) -> None:
        async def increment(one: Store, times: int) -> None:
            for _ in range(times):
                while True:
                    stored = (await one.load(name, ["n"])).get("n", doc("n", body=b"0"))
                    if not await one.save(name, [changed(stored, body=str(int(stored.body) + 1).encode())]):
                        break

        await asyncio.gather(*(increment(one, 5) for one in [store, second] * 4))
        stored = (await store.load(name, ["n"]))["n"]
        assert (stored.body, stored.version) == (b"40", 40)

    async def test_concurrent_batches_have_one_winner_per_document(
        self, store: Store, second: Store, name: str
    ) -> None:
        writers = [(one, str(n).encode()) for n, one in enumerate([store, second] * 3)]
        losses = await asyncio.gather(
            *(one.save(name, [doc(f"d{n}", body=body) for n in range(50)]) for one, body in writers)
        )
        loaded = await store.load(name, [f"d{n}" for n in range(50)])
        assert len(loaded) == 50
        for id, document in loaded.items():
            winners = [body for (_, body), lost in zip(writers, losses, strict=True) if id not in lost]
            assert (winners, document.version) == ([document.body], 1)

    async def test_two_thousand_documents_are_saved_at_once(self, store: Store, name: str) -> None:
        documents = [doc(f"k{n:05}", body=bytes([n % 256]) * 100, amount=n) for n in range(2000)]
        assert await store.save(name, documents) == frozenset()
        loaded = await store.load(name, [document.id for document in documents])
        assert len(loaded) == 2000
        assert loaded["k01999"].body == documents[1999].body
        again = [changed(loaded[d.id], body=b"2") for d in documents[:1000]] + documents[1000:]
        assert await store.save(name, again) == {d.id for d in documents[1000:]}
        assert len(await all_ids(store, name, {"amount": Between(0, 2000)}, limit=300, order="amount")) == 2000

    async def test_large_bodies_and_unusual_ids_are_stored_unchanged(self, store: Store, name: str) -> None:
        big = bytes(range(256)) * 8192  # 2 MiB
        ids = ["客户-42", "ключ", "a'b\"c", "with space", "🦊", "a\\b%_.*$"]
        assert await store.save(name, [doc(id, body=big if id == "🦊" else id.encode()) for id in ids]) == frozenset()
        loaded = await store.load(name, ids)
        assert loaded["🦊"].body == big
        assert all(loaded[id].body == id.encode() for id in ids if id != "🦊")
        assert set(await store.ids(name)) == set(ids)

    # --- save_newer ---

    async def test_save_newer_saves_only_newer_versions(self, store: Store, name: str) -> None:
        await store.save_newer(name, [doc("a", 5, b"five", amount=5), doc("b", 1, b"one")])
        await store.save_newer(name, [doc("a", 4, b"four", amount=4), doc("b", 2, b"two"), doc("c", 9, b"nine")])
        await store.save_newer(name, [doc("a", 5, b"other"), doc("b", 2, b"other")])
        loaded = await store.load(name, ["a", "b", "c"])
        assert {id: (d.version, d.body) for id, d in loaded.items()} == {
            "a": (5, b"five"), "b": (2, b"two"), "c": (9, b"nine"),
        }
        assert await all_ids(store, name, {"amount": 5}) == ["a"]

    async def test_concurrent_save_newer_calls_leave_the_newest_version(
        self, store: Store, second: Store, name: str,
    ) -> None:
        calls = [
            one.save_newer(name, [doc(f"d{n}", version, str(version).encode()) for n in range(20)])
            for version, one in zip(range(1, 9), [store, second] * 4, strict=True)
        ]
        await asyncio.gather(*reversed(calls))
        loaded = await store.load(name, [f"d{n}" for n in range(20)])
        assert {(d.version, d.body) for d in loaded.values()} == {(8, b"8")}

    async def test_a_document_of_save_newer_can_be_saved_again(self, store: Store, name: str) -> None:
        await store.save_newer(name, [doc("a", 7, b"newer")])
        assert await store.save(name, [doc("a", 7, b"saved")]) == frozenset()
        assert (await store.load(name, ["a"]))["a"].version == 8

    # --- find ---

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({}, "0123456789"),
            ({"stage": "won"}, "147"),
            ({"stage": None}, "258"),
            ({"open": True}, "02468"),
            ({"open": False, "stage": "new"}, "39"),
            ({"rate": 0.25}, "1"),
            ({"amount": 0}, "048"),
            ({"amount": Between(0, 200)}, "014589"),
            ({"amount": Between(100)}, "12569"),
            ({"amount": Between(None, 100)}, "048"),
            ({"amount": Between()}, "0123456789"),
            ({"rate": Between(0.5, 1.25)}, "234"),
            ({"stage": AnyOf(("won", None))}, "124578"),
            ({"stage": AnyOf(("new", "lost"))}, "0369"),
            ({"amount": AnyOf((200,))}, "26"),
            ({"amount": AnyOf((None,))}, "37"),
            ({"stage": AnyOf(())}, ""),
            ({"name": Contains("ACME")}, "2378"),
            ({"name": Contains("ülle")}, "05"),
            ({"name": Contains("MÜLLER")}, "05"),
            ({"name": Contains("技术")}, "16"),
            ({"name": Contains("a.*e")}, ""),
            ({"name": Contains("%")}, ""),
            ({"stage": "new", "amount": Between(100), "open": True}, "6"),
            ({"stage": "' OR 1=1 --"}, ""),
        ],
    )
    async def test_documents_that_meet_every_condition_are_found(
        self, store: Store, deals: str, where: Where, expected: str
    ) -> None:
        found = await all_ids(store, deals, where)
        assert found == [f"d{n}" for n in expected]
        counted = await store.count(deals, where)
        assert counted == [Group({}, len(expected), {})]

    @pytest.mark.parametrize(
        ("order", "expected"),
        [(None, "0123456789"), ("amount", "3704815926"), ("stage", "2580369147"), ("open", "1357902468")],
    )
    async def test_documents_are_ordered_by_field_then_id_with_none_first(
        self, store: Store, deals: str, order: str | None, expected: str
    ) -> None:
        ids = [f"d{n}" for n in expected]
        for limit in (1, 2, 3, 10, 11):
            assert await all_ids(store, deals, {}, limit, order=order) == ids
            assert await all_ids(store, deals, {}, limit, order=order, descending=True) == ids[::-1]

    async def test_matching_documents_are_ordered(self, store: Store, deals: str) -> None:
        where = {"stage": "new"}
        assert await all_ids(store, deals, where, 1, order="amount") == ["d3", "d0", "d9", "d6"]
        assert await all_ids(store, deals, where, 1, order="amount", descending=True) == ["d6", "d9", "d0", "d3"]

    async def test_a_found_document_is_complete(self, store: Store, name: str) -> None:
        await store.save(name, [doc("a", body=b"body", stage="new", amount=3)])
        page = await store.find(name, {"stage": "new"})
        (found,) = page.documents
        assert (found.id, found.version, found.body, found.index.get("amount")) == ("a", 1, b"body", 3)
        assert page.next is None

    async def test_a_full_last_page_has_no_next(self, store: Store, deals: str) -> None:
        assert (await store.find(deals, {}, limit=10)).next is None
        assert (await store.find(deals, {}, limit=9)).next is not None

    async def test_a_cursor_stays_valid_while_documents_are_added_and_deleted(self, store: Store, name: str) -> None:
        await store.save(name, [doc(f"d{n}", amount=n) for n in range(6)])
        page = await store.find(name, {}, order="amount", limit=3)
        await store.delete(name, ["d2", "d4"])  # the one of the cursor, and one after it
        await store.save(name, [doc("early", amount=1), doc("late", amount=4)])
        assert await self._ids_after(store, name, page.next) == ["d3", "late", "d5"]

    async def _ids_after(self, store: Store, name: str, after: str | None) -> list[str]:
        return [d.id for d in (await store.find(name, {}, order="amount", after=after)).documents]

    async def test_an_invalid_cursor_or_one_of_another_query_is_refused(self, store: Store, deals: str) -> None:
        page = await store.find(deals, {}, order="amount", limit=2)
        for cursor, order in [("rubbish!", "amount"), ("AAAA", "amount"), (page.next, "stage"), (page.next, None)]:
            with pytest.raises(ValueError):
                await store.find(deals, {}, order=order, after=cursor)

    # --- count ---

    async def test_an_empty_collection_has_one_empty_group_or_none_when_grouped(self, store: Store, name: str) -> None:
        assert await store.count(name, {}, sums=["amount"]) == [Group({}, 0, {"amount": 0})]
        assert await store.count(name, {}, by=["stage"]) == []

    async def test_groups_are_ordered_by_their_values_and_have_sums(self, store: Store, deals: str) -> None:
        assert await store.count(deals, {}, by=["stage"], sums=["amount"]) == [
            Group({"stage": None}, 3, {"amount": 300}),
            Group({"stage": "new"}, 4, {"amount": 300}),
            Group({"stage": "won"}, 3, {"amount": 100}),
        ]
        groups = await store.count(deals, {"amount": Between(0)}, by=["open", "stage"], sums=["amount"])
        assert groups == [
            Group({"open": False, "stage": None}, 1, {"amount": 100}),
            Group({"open": False, "stage": "new"}, 1, {"amount": 100}),
            Group({"open": False, "stage": "won"}, 1, {"amount": 100}),
            Group({"open": True, "stage": None}, 2, {"amount": 200}),
            Group({"open": True, "stage": "new"}, 2, {"amount": 200}),
            Group({"open": True, "stage": "won"}, 1, {"amount": 0}),
        ]

    async def test_sums_are_exact_integers(self, store: Store, name: str) -> None:
        await store.save(name, [doc("a", amount=2**53), doc("b", amount=1), doc("c", amount=-3), doc("d")])
        assert await store.count(name, {}, sums=["amount"]) == [Group({}, 4, {"amount": 2**53 - 2})]

    # --- delete and ids ---

    async def test_deleted_documents_are_gone_and_can_be_created_again(self, store: Store, deals: str) -> None:
        await store.delete(deals, ["d0", "d1", "missing"])
        assert await store.load(deals, ["d0", "d1", "d2"]) == {"d2": (await store.load(deals, ["d2"]))["d2"]}
        assert (await store.count(deals, {}))[0].n == 8
        assert await store.save(deals, [doc("d0", 1), doc("d1", 0)]) == {"d0"}

    async def test_ids_are_listed_by_prefix_in_order_after_a_given_id(self, store: Store, name: str) -> None:
        ids = sorted(f"{kind}|{n:02}" for kind, n in itertools.product(["deal", "deal2", "lead", "单"], range(5)))
        await store.save(name, [doc(id) for id in reversed(ids)])
        assert await store.ids(name) == ids
        assert await store.ids(name, prefix="deal|") == [f"deal|0{n}" for n in range(5)]
        assert await store.ids(name, prefix="deal|", after="deal|01", limit=2) == ["deal|02", "deal|03"]
        assert await store.ids(name, prefix="单") == [f"单|0{n}" for n in range(5)]
        assert await store.ids(name, prefix="x") == []
        assert await store.ids(name, after="lead|03", limit=1) == ["lead|04"]
