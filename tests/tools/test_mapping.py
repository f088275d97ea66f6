"""CSV import mappings: rows become events; invalid rows, files and mappings are reported."""
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.definitions import DefinitionError, parse_yaml
from chassis.messages.envelope import Message, decode_structured
from chassis.support.clock import utc_now
from tests.support.running_service import DEFINITIONS
from tools.csv_import.mapping import load_mapping
from tools.csv_import.rows import Event, MissingFile, Tally, events
from tools.csv_import.sender import _by_size, chunks
from tools.csv_import.values import RowRejected, Tables, money

ORDERS = """\
name: shop
version: 1
title: {en: Orders of a shop, zh: 网店订单}
source: import/shop
files:
  orders: {path: orders.csv}
  customers: {path: customers.csv, key: code}
fixes:
  region: {Nrth: North}
emit:
  - file: orders
    event: crm.order.placed.v1
    id: concat('order:', number)
    time: day
    when: status != 'draft'
    skip:
      - {when: status == 'test', reason: test orders}
    notes:
      - {when: region == 'Nrth', text: a region as the shop spells it}
    data:
      order_id: number
      customer_id: slug(lookup('customers', customer, 'name'))
      region: fix('region', region)
      amount: money(total, 'EUR')
      dimensions: {tier: "lookup('customers', customer, 'tier')"}
"""
CUSTOMERS = "code,name,tier\nC1,Acme Corporation,gold\nC2,北京公司,\n"
HEAD = "number,day,customer,status,region,total\n"


