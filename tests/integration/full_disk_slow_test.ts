/** Garbage collection where it is needed most: on a disk that is full to the last byte. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { testWith } from "../requirements.ts";

/** Plays a scene of `full_disk_program.ts` on a file system of 2 MiB, which is gone with the process. */
async function play(scene: string): Promise<void> {
  const disk = await Deno.makeTempDir({ prefix: "shopflow_full_disk_" });
  try {
    const program = join(import.meta.dirname!, "full_disk_program.ts");
    const { success, stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        ...["--mount", "--map-root-user", "sh", "-ec"],
        'mount -t tmpfs -o size=2m tmpfs "$1"; shift; exec "$@"',
        ...["sh", disk, Deno.execPath(), "run", "--no-check", "-A", program, disk, scene],
      ],
      cwd: join(import.meta.dirname!, "..", ".."),
    }).output();
    assert.ok(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(disk);
  }
}

testWith(
  ["mount"],
  "on a full disk `lake gc` deletes garbage, keeps other programs' files, and the next publish works",
  () => play("reserve"),
);

testWith(
  ["mount"],
  "on a full disk without a reserve, leftovers of killed runs make the room that `lake gc` needs",
  () => play("leftovers"),
);

testWith(
  ["mount"],
  "on a full disk without reserve and leftovers `lake gc` says so, deletes nothing, and needs only a little room",
  () => play("nothing"),
);

testWith(
  ["mount"],
  "on a file system that is mounted read-only `lake gc` says so and deletes nothing; a dry run works",
  () => play("read_only"),
);
