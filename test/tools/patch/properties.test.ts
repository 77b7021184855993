import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyPatch,
  fallible,
  fileUpdates,
  parsePatch,
  patchInCommand,
  verifyPatch,
} from '../../../src/tools/patch/index.ts';
import { patchOf, Workspace } from './support.ts';

const line = fc.oneof(
  fc.string({ maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, '')),
  fc.constantFrom('', '  a', 'a', '}', '*** End Patch', '@@ x', '\ta', 'é“x”'),
);
/** A file as lines, each kept, removed, or with a line put before it. */
const edits = fc.array(
  fc.record({ text: line, edit: fc.constantFrom('keep', 'keep', 'remove', 'insert'), added: line }),
  { minLength: 1, maxLength: 30 },
);

test('a patch that spells out a whole edited file gives just that file, with either line ending', async () => {
  await fc.assert(
    fc.asyncProperty(edits, fc.constantFrom('\n', '\r\n'), async (file, ending) => {
      const rows = file.flatMap(({ text, edit, added }) => {
        if (edit === 'insert') return [`+${added}`, ` ${text}`];
        return [`${edit === 'keep' ? ' ' : '-'}${text}`];
      });
      const before = file.map(({ text }) => text + ending).join('');
      const after = rows.filter((row) => !row.startsWith('-')).map((row) => row.slice(1) + ending);
      using workspace = new Workspace({ 'f.txt': before });
      workspace.apply(`*** Update File: f.txt\n@@\n${rows.join('\n')}\n*** End of File`);
      expect(workspace.read('f.txt')).toBe(after.join(''));
    }),
    { numRuns: 150 },
  );
});

test('an added file has the lines it was given', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
      using workspace = new Workspace();
      workspace.apply(['*** Add File: n.txt', ...lines.map((text) => `+${text}`)].join('\n'));
      expect(workspace.read('n.txt')).toBe(lines.map((text) => `${text}\n`).join(''));
    }),
    { numRuns: 100 },
  );
});

const piece = fc.oneof(
  fc.constantFrom(
    '*** Begin Patch',
    '*** End Patch',
    '*** Add File: a',
    '*** Add File: d/x',
    '*** Delete File: a',
    '*** Delete File: d',
    '*** Update File: a',
    '*** Update File: link',
    '*** Move to: a',
    '*** Move to: d',
    '*** Move to: ../../../../../proc/none',
    '*** End of File',
    '@@',
    '@@ one',
    '@@ -1 +1 @@',
    ' one',
    '-two',
    '+three',
    '',
    '<<EOF',
    'EOF',
    '*** Update File: a\n@@\n-two\n+three',
    '*** Update File: a\n*** Move to: m\n@@\n one',
    '*** Update File: m\n*** Move to: d/m\n@@\n-one\n+1',
    '*** Update File: d/m\n*** Move to: a\n@@\n+end',
    '*** Delete File: a\n*** Add File: a\n+again',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 400 }).map((name) => `*** Update File: ${name}`),
);

test('whatever the text, the answer is a patch or a fault, and a fault leaves the files alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 14 }), fc.boolean(), async (pieces, isFramed) => {
      const text = isFramed ? patchOf(pieces.join('\n')) : pieces.join('\n');
      using workspace = new Workspace({ a: 'one\ntwo\n', 'd/in': 'x\n' });
      const before = workspace.files();
      const result = await fallible(() => applyPatch(verifyPatch(parsePatch(text), workspace.dir), inside(workspace)));
      if (!result.ok) expect(workspace.files()).toEqual(before);
      patchInCommand(['bash', '-lc', text]);
    }),
    { numRuns: 400 },
  );
});

function inside(workspace: Workspace) {
  return (path: string) => path.startsWith(`${workspace.dir}/`);
}

test('what people are shown of a patch covers just the files it changed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      using workspace = new Workspace({ a: 'one\ntwo\n', b: 'one\n', 'd/in': 'x\n' });
      const before = workspace.files();
      const result = await fallible(async () => {
        const verified = verifyPatch(parsePatch(patchOf(pieces.join('\n'))), workspace.dir);
        const updates = await fileUpdates(verified);
        applyPatch(verified, inside(workspace));
        return updates;
      });
      if (!result.ok) return;
      const after = workspace.files();
      const names = new Set([...Object.keys(before), ...Object.keys(after)]);
      const changed = [...names].filter((name) => before[name] !== after[name]).map((name) => workspace.path(name));
      const shown = result.value.flatMap(({ path, kind }) =>
        kind.type === 'update' && kind.movePath !== null ? [path, kind.movePath] : [path],
      );
      expect([...new Set(shown)].sort()).toEqual(changed.sort());
    }),
    { numRuns: 200 },
  );
});
