import assert from "node:assert/strict";
import { selectRows, type TableView } from "../../../../server/pages/reports/table.tsx";
import { createClient } from "../../api_client.ts";
import { temporaryLake } from "../../small_lake.ts";
import { publishSmallReport } from "../../small_report.ts";

const DATA = {
  columns: ["name", "amount"],
  rows: [["Zoë", "10"], ["adam", "9.5"], ["Bert", ""], ["<b>", "-1e3"]],
};
const ALL: TableView = { search: "", sort: undefined, descending: false, page: 1 };
const names = (view: Partial<TableView>) => selectRows(DATA, { ...ALL, ...view }).map(([name]) => name);

Deno.test("rows are found in any case, and ordered as numbers where all are, without a value last", () => {
  assert.deepEqual(names({ search: "ZOË" }), ["Zoë"]);
  assert.deepEqual(names({ search: "e" }), ["Bert", "<b>"]);
  assert.deepEqual(names({ sort: 1 }), ["<b>", "adam", "Zoë", "Bert"]);
  assert.deepEqual(names({ sort: 1, descending: true }), ["Zoë", "adam", "<b>", "Bert"]);
  assert.deepEqual(names({ sort: 0 }), ["<b>", "adam", "Bert", "Zoë"]);
});

Deno.test("a small fraction is not shown as 0", async () => {
  await using lake = await temporaryLake();
  const rows = "<tr><td>0.00042137</td></tr><tr><td>12.34567</td></tr><tr><td>0</td></tr>";
  await publishSmallReport(lake.store, {
    runId: "r1",
    data: {
      "text/html": `<table><thead><tr><th>p</th></tr></thead><tbody>${rows}</tbody></table>`,
    },
  });
  const page = await (await createClient(lake.store).get("/reports/churn/runs/r1/tables/cell-1-0-0")).text();
  assert.deepEqual(page.match(/(?<=<td[^>]*>)[^<]+/g), ["0.000421", "12.346", "0"]);
});

Deno.test("a table has all rows as CSV and in pages, although the report shows some", async () => {
  await using lake = await temporaryLake();
  const rows = Array.from({ length: 250 }, (_, i) => `<i>Customer</i> ${i},${i * 2}`);
  await publishSmallReport(lake.store, {
    runId: "r1",
    data: {
      "text/html":
        '<p class="table-caption">Buyers</p><table class="data"><thead><tr><th>a</th><th>b</th></tr></thead>' +
        "<tbody><tr><td>Customer 0</td><td>0</td></tr></tbody></table>",
      "text/csv": ["a,b", ...rows].join("\n"),
    },
  });
  const { get } = createClient(lake.store);
  const report = await (await get("/reports/churn")).text();
  const [path] = report.match(/\/reports\/churn\/runs\/r1\/tables\/cell-1-0-0(?=")/) ?? [];
  assert.match(
    report,
    /All 250 rows<\/a> <a href="[^"]*cell-1-0-0\.csv" download="churn_r1_cell-1-0-0\.csv"/,
  );
  const csv = await get(`${path}.csv`);
  assert.match(
    csv.headers.get("content-disposition") ?? "",
    /attachment; filename="churn_r1_cell-1-0-0\.csv"/,
  );
  assert.equal((await csv.text()).trim().split("\n").length, 251);

  const first = await (await get(path!)).text();
  assert.match(first, /<h1 class="title">Buyers<\/h1>/);
  assert.match(first, /Page 1 of 3, 250 rows/);
  assert.match(first, /&lt;i&gt;Customer&lt;\/i&gt; 0</, "values are text");
  assert.doesNotMatch(first, /<script/);
  const found = await (await get(`${path}?q=customer%3C%2Fi%3E+24&sort=1&order=desc`)).text();
  assert.match(found, /11 rows of 250 with/);
  assert.match(found, /aria-sort="descending"/);
  assert.ok(found.indexOf("249") < found.indexOf("240"));
  assert.match(await (await get(`${path}?page=99`)).text(), /Page 3 of 3/);
  for (const other of ["cell-9-0-0", "cell-1-0-1", "x", "cell-1-0-0.csv.csv"]) {
    assert.equal((await get(`/reports/churn/runs/r1/tables/${other}`)).status, 404, other);
  }
});

Deno.test("shares and amounts of money are ordered by their size, unknown ones last", () => {
  const sorted = (texts: string[]) =>
    selectRows({ columns: ["figure"], rows: texts.map((text) => [text]) }, { ...ALL, sort: 0 }).flat();
  assert.deepEqual(sorted(["–", "9.5 %", "14.8 %", "10 %"]), ["9.5 %", "10 %", "14.8 %", "–"]);
  assert.deepEqual(sorted(["$1,234", "−$5", "$900"]), ["−$5", "$900", "$1,234"]);
});
