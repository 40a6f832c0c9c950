"""The features of lib/customers by Polars, for several dates: a peer for their speed, and a second opinion on their values.

    python polars_peer.py FOLDER DATE…

Reads fact_orders, fact_events, fact_support_tickets and dim_products as Parquet from FOLDER. Rows that do not depend on
the date are prepared once. Prints the seconds, and of each date and feature the sum of its values.
"""

import json
import sys
import time
from datetime import date

import polars as pl

folder, *texts = sys.argv[1:]
dates = [date.fromisoformat(text) for text in texts]
begin = time.perf_counter()


def read(table):
    return pl.read_parquet(f"{folder}/{table}.parquet")


lines = (
    read("fact_orders")
    .filter(pl.col("customer_id") != "UNKNOWN")
    .join(read("dim_products").select("product_key", "category"), on="product_key", how="left")
    .with_columns(pl.col("order_amount", "discount_amount", "net_amount").cast(pl.Float64))
    .select("customer_id", "order_id", "product_id", "order_date", "line_type", "quantity", "order_amount",
            "discount_amount", "net_amount", "category")
)
days = lines.filter(pl.col("line_type") == "sale").select("customer_id", "order_date").unique()
clicks = (
    read("fact_events")
    .filter(pl.col("customer_id") != "UNKNOWN")
    .with_columns(day=pl.col("event_timestamp").dt.date(), device=pl.col("device_type").str.to_lowercase())
    .group_by("customer_id", "session_id", "day")
    .agg(
        page_views=(pl.col("event_type") == "page_view").sum(),
        has_cart=(pl.col("event_type") == "add_to_cart").any(),
        has_purchase=(pl.col("event_type") == "purchase").any(),
        device=pl.col("device").min(),
    )
)
tickets = read("fact_support_tickets").filter(pl.col("customer_id") != "UNKNOWN")


def ago(as_of, column):
    return (pl.lit(as_of) - pl.col(column).cast(pl.Date)).dt.total_days().alias("ago")


def recorded(rows, days):
    """The rows of so many days; in the benchmark's shop everything is recorded from the first order on."""
    if rows["ago"].max() < days:
        raise SystemExit(f"rows of {rows['ago'].max()} days, the features look at {days}")
    return rows.filter(pl.col("ago") <= days)


