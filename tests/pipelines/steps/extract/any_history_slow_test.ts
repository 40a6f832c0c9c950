/** After each extract the raw layer's current rows are those of the source, whatever happened before. */
import assert from "node:assert/strict";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { publishRawExtract, type RawTable } from "shopflow/lake/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { type ExtractedTable, SOURCE_TABLES, TICKET_TABLE } from "shopflow/sources/mod.ts";
import { openSession, type Session } from "shopflow/warehouse/mod.ts";
import type { Row } from "../../../../lib/warehouse/session.ts";
import fc from "fast-check";
import { join } from "node:path";
import { extractTable } from "../../../../pipelines/steps/extract/extract_table.ts";
import { beginReading } from "../../../../pipelines/steps/extract/table_reading.ts";
import {
  createChangingSource,
  monthOfRow,
  type SourceKind,
  type SourceRow,
} from "../../../fixtures/changing_source.ts";
import { currentRawRows } from "../../../fixtures/current_raw_rows.ts";
import { histories, type Step } from "../../../fixtures/shop_history.ts";

const DAY = 24 * 60 * 60 * 1000;
const START = Date.UTC(2024, 0, 1);

interface Case {
  table: ExtractedTable;
  kind: SourceKind;
  /** Column that an update changes, and that no control total tells of. */
  value: string;
}

/** A source table for which no full refresh comes due: that would hide what its window misses. */
const named = (name: string): ExtractedTable => {
  const table = [...SOURCE_TABLES, TICKET_TABLE].find((table) => table.name === name)!;
  const { strategy } = table;
  return strategy.kind === "watermark"
    ? { ...table, strategy: { ...strategy, fullRefreshDays: 100_000 } }
    : table;
};
const CASES: Case[] = [
  { table: named("customers"), kind: "postgres", value: "city" },
  { table: named("products"), kind: "postgres", value: "brand" },
  { table: named("orders"), kind: "postgres", value: "payment_method" },
  { table: named("events"), kind: "postgres", value: "browser" },
  { table: named("inventory"), kind: "postgres", value: "reorder_level" },
  { table: named("support_tickets"), kind: "mongodb", value: "agent_id" },
  { table: named("support_tickets"), kind: "api", value: "agent_id" },
  { table: named("support_tickets"), kind: "file", value: "agent_id" },
];

/** The text of a time so many days after the start, as the column's type has it. */
function timeText(day: number, column: string, { columns }: ExtractedTable): string {
  const text = new Date(START + day * DAY).toISOString();
  const isDate = columns.find(({ name }) => name === column)!.lakeType === "DATE";
  return isDate ? text.slice(0, 10) : text.slice(0, 19).replace("T", " ");
}

/** A table whose watermark stayed behind, as after a run that read rows again. */
function withWatermarkOf(
  { watermark: _, refreshedAt: __, ...table }: RawTable,
  before: RawTable | undefined,
): RawTable {
  return {
    ...table,
    ...(before?.watermark !== undefined && { watermark: before.watermark }),
    ...(before?.refreshedAt !== undefined && { refreshedAt: before.refreshedAt }),
  };
}

/** A source table through a history, and its raw layer. */
class Play {
  readonly source;
  private readonly store;
  private readonly lookback: number;
  private readonly days = new Map<SourceRow, number | null>();
  /** Months (or `all`) in which one row before the look-back changed: a second one might hide it from the control totals. */
  private disturbed = new Set<string>();
  private today = 100;
  private known: RawTable | undefined;
  private runs = 0;

  constructor(
    private readonly session: Session,
    private readonly folder: string,
    private readonly one: Case,
  ) {
    this.source = createChangingSource(one.kind);
    this.store = createDirectoryStore(join(folder, crypto.randomUUID()));
    const { strategy } = one.table;
    this.lookback = strategy.kind === "watermark" && one.kind !== "file" ? strategy.lookbackDays : Infinity;
  }

  async step(step: Step): Promise<void> {
    if (step.kind === "wait") this.today += step.days;
    if (step.kind === "insert") this.insert(step);
    if (step.kind === "update") {
      const rows = this.source.rows.filter((row) => this.inReach(row));
      const row = rows[step.row % rows.length];
      if (row) row[this.one.value] = String(step.value);
      if (row && "status" in row) row.status = ["Open", "Resolved", "Closed"][step.status]!;
    }
    if (step.kind === "amend") {
      const { amount, quantity } = this.one.table.measures;
      const column = amount ?? quantity;
      const row = this.source.rows[step.row % this.source.rows.length];
      if (column && row && this.mayChange(row)) row[column] = String(Number(row[column] ?? 0) + 1);
    }
    if (step.kind === "delete") {
      const row = this.source.rows[step.row % this.source.rows.length];
      if (row && this.mayChange(row)) this.source.rows = this.source.rows.filter((other) => other !== row);
    }
    if (step.kind === "extract") await this.extractAndCompare(step.watermarkMoves);
  }

