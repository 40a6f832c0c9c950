import assert from "node:assert/strict";
import { DiskFullError, diskFullError, isDiskFull, SourceError } from "shopflow/errors/mod.ts";

const coded = (message: string, fields: Record<string, unknown>) => Object.assign(new Error(message), fields);

Deno.test("a full disk of this machine is known by what each library says, also as a cause", () => {
  const full = [
    coded("No space left on device (os error 28): writefile '/shop/a'", { code: "ENOSPC" }),
    coded("Disk quota exceeded (os error 122)", {}),
    coded("There is not enough space on the disk. (os error 112)", {}),
    new Error('IO Error: Could not write file "/shop/a.parquet": No space left on device'),
    new Error(
      "Out of Memory Error: failed to offload data block of size 256.0 KiB. This limit was set by the " +
        "'max_temp_directory_size' setting.",
    ),
    { name: "ErrnoError", errno: 51 },
  ];
  for (const error of full) {
    assert.equal(isDiskFull(error), true, String(error));
    assert.equal(isDiskFull(new SourceError("The copy failed", { cause: error })), true);
    assert.equal(isDiskFull(new AggregateError([new Error("other"), error])), true);
  }
});

Deno.test("what is said of other disks, or of something else, is not", () => {
  const server = coded("could not extend file: No space left on device", {
    code: "53100",
    severity: "ERROR",
  });
  const others = [
    server,
    new SourceError("PostgreSQL has no room: No space left on device", { cause: server }),
    new SourceError("2 of 2 parts failed: No space left on device"),
    new Error("Out of Memory Error: failed to allocate data of size 1.0 GiB"),
    { name: "ErrnoError", errno: 2 },
    undefined,
    "No space left on device",
  ];
  for (const error of others) assert.equal(isDiskFull(error), false, String(error));
});

Deno.test("the message says which folder is full, how much is free and what to do", async () => {
  const folder = await Deno.makeTempDir();
  const error = await diskFullError("write it", new Error(`No space left: writefile '${folder}/a/b'`));
  assert.ok(error instanceof DiskFullError);
  assert.match(
    error.message,
    /^No space left on the disk: cannot write it: found [\d,.]+ MB of [\d,.]+ MB are free on the disk of \/\S+; No space left.*Free up space there, or set SHOPFLOW_HOME/,
  );
  assert.ok(error.message.includes(`disk of ${folder};`));
  assert.equal(await diskFullError("do more", error), error);
  assert.match(
    (await diskFullError("write it", new Error("No space left"))).message,
    /found No space left\. Free/,
  );
  await Deno.remove(folder);
});