def features_at(as_of):
    known = lines.filter(pl.col("order_date") < as_of).with_columns(ago(as_of, "order_date"))
    sale, returned = pl.col("line_type") == "sale", pl.col("line_type") == "return"
    recent = sale & (pl.col("ago") <= 90)

    def orders(condition):
        return pl.col("order_id").filter(condition).n_unique()

    def total(column, condition=sale):
        return pl.col(column).filter(condition).sum()

    by_line = known.group_by("customer_id").agg(
        recency_days=pl.col("ago").filter(sale).min(),
        order_count=orders(sale),
        orders_90d=orders(recent),
        orders_91_180d=orders(sale & pl.col("ago").is_between(91, 180)),
        net_sales=total("net_amount"),
        net_sales_90d=total("net_amount", recent),
        quantity=total("quantity"),
        tenure_days=pl.col("ago").filter(sale).max(),
        product_count=pl.col("product_id").filter(sale).n_unique(),
        category_count=pl.col("category").filter(sale).n_unique(),
        order_amount=total("order_amount"),
        discount_amount=total("discount_amount"),
        order_amount_90d=total("order_amount", recent),
        discount_amount_90d=total("discount_amount", recent),
        discounted=orders(sale & (pl.col("discount_amount") > 0)),
        return_count=returned.sum(),
        returns_180d=(returned & (pl.col("ago") <= 180)).sum(),
        days_since_return=pl.col("ago").filter(returned).min(),
        returned_sales=-total("net_amount", returned),
    ).filter(pl.col("recency_days") <= 365).with_columns(
        average_order_value=pl.col("net_sales") / pl.col("order_count"),
        items_per_order=pl.col("quantity") / pl.col("order_count"),
        discount_share=pl.col("discount_amount") / pl.col("order_amount"),
        discount_share_90d=pl.when(pl.col("order_amount_90d") > 0)
        .then(pl.col("discount_amount_90d") / pl.col("order_amount_90d")),
        discounted_order_share=pl.col("discounted") / pl.col("order_count"),
        return_share=pl.col("returned_sales") / pl.col("net_sales"),
    ).drop("quantity", "order_amount", "discount_amount", "order_amount_90d", "discount_amount_90d", "discounted",
           "returned_sales")
    in_season = ((365 - pl.col("ago") % 365) % 365) < 90
    old = pl.col("ago").max() >= 365
    by_day = (
        days.filter(pl.col("order_date") < as_of)
        .with_columns(ago(as_of, "order_date"))
        .sort("customer_id", "order_date")
        .with_columns(gap=pl.col("order_date").diff().over("customer_id").dt.total_days())
        .group_by("customer_id")
        .agg(
            order_gap_mean_days=pl.col("gap").mean(),
            order_gap_sd_days=pl.col("gap").std(),
            last_order_gap_days=pl.col("gap").last(),
            relative_recency=pl.col("ago").min() / pl.col("gap").mean(),
            orders_season_last_year=pl.when(old).then(pl.col("ago").is_between(276, 365).sum()),
            season_order_share=pl.when(old).then(in_season.sum() / pl.len()),
        )
    )
    by_category = (
        known.filter(sale & pl.col("category").is_not_null())
        .group_by("customer_id", "category").agg(sales=pl.col("net_amount").sum())
        .group_by("customer_id").agg(top_category_share=pl.col("sales").max() / pl.col("sales").sum())
    )
    resolved = pl.col("resolved_at") < as_of
    score = pl.when(resolved).then(pl.col("satisfaction_score"))
    by_ticket = (
        tickets.filter(pl.col("created_at") < as_of)
        .with_columns(ago(as_of, "created_at"))
        .pipe(recorded, 180)
        .group_by("customer_id")
        .agg(
            tickets_180d=(pl.col("ago") <= 180).sum(),
            tickets_open=(~resolved.fill_null(False)).sum(),
            urgent_tickets_180d=(pl.col("priority").is_in(["High", "Critical"]) & (pl.col("ago") <= 180)).sum(),
            unhappy_tickets=(score <= 2).sum(),
            ticket_satisfaction=score.mean(),
            ticket_resolution_hours=pl.when(resolved)
            .then((pl.col("resolved_at") - pl.col("created_at")).dt.total_hours()).mean(),
            days_since_ticket=pl.col("ago").min(),
        )
    )
    by_session = (
        clicks.filter(pl.col("day") < as_of)
        .group_by("customer_id", "session_id")
        .agg(pl.col("day").max(), pl.col("page_views").sum(), pl.col("has_cart").any(), pl.col("has_purchase").any(),
             pl.col("device").min())
        .with_columns(ago(as_of, "day"))
        .pipe(recorded, 90)
        .group_by("customer_id")
        .agg(
            sessions_30d=(pl.col("ago") <= 30).sum(),
            sessions_90d=(pl.col("ago") <= 90).sum(),
            days_since_session=pl.col("ago").min(),
            page_views_90d=pl.col("page_views").filter(pl.col("ago") <= 90).sum(),
            carts_90d=(pl.col("has_cart") & (pl.col("ago") <= 90)).sum(),
            abandoned_carts_90d=(pl.col("has_cart") & ~pl.col("has_purchase") & (pl.col("ago") <= 90)).sum(),
            cart_abandonment_share=(pl.col("has_cart") & ~pl.col("has_purchase")).sum()
            / pl.when(pl.col("has_cart").any()).then(pl.col("has_cart").sum()),
            mobile_session_share=(pl.col("device") == "mobile").mean(),
            device_count=pl.col("device").n_unique(),
        )
    )
    joined = by_line
    for other in (by_day, by_category, by_ticket, by_session):
        joined = joined.join(other, on="customer_id", how="left")
    return joined.sort("customer_id").with_columns(pl.exclude("customer_id").cast(pl.Float32))


tables = [features_at(as_of) for as_of in dates]
seconds = time.perf_counter() - begin
sums = [
    {name: table[name].cast(pl.Float64).sum() for name in table.columns if name != "customer_id"} | {"rows": table.height}
    for table in tables
]
print(json.dumps({"seconds": seconds, "sums": sums, "version": pl.__version__}))