  async extractAndCompare(watermarkMoves: boolean): Promise<void> {
    await this.extractOnce(watermarkMoves);
    assert.equal(await this.extractOnce(watermarkMoves), false, "nothing changed, and yet rows were written");
    assert.equal(this.known!.rows, this.source.rows.length);
    const { table } = this.one;
    const tables = { [table.name]: this.known! };
    await publishRawExtract(this.store, { run: "r", extractedAt: "", source: "", tables });
    const raw = await currentRawRows(this.store, table.name);
    assert.deepEqual(raw.map(this.text).sort(), this.source.rows.map(this.text).sort());
    for (const row of raw) this.assertDated(row);
  }

  private insert({ id, age, value }: Step & { kind: "insert" }): void {
    const { table, kind } = this.one;
    const { strategy, measures } = table;
    const isUnique = strategy.kind === "snapshot";
    const key = id === 0 && !isUnique && kind !== "api" ? null : `U${id}`;
    if (isUnique && this.source.rows.some((row) => row[table.mergeKey[0]!] === key)) return;
    // What the Support API cannot be asked for has no place in its pages.
    const day = age.kind === "none"
      ? (kind === "api" ? this.today : null)
      : age.kind === "ahead"
      ? this.today + age.days
      : this.today - age.days;
    const row: SourceRow = { [table.mergeKey[0]!]: key, [this.one.value]: String(value) };
    const times = strategy.kind === "watermark" ? [strategy.column, strategy.correctedColumn] : [];
    for (const column of [...times, measures.date]) {
      if (column && day !== null) row[column] = timeText(day, column, table);
    }
    if (table.name === "support_tickets") row.status = "Open";
    if (age.kind === "late" && table.name === "support_tickets") row.status = "Closed";
    this.days.set(row, day);
    if (this.mayChange(row)) this.source.rows.push(row);
  }

  /** Whether the window shows the row. */
  private inReach(row: SourceRow): boolean {
    const day = this.days.get(row) ?? null;
    return day === null || day >= this.today - this.lookback || ("status" in row && row.status !== "Closed");
  }

  private mayChange(row: SourceRow): boolean {
    if (this.inReach(row)) return true;
    const month = this.one.kind === "api" ? "all" : monthOfRow(row, this.one.table);
    const first = !this.disturbed.has(month);
    this.disturbed.add(month);
    return first;
  }

  private async extractOnce(watermarkMoves: boolean): Promise<boolean> {
    const { table } = this.one;
    const folder = join(this.folder, crypto.randomUUID());
    await Deno.mkdir(folder);
    const now = START + this.today * DAY + ++this.runs;
    await using reading = await beginReading(this.session, this.store, this.source, table, {
      run: `run${String(this.runs).padStart(4, "0")}`,
      extractedAt: new Date(now).toISOString(),
      now: new Date(now).toISOString(),
      known: this.known,
      fullRefresh: false,
      mayShrink: false,
      quarantineLimit: { rows: 0, share: 0 },
      sourceTime: new Date(now).toISOString().replace("T", " ").slice(0, -1),
      folder,
      log: createLogger(() => {}),
    });
    const state = await extractTable(this.session, this.store, reading);
    if (state.newFile) await this.store.moveIn(state.newFile.key, state.newFile.path);
    this.known = watermarkMoves ? state.table : withWatermarkOf(state.table, this.known);
    this.disturbed = new Set();
    return state.newFile !== undefined;
  }

  /** Facts tell a row that is due by now from one in the future by the time of its extract. */
  private assertDated(row: Row): void {
    const { date } = this.one.table.measures;
    const time = date === undefined ? null : row[date];
    if (typeof time !== "string") return;
    const day = Date.parse(time.slice(0, 10)) - DAY;
    const extracted = Date.parse(String(row._extracted_at).slice(0, 10));
    const today = START + this.today * DAY;
    assert.ok(day <= extracted || day > today, `${time} was extracted ${row._extracted_at} and is due`);
  }

  private text = (row: Record<string, unknown>) =>
    this.one.table.columns.map(({ name, lakeType }) => {
      const value = row[name] ?? null;
      return value !== null && lakeType.startsWith("DECIMAL") ? Number(value).toFixed(2) : value;
    }).join("|");
}

for (const example of CASES) {
  const { table, kind } = example;
  Deno.test(`whatever happens between extracts, the raw ${table.name} are those of the source (${kind})`, async () => {
    const folder = await Deno.makeTempDir();
    using session = await openSession({ threads: 1 });
    try {
      await fc.assert(
        fc.asyncProperty(histories, async (history) => {
          const play = new Play(session, folder, example);
          for (const step of history) await play.step(step);
          await play.extractAndCompare(true);
        }),
        { numRuns: Number(Deno.env.get("SHOPFLOW_TEST_RUNS") ?? 12), seed: 3 },
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
