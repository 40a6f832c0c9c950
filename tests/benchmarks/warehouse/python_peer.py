"""The same job with Python's tools: psycopg COPY and pymongo into Parquet by DuckDB, then `dbt build`, then Parquet.

    python python_peer.py POSTGRES_URL MONGODB_URL FOLDER PROJECT DBT

Reads whole tables into FOLDER, builds the dbt project PROJECT with the command DBT, and writes the curated tables.
"""

import os
import subprocess
import sys

import duckdb
import psycopg
import pyarrow
import pymongo
from pyarrow import parquet

RUN = ", TIMESTAMP '2025-01-02' AS _extracted_at, 'peer' AS _run, false AS _deleted"
TABLES = {
    "customers": "customer_id VARCHAR, email VARCHAR, first_name VARCHAR, last_name VARCHAR, city VARCHAR, "
    "country VARCHAR, signup_date DATE, customer_segment VARCHAR, total_orders INTEGER, total_spent DECIMAL(10,2)",
    "products": "product_id VARCHAR, product_name VARCHAR, category VARCHAR, brand VARCHAR, price DECIMAL(10,2), "
    "cost DECIMAL(10,2), margin_pct DECIMAL(5,2), stock_status VARCHAR",
    "orders": "order_id VARCHAR, customer_id VARCHAR, product_id VARCHAR, order_date DATE, "
    "order_amount DECIMAL(10,2), quantity INTEGER, discount_amount DECIMAL(10,2), payment_method VARCHAR",
    "events": "event_id VARCHAR, customer_id VARCHAR, session_id VARCHAR, event_type VARCHAR, "
    "event_timestamp TIMESTAMP, product_id VARCHAR, page_url VARCHAR, device_type VARCHAR, browser VARCHAR",
    "inventory": 'product_id VARCHAR, warehouse_id VARCHAR, "date" DATE, stock_level INTEGER, '
    "reorder_level INTEGER, last_updated TIMESTAMP",
}
TICKETS = pyarrow.schema(
    [(name, pyarrow.string()) for name in ("ticket_id", "customer_id", "customer_segment")]
    + [(name, pyarrow.timestamp("us")) for name in ("created_date", "resolved_date")]
    + [(name, pyarrow.string()) for name in ("issue_type", "issue_category", "priority", "status")]
    + [(name, pyarrow.int32()) for name in ("resolution_hours", "satisfaction_score")]
    + [(name, pyarrow.string()) for name in ("agent_id", "description", "order_id", "product_id")]
)


def copy_tables(url, folder, database):
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for table, columns in TABLES.items():
            path = f"{folder}/{table}.csv"
            with open(path, "wb") as file, connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT csv)") as copy:
                for chunk in copy:
                    file.write(chunk)
            types = ", ".join(
                "'{}': '{}'".format(*column.replace('"', "").split(" ", 1)) for column in columns.split(", ")
            )
            database.execute(
                f"COPY (SELECT *{RUN} FROM read_csv('{path}', columns = {{{types}}}, auto_detect = false, "
                f"header = false)) TO '{folder}/{table}.parquet' (FORMAT parquet, COMPRESSION zstd)"
            )
            os.remove(path)


def copy_tickets(url, folder, database):
    documents = pymongo.MongoClient(url).get_default_database()["support_tickets"].find({}, {"_id": 0})
    table = pyarrow.Table.from_pylist(list(documents), schema=TICKETS)
    parquet.write_table(table, f"{folder}/tickets.parquet", compression="zstd")
    database.execute(
        f"COPY (SELECT *{RUN} FROM '{folder}/tickets.parquet') "
        f"TO '{folder}/support_tickets.parquet' (FORMAT parquet, COMPRESSION zstd)"
    )


def main(postgres_url, mongodb_url, folder, project, dbt):
    path = f"{folder}/warehouse.duckdb"
    with duckdb.connect(path) as database:
        copy_tables(postgres_url, folder, database)
        copy_tickets(mongodb_url, folder, database)
        database.execute("CREATE SCHEMA raw")
        for table in [*TABLES, "support_tickets"]:
            database.execute(f"CREATE VIEW raw.{table} AS FROM '{folder}/{table}.parquet'")
    subprocess.run(
        [dbt, "build", "--profiles-dir", project, "--target-path", f"{folder}/target", "--log-path", f"{folder}/logs"],
        cwd=project,
        env={**os.environ, "DBT_DUCKDB_PATH": path, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        check=True,
        stdout=sys.stderr,
    )
    os.makedirs(f"{folder}/curated")
    with duckdb.connect(path) as database:
        curated = [name[:-4] for name in os.listdir(f"{project}/models/curated") if name.endswith(".sql")]
        for name in curated:
            database.execute(
                f"COPY (FROM main.{name} ORDER BY ALL) TO '{folder}/curated/{name}.parquet' "
                "(FORMAT parquet, COMPRESSION zstd)"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
