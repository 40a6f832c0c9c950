import { neededMacros } from "../../../../lib/warehouse/project/jinja.ts";
import assert from "node:assert/strict";

Deno.test("of the macros those come along that a file names, and those that these name, in their order", () => {
  const month = "{% macro month_of(day) -%}{{ month_text(day) }}{%- endmacro %}";
  const text = "{% macro month_text(day) -%}x{%- endmacro %}";
  const dispatched = "{% macro spark__weekday(day) -%}x{%- endmacro %}";
  const other = "{%- macro unused() -%}{{ month_of('a') }}{%- endmacro %}";
  const all = [other, text, dispatched, month];
  assert.equal(neededMacros("select {{ month_of('day') }}", all), text + month);
  assert.equal(neededMacros("select {{ adapter.dispatch('weekday')('day') }}", all), dispatched);
  assert.equal(neededMacros("select month", all), "");
});
