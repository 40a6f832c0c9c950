import assert from "node:assert/strict";
import { maskUrl } from "shopflow/sources/mod.ts";

Deno.test("a URL in a message shows everything but its password", () => {
  const cases = {
    "postgres://shop:s3cret@db.example:5432/shop": "postgres://shop:***@db.example:5432/shop",
    "postgres://shop:p@ss/w:rd@db/shop": "postgres://shop:***@db/shop",
    "postgres://db/shop?user=shop&password=s3cret&sslmode=require":
      "postgres://db/shop?user=shop&password=***&sslmode=require",
    "mongodb+srv://shop:s3cret@cluster.example/shop": "mongodb+srv://shop:***@cluster.example/shop",
    "mongodb://a:27017,b:27017/shop": "mongodb://a:27017,b:27017/shop",
    "pglite:/home/me/.shopflow/shop/postgres": "pglite:/home/me/.shopflow/shop/postgres",
  };
  for (const [url, masked] of Object.entries(cases)) assert.equal(maskUrl(url), masked);
});
