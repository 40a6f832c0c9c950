/** Projects as dbt users write them, which dbt and our runner build to the same tables. */
import type { ProjectFiles } from "../lib/warehouse/small_project.ts";

const profile = (name: string) =>
  `${name}: { target: duckdb, outputs: { duckdb: { type: duckdb, path: built.duckdb, threads: 1 } } }\n`;

/** A coffee shop: seeds, staging views, marts with a column for each way to pay, docs blocks, `tests:`. */
const CAFE: ProjectFiles = {
  "dbt_project.yml": `name: cafe
version: "1.0"
config-version: 2
profile: cafe
model-paths: ["models"]
seed-paths: ["seeds"]
clean-targets: ["target"]
require-dbt-version: ">=1.0.0"
models:
  cafe:
    +materialized: table
    staging:
      +materialized: view
      +tags: [staging]
seeds:
  cafe:
    +quote_columns: false
    guests:
      +column_types: { zip: varchar }
`,
  "profiles.yml": profile("cafe"),
  "seeds/guests.csv":
    'id,first_name,zip,member_since\n1,Ada,00123,2023-01-05\n2,Ben,99,\n3,"Eve, the second",,2024-02-29\n',
  "seeds/bills.csv":
    "id,guest_id,day,status\n1,1,2024-01-01,paid\n2,1,2024-01-02,returned\n3,2,2024-01-02,paid\n4,3,2024-02-29,open\n",
  "seeds/payments.csv":
    "id,bill_id,method,cents\n1,1,card,1250\n2,1,coupon,250\n3,2,card,999\n4,3,gift_card,10000\n",
  "models/staging/stg_guests.sql": `with source as (
    {#-
    A table would be selected from here, if the data were not seeds.
    #}
    select * from {{ ref('guests') }}
),
renamed as (select id as guest_id, first_name, zip, member_since from source)
select * from renamed
`,
  "models/staging/stg_bills.sql": "select id as bill_id, guest_id, day, status from {{ ref('bills') }}",
  "models/staging/stg_payments.sql":
    "select id as payment_id, bill_id, method, {{ cents_to_money('cents') }} as amount from {{ ref(\"payments\") }}\n",
  "models/staging/schema.yml": `version: 2
models:
  - name: stg_guests
    columns:
      - name: guest_id
        tests: [unique, not_null]
  - name: stg_payments
    columns:
      - name: method
        tests:
          - accepted_values:
              values: [card, coupon, bank_transfer, gift_card]
`,
  "models/guests_by_value.sql": `with bills as (select * from {{ ref('stg_bills') }}),
spent as (
    select bills.guest_id, count(distinct bills.bill_id) as bills, sum(amount) as amount, min(day) as first_day
    from bills left join {{ ref('stg_payments') }} as payments using (bill_id)
    group by bills.guest_id
)
select guests.guest_id, guests.first_name, guests.zip, spent.bills, spent.amount, spent.first_day
from {{ ref('stg_guests') }} as guests left join spent using (guest_id)
`,
  "models/bill_totals.sql": `{{ config(alias='bills_with_payments') }}
{% set methods = ['card', 'coupon', 'bank_transfer', 'gift_card'] %}
select
    bills.bill_id,
    bills.day,
    {% for method in methods -%}
    sum(case when method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
    {% endfor -%}
    sum(amount) as amount
from {{ ref('stg_bills') }} as bills
left join {{ ref('stg_payments') }} using (bill_id)
group by 1, 2
`,
  "models/schema.yml": `version: 2
models:
  - name: guests_by_value
    description: One row a guest. {{ doc("guests") }}
    columns:
      - name: guest_id
        description: Key.
        tests:
          - unique
          - relationships: { to: ref('stg_guests'), field: guest_id }
`,
  "models/docs.md": "{% docs guests %}\n| who | what |\n{% enddocs %}\n",
  "macros/cents_to_money.sql":
    "{% macro cents_to_money(column, digits=2) -%}\n  round(1.0 * {{ column }} / 100, {{ digits }})\n{%- endmacro %}\n",
  "tests/no_negative_amounts.sql": "select * from {{ ref('bills_per_day') }} where amount < 0\n",
  "models/bills_per_day.sql": "select day, sum(amount) as amount from {{ ref('bill_totals') }} group by day",
};
/** A web shop: external sources, ephemeral and incremental models, tests with where and limits, unit tests. */
const WEB_SHOP: ProjectFiles = {
  "dbt_project.yml": `name: web_shop
profile: web_shop
vars:
  web_shop:
    first_day: "2024-01-02"
    kinds: [view, buy]
models:
  web_shop:
    marts: { +materialized: table, +tags: ["daily"] }
    old: { +enabled: false }
data_tests:
  web_shop:
    +severity: error
`,
  "profiles.yml": profile("web_shop"),
  "data/clicks.csv":
    "id,visitor,kind,at\n1,a,view,2024-01-01 10:00:00\n2,a,buy,2024-01-02 11:00:00\n3,b,view,2024-01-03 12:00:00\n4,b,other,2024-01-03 12:30:00\n",
  "models/sources.yml": `sources:
  - name: web
    config: { meta: { external_location: "data/{name}.csv" } }
    freshness: { warn_after: { count: 1, period: day } }
    tables:
      - name: clicks
        columns:
          - name: id
            data_tests: [unique, not_null]
`,
  "models/clicks_raw.sql": `{{ config(materialized='ephemeral') }}
select id, visitor, kind, cast("at" as timestamp) as clicked_at from {{ source('web', 'clicks') }}
`,
  "models/clicks_clean.sql": `{{ config(materialized='table') }}
select * from {{ ref('clicks_raw') }}
where kind in ({% for kind in var('kinds') %}'{{ kind }}'{% if not loop.last %}, {% endif %}{% endfor %})
`,
  "models/marts/visits.sql":
    `{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert') }}
select id, visitor, clicked_at from {{ ref('clicks_clean') }}
where clicked_at >= '{{ var("first_day") }}'
{% if is_incremental() %} and clicked_at > (select max(clicked_at) from {{ this }}) {% endif %}
`,
  "models/marts/kinds.sql": `{%- set totals = [] -%}
{%- for kind in var('kinds') -%}
  {%- do totals.append("sum(case when kind = '" ~ kind ~ "' then 1 else 0 end) as " ~ kind ~ "s") -%}
{%- endfor -%}
select visitor, {{ totals | join(', ') }}, {{ safe_ratio('sum(1)', 'count(*)') }} as ratio
from {{ ref('clicks_clean') }} group by visitor
`,
  "models/old/gone.sql": "select * from {{ ref('nowhere') }}",
  "models/marts/marts.yml": `models:
  - name: visits
    columns:
      - name: visitor
        data_tests:
          - accepted_values:
              arguments: { values: [a] }
              config: { where: "clicked_at < '2024-01-03'" }
          - not_null: { config: { severity: warn, warn_if: ">10", error_if: ">100" } }
  - name: kinds
    data_tests:
      - at_most:
          arguments: { column: views, most: "{{ var('most', 5) }}" }
          name: few_views
unit_tests:
  - name: counts_kinds_by_visitor
    model: kinds
    given:
      - input: ref('clicks_clean')
        rows:
          - { visitor: x, kind: view }
          - { visitor: x, kind: view }
          - { visitor: y, kind: buy }
    expect:
      rows:
        - { visitor: x, views: 2, buys: 0 }
        - { visitor: y, views: 0, buys: 1 }
  - name: only_newer_visits
    model: visits
    overrides: { macros: { is_incremental: true }, vars: { first_day: "2020-01-01" } }
    given:
      - input: ref('clicks_clean')
        format: csv
        rows: |
          id,visitor,clicked_at
          1,x,2024-01-01 00:00:00
          2,y,2024-01-05 00:00:00
      - input: this
        format: sql
        rows: select 9 as id, 'z' as visitor, timestamp '2024-01-02 00:00:00' as clicked_at
    expect:
      format: csv
      fixture: newer_visits
`,
  "tests/fixtures/newer_visits.csv": "id,visitor\n2,y\n",
  "tests/generic/at_most.sql":
    "{% test at_most(model, column, most=1) %}\nselect * from {{ model }} where {{ column }} > {{ most }}\n{% endtest %}\n",
  "tests/visits_are_known.sql":
    "{{ config(severity='warn', tags=['daily']) }}\nselect id from {{ ref('visits') }} except select id from {{ source('web', 'clicks') }}\n",
  "macros/safe_ratio.sql":
    "{% macro safe_ratio(a, b) %}{{ return(adapter.dispatch('safe_ratio', 'web_shop')(a, b)) }}{% endmacro %}\n" +
    "{% macro default__safe_ratio(a, b) %}{{ a }} / {{ b }}{% endmacro %}\n" +
    "{% macro duckdb__safe_ratio(a, b) %}round({{ a }} / nullif({{ b }}, 0), 4){% endmacro %}\n",
};

