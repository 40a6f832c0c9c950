import assert from "node:assert/strict";
import { createLogger, LOG_LEVELS, setLogLevel } from "shopflow/runtime/mod.ts";

function logged(level?: typeof LOG_LEVELS[number]): string[] {
  const lines: string[] = [];
  const log = createLogger((line) => lines.push(line), level);
  log.debug("a statement");
  log.info("a step");
  log.warn("a problem");
  return lines;
}

Deno.test("a logger writes the lines of its level and of the levels before it", () => {
  const lines = Object.fromEntries(LOG_LEVELS.map((level) => [level, logged(level)]));
  assert.deepEqual(lines, {
    error: [],
    warn: ["warning: a problem"],
    info: ["a step", "warning: a problem"],
    debug: ["debug: a statement", "a step", "warning: a problem"],
  });
});

Deno.test("a logger without a level of its own has that of the process, which may change", () => {
  assert.deepEqual(logged(), logged("info"));
  setLogLevel("debug");
  try {
    assert.deepEqual(logged(), logged("debug"));
    assert.deepEqual(logged("warn"), ["warning: a problem"]);
  } finally {
    setLogLevel("info");
  }
});

Deno.test("a debug line shows no secret", () => {
  const lines: string[] = [];
  createLogger((line) => lines.push(line), "debug").debug(
    "COPY from postgres://shop:hunter2hunter2@host/shop",
  );
  assert.deepEqual(lines, ["debug: COPY from postgres://shop:***@host/shop"]);
});