class Shop:
    """A directory with a mapping and its files; `import_rows()` imports them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mapping = directory / "shop.yaml"
        self.write(ORDERS)
        (directory / "customers.csv").write_text(CUSTOMERS, "utf-8")
        self.tally = Tally()

    def write(self, text: str, *changes: tuple[str, str]) -> None:
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.mapping.write_text(text, "utf-8")

    def import_rows(self, *rows: str, zone: str = "Europe/Berlin", head: str = HEAD) -> list[Event]:
        (self.directory / "orders.csv").write_text(head + "".join(f"{r}\n" for r in rows), "utf-8")
        self.tally = Tally()
        mapping = load_mapping(str(self.mapping), DEFINITIONS)
        return list(events(mapping, self.directory, ZoneInfo(zone), self.tally))

    def rejected(self) -> list[tuple[str, int, str]]:
        return [(r.file, r.line, r.code) for r in self.tally.rejected]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


# --- rows become events ----------------------------------------------------------------------------------------------


def test_a_row_becomes_an_event_that_the_gateway_accepts(shop: Shop) -> None:
    [event] = shop.import_rows("7,2025-03-01,C1,paid,West,12.50")
    assert event.body["data"] == {
        "order_id": "7", "customer_id": "acme-corporation", "region": "West", "dimensions": {"tier": "gold"},
        "amount": {"amount_minor": 1250, "currency": "EUR"}}
    assert (event.body["id"], event.body["source"], event.body["backfill"]) == ("order:7", "import/shop", True)
    assert (event.file, event.line) == ("orders.csv", 2)
    message = decode_structured(event.body, now=utc_now())
    assert isinstance(message, Message) and message.meta.live is False


def test_a_date_is_noon_in_the_zone_of_the_company_and_a_time_is_unchanged(shop: Shop) -> None:
    summer, winter, zoned, local = shop.import_rows(
        "1,2025-07-01,C1,paid,,1", "2,2025-01-01,C1,paid,,1", "3,2025-01-01T10:00:00+08:00,C1,paid,,1",
        "4,2025-01-01T10:00:00,C1,paid,,1")
    assert (summer.body["time"], summer.body["timeprecision"]) == ("2025-07-01T10:00:00Z", "day")
    assert winter.body["time"] == "2025-01-01T11:00:00Z"
    assert zoned.body["time"] == "2025-01-01T02:00:00Z" and "timeprecision" not in zoned.body
    assert local.body["time"] == "2025-01-01T09:00:00Z"


def test_the_same_files_give_the_same_events(shop: Shop) -> None:
    rows = ("1,2025-07-01,C1,paid,West,1", "2,2025-07-02,C2,paid,Nrth,3")
    assert shop.import_rows(*rows) == shop.import_rows(*rows)


def test_skipped_fixed_and_noted_rows_are_counted(shop: Shop) -> None:
    imported = shop.import_rows(
        "1,2025-07-01,C1,draft,West,1", "2,2025-07-01,C1,test,West,1", "3,2025-07-01,C1,paid,Nrth,1")
    assert [e.body["id"] for e in imported] == ["order:3"] and imported[0].body["data"]["region"] == "North"
    assert shop.tally.rows == {"orders.csv": 3} and shop.tally.skipped == {"test orders": 1}
    assert shop.tally.notes == {"a region as the shop spells it": 1}
    assert fixes_of(shop) == {("region", "Nrth → North"): 1}


def fixes_of(shop: Shop) -> dict[tuple[str, str], int]:
    mapping = load_mapping(str(shop.mapping), DEFINITIONS)
    list(events(mapping, shop.directory, ZoneInfo("UTC"), Tally()))
    return mapping.tables.fixed


def test_rows_of_a_group_become_one_event_with_lines_that_add_up(shop: Shop) -> None:
    shop.write(ORDERS, ("    when: status != 'draft'\n", "    group_by: [customer, number]\n    lines:\n"
                        "      product_id: region\n      amount: money(total, 'EUR')\n    sum_of_lines: amount\n"),
               ("      amount: money(total, 'EUR')\n      dim", "      dim"))
    first, other, alone = shop.import_rows(
        "7,2025-03-01,C1,paid,p1,1.005", "8,2025-03-01,C1,paid,p3,2", "7,2025-03-01,C1,paid,p2,1.015",
        "7,2025-03-02,C2,paid,p1,5")
    assert [p["amount"]["amount_minor"] for p in first.body["data"]["lines"]] == [100, 102]  # half-even, line by line
    assert first.body["data"]["amount"] == {"amount_minor": 202, "currency": "EUR"} and first.line == 2
    assert [len(e.body["data"]["lines"]) for e in (first, other, alone)] == [2, 1, 1]
    assert shop.import_rows("7,2025-03-01,C1,paid,p1,") == [] and shop.rejected() == [("orders.csv", 2, "no_amount")]


# --- rejected rows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "code", "message"), [
    ("1,2025-07-01,C9,paid,West,1", "not_found", "customers has no row with the key 'C9'"),
    ("1,2025-07-01,C1,paid,West,1x", "not_an_amount", "'1x' is not an amount"),
    ("1,2025-07-01,C1,paid,West,nan", "not_an_amount", "'nan' is not an amount"),
    ("1,yesterday,C1,paid,West,1", "bad_time", "'yesterday' is not a date or time"),
    ("1,,C1,paid,West,1", "no_time", "the expression of `time` has no value"),
])
def test_an_invalid_row_is_rejected_with_its_line_and_the_others_are_imported(
    shop: Shop, row: str, code: str, message: str,
) -> None:
    imported = shop.import_rows("0,2025-07-01,C1,paid,West,1", row, "2,2025-07-01,C1,paid,West,1")
    assert [e.line for e in imported] == [2, 4]
    assert shop.rejected() == [("orders.csv", 3, code)]
    assert message in shop.tally.rejected[0].message


def test_line_numbers_count_the_lines_of_multi_line_values(shop: Shop) -> None:
    shop.import_rows('1,2025-07-01,C1,paid,"We\nst",1', "2,2025-07-01,C9,paid,West,1")
    assert shop.rejected() == [("orders.csv", 4, "not_found")]


# --- invalid files and mappings --------------------------------------------------------------------------------------


def test_a_missing_file_is_named(shop: Shop) -> None:
    (shop.directory / "customers.csv").unlink()
    with pytest.raises(MissingFile, match=r"has no file 'customers.csv', which the mapping shop reads"):
        shop.import_rows("1,2025-07-01,C1,paid,West,1")


def test_a_missing_column_is_named_with_the_line_of_the_mapping_that_reads_it(shop: Shop) -> None:
    with pytest.raises(MissingFile, match=r"orders.csv has no column 'region', which .*shop.yaml:23:15 reads; it has"
                                          r" number, day"):
        shop.import_rows("1,2025-07-01,C1,paid,1", head="number,day,customer,status,total\n")
    shop.write(ORDERS, ("    when: status != 'draft'\n", "    group_by: [numer]\n"))
    with pytest.raises(MissingFile, match=r"no column 'numer', which .*shop.yaml:15:5 reads"):
        shop.import_rows("1,2025-07-01,C1,paid,West,1")
    shop.write(ORDERS, ("key: code", "key: kode"))
    with pytest.raises(MissingFile, match=r"customers.csv has no column 'kode'"):
        shop.import_rows("1,2025-07-01,C1,paid,West,1")


def test_a_file_in_another_encoding_is_refused_with_the_option(shop: Shop) -> None:
    (shop.directory / "customers.csv").write_bytes("code,name,tier\nC1,Zürich,\n".encode("latin-1"))
    with pytest.raises(MissingFile, match=r"customers.csv cannot be read as utf-8-sig: .*`encoding`"):
        shop.import_rows("1,2025-07-01,C1,paid,West,1")


@pytest.mark.parametrize(("old", "new", "message"), [
    ("number)", "number", r"shop.yaml:13:\d+: emit/0/id: .*\("),
    ("slug(lookup", "slog(lookup", r":22:20: emit/0/data/customer_id: 'slog' is not a known function"),
    ("crm.order.placed.v1", "crm.order.eaten.v1", r":12:12: emit/0/event: 'crm.order.eaten.v1' is not an event"),
    ("crm.order.placed.v1", "crm.lead.scored.v1", r":12:12: emit/0/event: crm.lead.scored.v1 is published by lead"),
    ("file: orders", "file: ordres", r":11:11: emit/0/file: 'ordres' is not .*; use one of orders, customers"),
    ("status == 'test'", "status =", r":17:\d+: emit/0/skip/0/when"),
    ("reason: test orders", "because: test orders", r":17:9: emit/0/skip/0/reason: is required"),
    ("files:", "fils:", r"files: is required"),
    ("version: 1", "version: one", r":2:10: version: must be a whole number of at least 1"),
    ("name: shop", "name: shoppe", r"name: 'shoppe' must be 'shop', the name of the file"),
])
def test_an_invalid_mapping_is_refused_with_file_line_and_reason(
    shop: Shop, old: str, new: str, message: str,
) -> None:
    shop.write(ORDERS, (old, new))
    with pytest.raises(DefinitionError, match=message) as error:
        shop.import_rows("1,2025-07-01,C1,paid,West,1")
    assert str(shop.mapping) in str(error.value)


def test_a_row_is_imported_when_the_criterion_is_true_and_a_column_alone_is_refused(shop: Shop) -> None:
    shop.write(ORDERS, ("when: status != 'draft'", "when: lookup('customers', customer, 'tier')"))
    assert shop.import_rows("1,2025-07-01,C1,paid,West,1") == [], "a text value is not true"
    shop.write(ORDERS, ("when: status != 'draft'", "when: lookup('customers', customer, 'tier') == 'gold'"))
    assert len(shop.import_rows("1,2025-07-01,C1,paid,West,1")) == 1
    shop.write(ORDERS, ("when: status != 'draft'", "when: status"))
    with pytest.raises(DefinitionError, match=r"emit/0/when: 'status' is never true; compare it"):
        shop.import_rows("1,2025-07-01,C1,paid,West,1")


def test_an_unknown_mapping_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DefinitionError, match=r"'nothing' does not exist.* crm_opportunities, orders_rfm, superstore"):
        load_mapping("nothing", DEFINITIONS)


@pytest.mark.parametrize("name", ["crm_opportunities", "orders_rfm", "superstore"])
def test_every_shipped_mapping_compiles(name: str) -> None:
    assert load_mapping(name, DEFINITIONS).name == name


def test_line_numbers_of_definitions_are_those_of_the_file() -> None:
    _, marks = parse_yaml(b"a: 1\nb:\n  - {c: 2}\n  - c: 3\n    d: 4\n", "x.yaml")
    lines = {path: mark.line for path in marks.values if (mark := marks.of(path))}
    assert (lines[("a",)], lines[("b",)], lines[("b", 0)], lines[("b", 1, "d")]) == (1, 2, 3, 5)


# --- the functions of expressions ------------------------------------------------------------------------------------


def test_amounts_have_the_minor_units_of_their_currency() -> None:
    assert money("1234", "JPY") == {"amount_minor": 1234, "currency": "JPY"}
    assert money("1.2345", "KWD") == {"amount_minor": 1234, "currency": "KWD"}  # half to even
    assert money("", "EUR") is None and money(None, "EUR") is None


@given(st.decimals(-10**9, 10**9, places=4))
def test_minor_units_are_rounded_half_to_even(amount: Any) -> None:
    result = money(str(amount), "EUR")
    assert result is not None
    exact = amount * 100
    assert abs(exact - result["amount_minor"]) <= abs(exact - round(exact)) and result["amount_minor"] == round(exact)


def test_different_names_never_share_an_id_and_equal_names_have_the_same_one() -> None:
    tables = Tables()
    assert tables.slug("Acme Corporation") == tables.slug("Acme Corporation") == "acme-corporation"
    with pytest.raises(RowRejected, match="'Acme-corporation' and 'Acme Corporation'"):
        tables.slug("Acme-corporation")
    assert tables.slug("  ") is None
    with pytest.raises(RowRejected, match="'---' has no letter"):
        tables.slug("---")


@given(st.lists(st.text(min_size=1, max_size=12), unique_by=str.strip))
def test_names_in_any_script_get_unique_ids(names: list[str]) -> None:
    tables = Tables()
    ids = []
    for name in names:
        try:
            id = tables.slug(name)
        except RowRejected:
            continue  # names that differ in spelling only are rejected, never merged
        if id is not None:
            ids.append(id)
            assert 1 <= len(id) <= 128 and id.isascii()
    assert len(ids) == len(set(ids))


# --- sending ---------------------------------------------------------------------------------------------------------


def event(n: int, size: int = 10) -> Event:
    return Event({"id": str(n), "data": "x" * size}, "f.csv", n)


def test_requests_stay_below_the_limits_of_the_gateway_and_preserve_the_order() -> None:
    parts = list(chunks(iter([event(n) for n in range(2500)])))
    assert [len(p) for p in parts] == [1000, 1000, 500]
    parts = list(_by_size([event(n, 1_000_000) for n in range(20)]))
    assert all(sum(len(str(e.body)) for e in p) < 7_000_000 for p in parts)
    assert [e.line for p in parts for e in p] == list(range(20))
