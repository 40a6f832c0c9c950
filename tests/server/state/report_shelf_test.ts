import { InputError, LakeError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import { createLastSeen } from "../../../server/state/report_shelf.ts";

const NOW = new Date("2024-10-02T06:00:00Z");
const fails = () => Promise.reject(new LakeError("The lake has gone"));
const gives = <T>(value: T) => () => Promise.resolve(value);
const bytes = (value: string) => value.length;

Deno.test("what was read is given while the lake cannot be read, with the time of the reading", async () => {
  const { read } = createLastSeen({ now: () => NOW });
  await assert.rejects(read("a", fails, bytes), /has gone/);
  assert.deepEqual(await read("a", gives("one"), bytes), { value: "one" });
  assert.deepEqual(await read("a", fails, bytes), { value: "one", readAt: NOW });
  assert.deepEqual(await read("a", gives("two"), bytes), { value: "two" });
  await assert.rejects(read("a", () => Promise.reject(new InputError("no")), bytes), InputError);
  assert.equal(await read("a", gives(undefined), bytes), undefined);
  await assert.rejects(read("a", fails, bytes), /has gone/, "what is absent is not kept");
});

Deno.test("a reading that does not end gives way to what was read before, and is kept when it comes", async () => {
  const { read } = createLastSeen({ now: () => NOW }, { staleWhileLoadingMs: 1 });
  await read("a", gives("one"), bytes);
  const late = Promise.withResolvers<string>();
  assert.deepEqual(await read("a", () => late.promise, bytes), { value: "one", readAt: NOW });
  late.resolve("two");
  await late.promise;
  assert.deepEqual(await read("a", fails, bytes), { value: "two", readAt: NOW });
  const failure = Promise.withResolvers<string>();
  assert.deepEqual(await read("a", () => failure.promise, bytes), { value: "two", readAt: NOW });
  failure.reject(new TypeError("which would end the process, if nobody heard of it"));
  await failure.promise.catch(() => {});
});

Deno.test("no more than so many bytes are kept, and what was asked for least recently goes first", async () => {
  const { read } = createLastSeen({ now: () => NOW }, { mostBytes: 10 });
  await read("a", gives("aaaa"), bytes);
  await read("b", gives("bbbb"), bytes);
  await read("a", fails, bytes);
  await read("c", gives("cccc"), bytes);
  assert.equal((await read("a", fails, bytes))?.value, "aaaa");
  await assert.rejects(read("b", fails, bytes), LakeError);
  await read("d", gives("d".repeat(11)), bytes);
  await assert.rejects(read("d", fails, bytes), LakeError, "larger than all that is kept");
});
