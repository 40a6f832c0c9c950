import assert from "node:assert/strict";
import { BSON } from "mongodb";
import { checkSources } from "shopflow/sources/compare/mod.ts";
import { withEmbeddedShop } from "../../../fixtures/embedded_shop.ts";
import { wholeTicket } from "../../../fixtures/whole_ticket.ts";

Deno.test("tickets of which an extract would refuse so many wrong ones are not said to be readable", () =>
  withEmbeddedShop(async ({ config, runtime }) => {
    const check = async (wrong: number) => {
      const tickets = Array.from({ length: 60 }, (_, i) =>
        BSON.EJSON.stringify(
          wholeTicket({ ticket_id: `T${i}`, ...(i < wrong && { satisfaction_score: "very good" }) }),
        ));
      await Deno.writeTextFile(config.ticketsUrl.slice("file:".length), tickets.join("\n"));
      const { isReadable, tables, errors } = await checkSources(config, runtime);
      assert.deepEqual(errors, []);
      return [isReadable, tables.at(-1)?.rows, tables.at(-1)?.quarantined.rows];
    };
    assert.deepEqual(await check(20), [true, 40, 20]);
    assert.deepEqual(await check(21), [false, 39, 21]);
  }));
