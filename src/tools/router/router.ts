import { cutBytesEnd, reasonOf } from '../../foundation/util/index.ts';
import { applyPatchTool, freeformPatchSpec } from '../builtin/index.ts';
import {
  failedOutput,
  type ToolCall,
  type ToolContext,
  type ToolOutput,
  type ToolRegistry,
  withNote,
} from '../contract/index.ts';
import { callForm, ignoredFieldsNote, inFormOf } from './call-forms.ts';
import { showFailure, withFailureShown } from './shown-failures.ts';
import { doesSameWork, nearestTool } from './tool-names.ts';

/** Limit for a name that a model made up, UTF-8 bytes. */
const MAX_NAME_BYTES = 100;

export interface Dispatch {
  readonly registry: ToolRegistry;
  /** The tools that the model was offered in this turn. */
  readonly offered: readonly string[];
  /** Tools that exist but are not available in this session. */
  readonly withheld?: readonly string[];
  /** Called when a handler threw, which is a bug in keel. */
  readonly onCrash: (error: unknown) => void;
}

/** Runs a call. Whatever is wrong with the call or its handler becomes its output: the turn continues. */
export function dispatch(
  call: ToolCall,
  context: ToolContext,
  signal: AbortSignal,
  routing: Dispatch,
): Promise<ToolOutput> {
  return withFailureShown(call, context, signal, (watched) => answer(call, watched, signal, routing));
}

async function answer(
  call: ToolCall,
  context: ToolContext,
  signal: AbortSignal,
  { registry, offered, withheld = [], onCrash }: Dispatch,
): Promise<ToolOutput> {
  const handler = registry.handler(call.name);
  const isOffered = isAnswered(call.name, registry, offered) && !withheld.includes(call.name);
  if (!handler || !isOffered) {
    showFailure(call, context, `no tool ${shownName(call)} is offered here`);
    return failedOutput(unsupported(call, context, { registry, offered }), 'notRun');
  }
  const formed = inFormOf(call, handler, registry.spec(call.name));
  if (formed.type === 'failed') return failedOutput(formed.message, 'notRun');
  try {
    const output = await handler.run(formed.call, context, signal);
    const note = ignoredFieldsNote(formed.call, handler, context.turn.noteMark);
    return note === null ? output : withNote(output, note);
  } catch (error) {
    if (signal.aborted) return failedOutput('aborted');
    onCrash(error);
    const reason = reasonOf(error);
    return failedOutput(`execution error: ${call.name} failed inside keel: ${reason}`);
  }
}

/** Whether a call by this name is answered. A tool that was not offered does not run: the set of tools limits what a thread may do. */
function isAnswered(name: string, registry: ToolRegistry, offered: readonly string[]): boolean {
  if (offered.includes(name) || !registry.has(name)) return true;
  return doesSameWork(name, offered);
}

function shownName({ name }: ToolCall): string {
  return cutBytesEnd(name.replaceAll(/\p{Cc}+/gu, ' '), MAX_NAME_BYTES);
}

function unsupported(
  call: ToolCall,
  { turn }: ToolContext,
  { registry, offered }: Pick<Dispatch, 'registry' | 'offered'>,
): string {
  const shown = shownName(call);
  const line = `unsupported ${call.payload.type === 'custom' ? 'custom tool ' : ''}call: ${shown}`;
  const nearest = nearestTool(shown, offered);
  if (nearest === null) return line;
  const isPlainPatch = nearest === applyPatchTool.name && turn.model.patchForm === 'freeform';
  const spec = isPlainPatch ? freeformPatchSpec : registry.spec(nearest);
  return `${line}\nThe nearest tool here is ${nearest}.${spec === null ? '' : ` ${callForm(spec)}`}`;
}
