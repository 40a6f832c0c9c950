import { createDirectoryStore, createOverlayStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";

const bytes = (text: string) => new TextEncoder().encode(text);

async function withOverlay(body: (base: ObjectStore, overlay: ObjectStore) => Promise<void>): Promise<void> {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()] as const;
  try {
    const base = createDirectoryStore(folders[0], { sync: false });
    await base.put("a", bytes("base"));
    await body(base, createOverlayStore(base, createDirectoryStore(folders[1], { sync: false })));
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("an overlay shows what is beneath and what was written to it, and leaves the store beneath alone", () =>
  withOverlay(async (base, overlay) => {
    await overlay.put("a", bytes("top"));
    await overlay.put("b", bytes("new"));
    assert.equal(new TextDecoder().decode((await overlay.get("a"))!.body), "top");
    assert.deepEqual((await overlay.list("")).map(({ key }) => key), ["a", "b"]);
    assert.equal(await Deno.readTextFile(await overlay.localPath("a")), "top");
    assert.equal(new TextDecoder().decode((await base.get("a"))!.body), "base");
    assert.deepEqual((await base.list("")).map(({ key }) => key), ["a"]);
    await assert.rejects(overlay.delete("a"), { name: "LakeError" });
  }));

Deno.test("conditional writes to an overlay compare with what it shows", () =>
  withOverlay(async (_, overlay) => {
    assert.equal(await overlay.putIfAbsent("a", bytes("x")), undefined);
    assert.equal(await overlay.putIfMatch("a", bytes("x"), "other"), undefined);
    const { etag } = (await overlay.get("a"))!;
    const written = await overlay.putIfMatch("a", bytes("x"), etag);
    assert.ok(written);
    assert.equal(await overlay.putIfMatch("a", bytes("y"), etag), undefined);
    assert.ok(await overlay.putIfMatch("a", bytes("y"), written.etag));
  }));
