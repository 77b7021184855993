import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { applyPatchMain } from '../../src/patch/index.ts';
import cases from './cases/apply-patch.json' with { type: 'json' };

const Case = z.object({
  name: z.string(),
  files: z.record(z.string(), z.string()),
  patch: z.string(),
  expect: z.object({
    ok: z.boolean(),
    /** Null: the file must not be there. */
    files: z.record(z.string(), z.nullable(z.string())),
    summary: z.optional(z.array(z.string())),
    errorMentions: z.optional(z.array(z.string())),
  }),
});

const made: string[] = [];
afterEach(() => Promise.all(made.splice(0).map((dir) => rm(dir, { recursive: true }))));

for (const { name, files, patch, expect: wanted } of z.array(Case).parse(cases)) {
  test(`case ${name}`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'keel-patch-'));
    made.push(dir);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    const result = await applyPatchMain([patch], async () => '', dir);
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toMatchObject({ exitCode: wanted.ok ? 0 : 1 });
    const present = Object.entries(wanted.files).filter(([, text]) => text !== null);
    expect(filesBelow(dir)).toEqual(Object.fromEntries(present));
    if (wanted.summary) expect(result.stdout.trim().split('\n').slice(1)).toEqual(wanted.summary);
    for (const word of wanted.errorMentions ?? []) expect(result.stderr).toContain(word);
  });
}

function filesBelow(dir: string): Record<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
  const files = paths.filter((path) => statSync(path).isFile());
  return Object.fromEntries(files.map((path) => [relative(dir, path), readFileSync(path, 'utf8')]));
}
