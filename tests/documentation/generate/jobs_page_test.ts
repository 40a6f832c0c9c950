import assert from "node:assert/strict";
import { interfaceFields } from "../../../documentation/generate/jobs_page.ts";

Deno.test("fields of an interface are read with their comments, nested ones below their own", () => {
  const source = `
    /** What happens on overlap. */
    type Overlap = "skip" | "queue";
    interface Retries {
      /** How often. */
      limit: number;
    }
    export interface Job {
      /** Its name, see {@linkcode Pools}. */
      name: string;
      overlap: Overlap;
      /** After a
       * failure. */
      retries: Retries;
      owner?: string;
    }`;
  assert.deepEqual(interfaceFields(source, "Job"), [
    { name: "name", type: "string", meaning: "Its name, see `Pools`." },
    { name: "overlap", type: '"skip" | "queue"', meaning: "What happens on overlap." },
    { name: "retries", type: "object", meaning: "After a failure." },
    { name: "retries.limit", type: "number", meaning: "How often." },
    { name: "owner", type: "string", meaning: "" },
  ]);
});

Deno.test("an interface that the file lacks is an error", () => {
  assert.throws(() => interfaceFields("interface A {}", "B"), /There is no interface B/);
});
