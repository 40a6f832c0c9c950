import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { readTicketFile } from "../../../../lib/sources/tickets/export_file.ts";

const GOOD = [
  `{"ticket_id": "T1"}`,
  `{"ticket_id": "T2", "created_date": {"$date": "2024-02-29T00:00:00.5Z"}}`,
];

async function read(bytes: string | Uint8Array) {
  const path = await Deno.makeTempFile();
  const log: string[] = [];
  try {
    await Deno.writeFile(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    const tickets = await Array.fromAsync(readTicketFile(path, createLogger((line) => log.push(line))));
    return {
      ids: tickets.map(({ document }) => document.ticket_id),
      dates: tickets.map(({ document }) => document.created_date),
      places: tickets.map(({ place }) => place),
      log,
    };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("every line of a tickets file is a ticket or blank, and the log says so", async () => {
  const { ids, places, log } = await read(GOOD.join("\n\n"));
  assert.deepEqual(ids, ["T1", "T2"]);
  assert.match(places[1]!, /^line 3 of /);
  assert.match(log.join("\n"), /tickets file: 3 lines read = 2 tickets \+ 1 blank/);
  assert.deepEqual((await read(gzipSync("\uFEFF" + GOOD.join("\r\n")))).ids, ["T1", "T2"]);
  // U+2028 and the like are text.
  assert.deepEqual((await read(`{"ticket_id": "A\u2028B"}`)).ids, ["A\u2028B"]);
});

Deno.test("an array of tickets, or tickets over several lines, are read as those of one a line", async () => {
  const T3 = `{\n  "ticket_id": "T3 }]",\n  "subject": "a \\"{\\" [\\\\",\n  "more": { "x": [ { } ] }\n}`;
  const files = [
    `[${GOOD.join(",\n")},\n${T3}]\n`,
    `\uFEFF[\r\n${[...GOOD, T3].join(",\r\n").replaceAll("\n", "\r\n")}\r\n]`,
    `\n${T3}\n${GOOD.join("\n")}`,
    `[${[...GOOD, T3].join(",")}]`,
  ];
  for (const file of files) {
    const { ids, log } = await read(file);
    assert.deepEqual(ids.sort(), ["T1", "T2", "T3 }]"], file);
    assert.match(log.join("\n"), /lines read = 3 tickets/);
  }
  const { places } = await read(files[2]!);
  assert.deepEqual(places.map((place) => place.match(/line \d+/)![0]), ["line 2", "line 7", "line 8"]);
  assert.deepEqual((await read("[]\n")).ids, []);
  assert.deepEqual((await read("[\n]")).ids, []);
});

Deno.test("a date that the calendar lacks stays text, which is wrong in its ticket alone", async () => {
  const dates = ["2024-02-30T00:00:00Z", "3/4/2024"];
  const lines = dates.map((date) => `{"ticket_id": "T", "created_date": {"$date": ${JSON.stringify(date)}}}`);
  assert.deepEqual((await read(lines.join("\n"))).dates, dates);
});

Deno.test("a tickets file with lines that are no documents is not taken, and the message counts them", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    [
      `${GOOD[0]}\n{"ticket_id": "T2", "created`,
      /1 of 2 lines of the tickets file .* cannot be read, line 2:/,
    ],
    [
      `[${GOOD[0]},\n${GOOD[1]}]\n${GOOD[1]}`,
      /1 of 3 lines .* cannot be read, line 3:.*text between documents/,
    ],
    [`[${GOOD[0]},\n${GOOD[1]}`, /cannot be read, line 2:.*the file ends before its \]/],
    [`[\n{\n"ticket_id": "}`, /cannot be read, line 2:.*the file ends within a document/],
    [`[${GOOD[0]}, "T2"]`, /line 1: .*expected one JSON document a line or an array.*text between documents/],
    [`[{"ticket_id": 1,}]`, /line 1: /],
    [`["T1"]`, /line 1: .*text between documents/],
    [`ticket_id,created_date\nT3,2024-01-01`, /2 of 2 lines .* cannot be read, the first is line 1:/],
    [GOOD.join(""), /line 1: /],
    [`{"$date": "2024-01-01T00:00:00Z"}`, /line 1: .*not a document/],
    [`{"$oid": "65a000000000000000000000"}`, /line 1: .*not a document/],
    [gzipSync(GOOD.join("\n")).subarray(0, 50), /unexpected end of file.*cut off/],
  ];
  for (const [bytes, message] of cases) {
    await assert.rejects(
      read(bytes),
      (error) => error instanceof ShopFlowError && message.test(error.message),
    );
  }
});
