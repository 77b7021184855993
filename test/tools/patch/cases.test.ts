import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { applyPatchMain } from '../../../src/tools/patch/index.ts';
import cases from './cases/apply-patch.json' with { type: 'json' };
import { Workspace } from './support.ts';

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

for (const { name, files, patch, expect: wanted } of z.array(Case).parse(cases)) {
  test(`A1: case ${name}`, async () => {
    using workspace = new Workspace(files);
    const result = await applyPatchMain([patch], async () => '', workspace.dir);
    expect({ exitCode: result.exitCode, stderr: result.stderr }).toMatchObject({ exitCode: wanted.ok ? 0 : 1 });
    const present = Object.entries(wanted.files).filter(([, text]) => text !== null);
    expect(workspace.files()).toEqual(Object.fromEntries(present));
    if (wanted.summary) expect(result.stdout.trim().split('\n').slice(1)).toEqual(wanted.summary);
    for (const word of wanted.errorMentions ?? []) expect(result.stderr).toContain(word);
  });
}
