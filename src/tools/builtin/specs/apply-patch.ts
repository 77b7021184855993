import type { CustomToolSpec } from '../../../models/prompt/index.ts';
import { functionSpec, text } from './schema.ts';

/** The patch language by an example of every kind of section, then what the example can't show. */
const language = `*** Begin Patch
*** Update File: src/clock.ts
*** Move to: src/time/clock.ts
@@ export function tick() {
   const now = read();
-  return now;
+  return now + skew;
 }
*** Add File: notes/skew.md
+# Skew
*** Delete File: src/old.ts
*** End Patch

Paths are relative to the working directory. Under Update a row begins with a space (stays), - (goes) or + (comes); each row of a new file begins with +. Copy about three unchanged rows around a change exactly. Each block opens with @@; text after \`@@ \` is a whole line above the block and tells equal places apart. Blocks follow the file's order. If it fails, read the place the error names and send a corrected patch.`;

export const applyPatchFunctionSpec = functionSpec({
  name: 'apply_patch',
  description: `Change files with one patch; all of it is applied or nothing. Example:\n\n${language}`,
  required: ['input'],
  properties: { input: text },
});

/** Stricter than the parser on purpose: it steers what a model writes, and all that it accepts can be read. */
const grammar = `start: "*** Begin Patch" LF section+ "*** End Patch" LF?
section: added | removed | changed
added: "*** Add File: " PATH LF plus*
removed: "*** Delete File: " PATH LF
changed: "*** Update File: " PATH LF moved? block+ tail?
moved: "*** Move to: " PATH LF
block: anchor+ row+
anchor: ("@@" | "@@ " REST) LF
row: ("+" | "-" | " ") REST? LF
plus: "+" REST? LF
tail: "*** End of File" LF
PATH: /\\S.*/
REST: /.+/
%import common.LF
`;

export const applyPatchFreeformSpec: CustomToolSpec = {
  type: 'custom',
  name: 'apply_patch',
  description:
    'Change files with one patch, written as plain text in this grammar: no JSON or code fence around it. All of it is applied or nothing. Paths are relative to the working directory. Copy context lines exactly; text after `@@ ` is a whole line above the block.',
  format: { type: 'grammar', syntax: 'lark', definition: grammar },
};

/** For instructions, where no tool for patches is offered: how the runner at hand takes one. */
export function patchSection(runner: 'shell' | 'shell_command' | 'exec_command'): string {
  const form =
    runner === 'shell'
      ? '["apply_patch", "<patch>"]'
      : "apply_patch <<'EOF', the patch, and EOF, each on lines of their own";
  return `To edit files, run \`apply_patch\` with \`${runner}\`, the patch as its only argument: ${form}. Example:\n\n${language}`;
}
