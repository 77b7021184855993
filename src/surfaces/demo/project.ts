/**
 * The project that `keel demo` works on: a small library with a real bug and a real test suite (`node --test`, nothing to
 * install). Paths are relative to the repository.
 */
export const demoProject: Readonly<Record<string, string>> = {
  'package.json': `${JSON.stringify(
    { name: 'tide-times', version: '0.3.1', type: 'module', private: true, scripts: { test: 'node --test' } },
    null,
    2,
  )}\n`,
  'README.md': `# tide-times

Small helpers to read and print the length of a tide.

    import { parseDuration, formatDuration } from './src/duration.js';

    parseDuration('6h 12m');   // 22320 seconds
    formatDuration(22320);     // '6h 12m'

Run the checks with \`npm test\`.
`,
  'src/duration.js': `const SECONDS = { h: 3600, m: 60, s: 1 };

/** Reads a length such as \`6h 12m\` or \`45s\`, in seconds. Throws a RangeError for anything else. */
export function parseDuration(text) {
  const parts = text.trim().split(/\\s+/);
  let total = 0;
  for (const part of parts) {
    const match = /^(\\d+)([hms])$/.exec(part);
    if (!match) throw new RangeError(\`not a length of time: \${text}\`);
    total = Number(match[1]) * SECONDS[match[2]];
  }
  return total;
}

/** Writes seconds as \`6h 12m\`; the largest unit first, none that is zero. */
export function formatDuration(seconds) {
  const parts = [];
  let left = seconds;
  for (const [unit, size] of Object.entries(SECONDS)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(\`\${count}\${unit}\`);
  }
  return parts.length > 0 ? parts.join(' ') : '0s';
}
`,
  'test/duration.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '../src/duration.js';

test('a single unit is read', () => {
  assert.equal(parseDuration('45s'), 45);
});

test('several units add up', () => {
  assert.equal(parseDuration('6h 12m'), 22_320);
});

test('what was read can be printed again', () => {
  assert.equal(formatDuration(parseDuration('1h 2m 3s')), '1h 2m 3s');
});

test('anything else is refused', () => {
  assert.throws(() => parseDuration('soon'), RangeError);
});
`,
};

/** What the user of the demo asks for. */
export const demoPrompt = 'The test suite fails. Find out why, fix the cause and show me that it passes.';

/** The patch of the demo's model: the sum was overwritten instead of added to. */
export const demoPatch = `*** Begin Patch
*** Update File: src/duration.js
@@ export function parseDuration(text) {
     const match = /^(\\d+)([hms])$/.exec(part);
     if (!match) throw new RangeError(\`not a length of time: \${text}\`);
-    total = Number(match[1]) * SECONDS[match[2]];
+    total += Number(match[1]) * SECONDS[match[2]];
   }
*** End Patch
`;
