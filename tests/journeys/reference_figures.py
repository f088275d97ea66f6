"""The figures of the public data, computed from its CSV files by pandas and nothing of the project.

Buckets are named as the answers name them: "2017-03", "2017-Q1". A bucket in which nothing happened is left out.
"""
from collections.abc import Callable, Hashable
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pandas as pd

DATA = Path(__file__).parents[3] / "shared" / "data"
SIX = Decimal("0.000001")

Figures = dict[tuple[Hashable, ...], Any]
"""{(bucket, label ...): value}"""

PUBLISHED_RFM = {
    "potential_loyalist": 342, "loyal_customers": 170, "lost": 148, "new_customers": 104, "about_to_sleep": 102,
    "cant_lose_them": 47, "champions": 35, "at_risk": 28, "need_attention": 10, "promising": 9,
}
"""Customers per segment, as the documentation of the R package rfm prints them."""


def slug(names: "pd.Series[str]") -> "pd.Series[str]":
    """An id as a name becomes one: lower case, what is between words one hyphen."""
    return names.str.strip().str.lower().str.replace(r"[^a-z0-9._:]+", "-", regex=True).str.strip("-")


def cents(text: str) -> int:
    return int(Decimal(text).scaleb(2).quantize(Decimal(1), ROUND_HALF_EVEN))


def buckets(days: "pd.Series[Any]", grain: str) -> "pd.Series[Any]":
    """Days before everything (NaT) are in no bucket."""
    months = days.dt.strftime("%Y-%m")
    if grain == "month":
        return months
    return days.dt.year.astype("Int64").astype("string") + "-Q" + days.dt.quarter.astype("Int64").astype("string")


# --- B2B sales opportunities ------------------------------------------------------------------------------------------


def opportunities() -> pd.DataFrame:
    """One row per opportunity, misspelt products and sectors put right, with what its figures are divided by."""
    where = DATA / "crm_opportunities"
    deals = pd.read_csv(where / "sales_pipeline.csv", dtype=str)
    teams = pd.read_csv(where / "sales_teams.csv", dtype=str).set_index("sales_agent")
    sectors = pd.read_csv(where / "accounts.csv", dtype=str).set_index("account")["sector"]
    return pd.DataFrame({
        "id": deals["opportunity_id"],
        "stage": deals["deal_stage"].str.lower(),
        "opened": pd.to_datetime(deals["engage_date"]),
        "closed": pd.to_datetime(deals["close_date"]),
        "minor": deals["close_value"].map(cents, na_action="ignore").astype("Int64"),
        "customer": slug(deals["account"]),
        "region": deals["sales_agent"].map(teams["regional_office"]),
        "team": deals["sales_agent"].map(teams["manager"]),
        "rep": slug(deals["sales_agent"]),
        "product": slug(deals["product"].replace("GTXPro", "GTX Pro")),
        "sector": deals["account"].map(sectors.replace("technolgy", "technology")),
    })


def grouped(
    rows: pd.DataFrame, by_day: str, grain: str, by: str | None, value: Callable[[pd.DataFrame], Any],
) -> Figures:
    """`value` of the rows of each bucket and, with `by`, of each label; a missing label is the label None."""
    keyed = rows.assign(bucket=buckets(rows[by_day], grain)).dropna(subset=["bucket"])
    found: Figures = {}
    for key, group in keyed.groupby(["bucket", *([by] if by else [])], dropna=False):
        found[tuple(None if pd.isna(part) else part for part in key)] = value(group)
    return found


def won(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["stage"] == "won"]


def lost(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["stage"] == "lost"]


def closed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["stage"].isin(["won", "lost"])]


def amount(rows: pd.DataFrame) -> int:
    return int(rows["minor"].sum())


def customers(rows: pd.DataFrame) -> int:
    return int(rows["customer"].nunique())


def median_days(rows: pd.DataFrame) -> float:
    return float((rows["closed"] - rows["opened"]).dt.days.median())


def share_won(rows: pd.DataFrame) -> float:
    return divided(len(won(rows)), len(rows))


def average(rows: pd.DataFrame) -> float:
    return divided(amount(rows), len(rows))


def divided(above: int, below: int) -> float:
    return float((Decimal(above) / below).quantize(SIX, ROUND_HALF_EVEN))


Rows = Callable[[pd.DataFrame], pd.DataFrame]
MEASURES: dict[str, tuple[Rows, str, Callable[[pd.DataFrame], Any]]] = {
    "opportunities_opened": (lambda rows: rows, "opened", len),
    "opportunities_won": (won, "closed", len),
    "opportunities_lost": (lost, "closed", len),
    "signed_amount": (won, "closed", amount),
    "average_deal": (won, "closed", average),
    "win_rate": (closed, "closed", share_won),
    "cycle_days": (closed, "closed", median_days),
    "cycle_days_won": (won, "closed", median_days),
    "signed_customers": (won, "closed", customers),
}
"""Which opportunities count, on which day, and what they come to."""


def of_opportunities(rows: pd.DataFrame, measure: str, grain: str, by: str | None) -> Figures:
    which, day, value = MEASURES[measure]
    return grouped(which(rows), day, grain, by, value)


def open_at_end(rows: pd.DataFrame, grain: str, by: str | None) -> Figures:
    """Deals open when the last day of a bucket is over, those that were opened nobody knows when included."""
    found: Figures = {}
    for end in pd.period_range("2016-10", "2017-12", freq="M" if grain == "month" else "Q"):
        after = end.end_time
        still = rows[(rows["opened"].isna() | (rows["opened"] <= after)) & ~(rows["closed"] <= after)]
        for label, group in still.groupby(by, dropna=False) if by else [(None, still)]:
            bucket = end.strftime("%Y-%m" if grain == "month" else "%Y-Q%q")
            key = (None if pd.isna(label) else label,) if by else ()
            found[(bucket, *key)] = len(group)
    return found


# --- orders -----------------------------------------------------------------------------------------------------------


def rfm_orders() -> pd.DataFrame:
    orders = pd.read_csv(DATA / "orders_rfm" / "orders.csv", dtype=str)
    return pd.DataFrame({"day": pd.to_datetime(orders["order_date"]), "minor": orders["revenue"].map(cents)})


def superstore_lines() -> pd.DataFrame:
    """One row per line, in cents, half-even line by line; an order is a customer and a number."""
    lines = pd.read_csv(DATA / "superstore" / "superstore_dev_2019_2021.csv", dtype=str)
    made = pd.DataFrame({
        "order": lines["Customer ID"] + "|" + lines["Order ID"],
        "day": pd.to_datetime(lines["Order Date"]),
        "region": lines["Region"],
        "category": lines["Category"],
        "minor": lines["Sales"].map(cents),
    })
    # an order is told by its first line: where it lies and when it was placed
    first = made.groupby("order", sort=False)[["day", "region"]].transform("first")
    return made.assign(day=first["day"], region=first["region"])


def orders_in(rows: pd.DataFrame) -> int:
    return int(rows["order"].nunique())
