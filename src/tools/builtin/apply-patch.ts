import * as z from 'zod/mini';
import { readJson } from '../../foundation/util/index.ts';
import type { CustomToolSpec } from '../../models/prompt/index.ts';
import {
  argumentNames,
  functionSpec,
  type ParsedArguments,
  parseArguments,
  type Tool,
  type ToolHandler,
  type ToolPayload,
  textSchema,
} from '../contract/index.ts';
import { failedChange } from './files/failed-change.ts';
import { applyPatchText } from './files/write-patch.ts';

const patchArguments = z.object({ input: z.string() });
const aliases = { input: ['patch'] };

/** The patch language: an example of every kind of section, then the rules that the example can't show. */
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

const spec = functionSpec({
  name: 'apply_patch',
  description: `Change files with one patch; all of it is applied or nothing. Example:\n\n${language}`,
  required: ['input'],
  properties: { input: textSchema },
});

/** Stricter than the parser on purpose: the grammar steers what a model writes, and the parser reads all that it accepts. */
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

/** The same tool for models that write a patch as plain text, without JSON around it. */
export const freeformPatchSpec: CustomToolSpec = {
  type: 'custom',
  name: 'apply_patch',
  description:
    'Change files with one patch, written as plain text in this grammar: no JSON or code fence around it. All of it is applied or nothing. Paths are relative to the working directory. Copy context lines exactly; text after `@@ ` is a whole line above the block.',
  format: { type: 'grammar', syntax: 'lark', definition: grammar },
};

const handler: ToolHandler = {
  payloads: ['function', 'custom'],
  fields: argumentNames(patchArguments, aliases),
  parallel: false,
  repeat: 'asks',
  async run(call, context, signal) {
    const parsed = patchIn(call.payload);
    if (parsed.type === 'failed') {
      const { message: reason } = parsed;
      return failedChange({ callId: call.callId, changes: [], reason, answer: reason }, context);
    }
    return applyPatchText(call.callId, parsed.value.input, context.turn.cwd, context, signal);
  },
};

/** `apply_patch`, as a freeform tool or as a function. */
export const applyPatchTool: Tool = { name: spec.name, spec, handler };

/** The patch of a call. A bare text in place of JSON arguments is understood, and the other way round. */
function patchIn(payload: ToolPayload): ParsedArguments<z.infer<typeof patchArguments>> {
  const text = payload.type === 'function' ? payload.arguments : payload.type === 'custom' ? payload.input : '';
  const isJson = /^\s*["{]/.test(text);
  if (!isJson && (payload.type === 'custom' || text.includes('*** Begin Patch'))) return patchOf(text);
  const quoted = jsonString(text);
  if (quoted !== null) return patchIn({ type: 'function', arguments: quoted });
  return parseArguments(text, patchArguments, { aliases });
}

function patchOf(input: string): ParsedArguments<z.infer<typeof patchArguments>> {
  return { type: 'parsed', value: { input } };
}

function jsonString(text: string): string | null {
  try {
    const value = readJson(text);
    return typeof value === 'string' ? value : null;
  } catch {
    // Not JSON; the error is reported where the arguments are read.
    return null;
  }
}
