import assert from "node:assert/strict";
import { maskUrl } from "shopflow/config/mod.ts";

Deno.test("a URL in a message shows everything but its password", () => {
  const cases = {
    "postgres://shop:s3cret@db.example:5432/shop": "postgres://shop:***@db.example:5432/shop",
    "postgres://shop:s3:cret@db/shop": "postgres://shop:***@db/shop",
    "postgres://db/shop?user=shop&password=s3cret&sslmode=require":
      "postgres://db/shop?user=shop&password=***&sslmode=require",
    "postgres://shop%40azure:s3cret@db/shop": "postgres://shop%40azure:***@db/shop",
    "mongodb+srv://shop:s3cret@cluster.example/shop": "mongodb+srv://shop:***@cluster.example/shop",
    "mongodb://a:27017,b:27017/shop": "mongodb://a:27017,b:27017/shop",
    "mongodb://u:s3cret@a/shop?authSource=admin&tlsCertificateKeyFilePassword=s3cret":
      "mongodb://u:***@a/shop?authSource=admin&tlsCertificateKeyFilePassword=***",
    "https://desk.example/tickets?team=4&api_key=s3cret": "https://desk.example/tickets?team=***&api_key=***",
    "pglite:/home/me/.shopflow/shop/postgres": "pglite:/home/me/.shopflow/shop/postgres",
  };
  for (const [url, masked] of Object.entries(cases)) assert.equal(maskUrl(url), masked);
});

Deno.test("of a malformed URL nothing but a known scheme is shown", () => {
  const cases = {
    "postgres://shop:p@ss/w:rd@db/shop": "postgres://***",
    "postgres://shop:12#34@db/shop": "postgres://***",
    "postgres:shop:s3cret@db/shop": "postgres://***",
    "s3cret://shop@db": "***",
  };
  for (const [url, masked] of Object.entries(cases)) assert.equal(maskUrl(url), masked);
  // A user that a password was typed to with another sign than a colon.
  assert.equal(maskUrl("postgres://shop;s3cret@db/shop"), "postgres://***@db/shop");
});
