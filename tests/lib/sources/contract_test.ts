import assert from "node:assert/strict";
import { typeFits } from "../../../lib/sources/contract.ts";

Deno.test("a column type fits when each of its values fits the type agreed on", () => {
  const fitting = [
    ["character varying(20)", "character varying(20)"],
    ["character varying(300)", "character varying(20)"],
    ["character varying", "character varying(20)"],
    ["text", "character varying(20)"],
    ["integer", "integer"],
    ["smallint", "integer"],
    ["numeric(10,2)", "numeric(10,2)"],
    ["numeric(8,0)", "numeric(10,2)"],
    ["date", "date"],
    ["timestamp without time zone", "timestamp without time zone"],
    ["timestamp(3) without time zone", "timestamp without time zone"],
    ["timestamp(6) without time zone", "timestamp without time zone"],
  ];
  const refused = [
    ["character(20)", "character varying(20)"],
    ["uuid", "character varying(20)"],
    ["bigint", "integer"],
    ["numeric", "numeric(10,2)"],
    ["numeric(9,0)", "numeric(10,2)"],
    ["numeric(10,3)", "numeric(10,2)"],
    ["double precision", "numeric(10,2)"],
    ["timestamp without time zone", "date"],
    ["timestamp with time zone", "timestamp without time zone"],
    ["timestamp(3) with time zone", "timestamp without time zone"],
  ];
  for (const [found, agreed] of fitting) assert.ok(typeFits(found!, agreed!), `${found} for ${agreed}`);
  for (const [found, agreed] of refused) assert.ok(!typeFits(found!, agreed!), `${found} for ${agreed}`);
});
