import assert from "node:assert/strict";
import { NotebookError } from "shopflow/errors/mod.ts";
import { createRequest, decodeMessage, encodeMessage } from "../../../../lib/notebook/kernel/messages.ts";

const session = { id: "s", key: "secret" };
const request = createRequest(session, "execute_request", { code: "1 + 1", text: "žluťoučký" });

Deno.test("a message survives encoding and decoding, with routing frames before it", () => {
  const frames = [new Uint8Array([1, 2, 3]), ...encodeMessage(session, request)];
  const decoded = decodeMessage(session, frames);
  assert.deepEqual(decoded.header, request.header);
  assert.deepEqual(decoded.content, request.content);
});

Deno.test("the signature is the HMAC-SHA256 of the four parts, as the protocol says", async () => {
  const [, signature, ...parts] = encodeMessage(session, request);
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode("secret"),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const joined = new Blob(parts.map((part) => new Uint8Array(part)));
  const expected = new Uint8Array(await crypto.subtle.sign("HMAC", key, await joined.arrayBuffer()));
  assert.equal(new TextDecoder().decode(signature), expected.toHex());
});

Deno.test("a message with a changed part or another key is refused", () => {
  const frames = encodeMessage(session, request);
  const forged = frames.with(5, new TextEncoder().encode('{"code":"Deno.exit()"}'));
  assert.throws(() => decodeMessage(session, forged), NotebookError);
  assert.throws(() => decodeMessage({ ...session, key: "other" }, frames), /invalid signature/);
});

Deno.test("frames without the delimiter are refused", () => {
  assert.throws(
    () => decodeMessage(session, [new Uint8Array([0]), new Uint8Array([1])]),
    /invalid Jupyter message/,
  );
});