/** A library: macros with callers and many arguments, dbt's date functions, seeds with their own delimiter. */
const LIBRARY: ProjectFiles = {
  "dbt_project.yml": `name: library
profile: library
models: { library: { +materialized: table } }
seeds:
  library:
    loans: { +delimiter: ";", +column_types: { fee: "decimal(8,2)", taken: timestamp } }
`,
  "profiles.yml": profile("library"),
  "seeds/loans.csv":
    "book;reader;taken;fee;late\nB1;R1;2024-01-30 10:00:00;1.50;true\nB2;R1;2024-02-01 00:00:00;;false\nB1;R2;2024-02-03 09:30:00;0;false\n",
  "seeds/loans.yml":
    "seeds:\n  - name: loans\n    columns:\n      - name: book\n        data_tests: [not_null]\n",
  "models/days.sql":
    "{{ dbt.date_spine('day', \"cast('2024-01-30' as date)\", \"cast('2024-02-04' as date)\") }}\n",
  "models/loans_by_day.sql": `with days as (select cast(date_day as date) as day from {{ ref('days') }})
select
    days.day,
    count(loans.book) as loans,
    {{ listed('loans.book', order='loans.book') }} as books,
    {{ dbt.datediff("cast('2024-01-01' as date)", 'days.day', 'week') }} as week,
    {{ dbt.dateadd('quarter', 1, 'days.day') }} as next_quarter,
    {{ dbt.last_day('days.day', 'month') }} as month_end
from days
left join {{ ref('loans') }} as loans on cast(loans.taken as date) = days.day
group by days.day
`,
  "models/readers.sql": `{% set columns = {'fee': 'sum', 'late': 'bool_or'} %}
{% set ns = namespace(count=0) %}
select reader
{%- for column, how in columns.items() %}
{%- set ns.count = ns.count + 1 %}, {{ how }}({{ column }}) as {{ column }}_{{ ns.count }}
{%- endfor %}
from {{ ref('loans') }}
{% call where_any('fee', 'late') %}reader is not null{% endcall %}
group by reader
`,
  "macros/text.sql": `{% macro listed(column, order=none) -%}
string_agg({{ column }}, ','{% if order is not none %} order by {{ order }}{% endif %})
{%- endmacro %}

{% macro where_any() -%}
where {{ caller() }}{% for column in varargs %} {{ 'and (' if loop.first else 'or' }} {{ column }} is not null{{ ')' if loop.last }}{% endfor %}
{%- endmacro %}
`,
};

/** By name. */
export const DBT_PROJECTS: Record<string, ProjectFiles> = {
  "a coffee shop": CAFE,
  "a web shop": WEB_SHOP,
  "a library": LIBRARY,
};
