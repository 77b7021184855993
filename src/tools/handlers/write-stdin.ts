import * as z from 'zod/mini';
import { parseArguments } from '../arguments.ts';
import type { ToolHandler } from '../types.ts';
import { clampYield, DEFAULT_YIELD_MS } from './exec-command.ts';
import { waitFor, wordNews } from './session-news.ts';

/** A wait without input may be this much longer than one with it. */
const MAX_POLL_MS = 300_000;
const MIN_POLL_MS = 5_000;
/** How long a program gets to answer before its output is looked at. */
const ANSWER_MS = 100;

const writeArguments = z.object({
  session_id: z.int(),
  chars: z.optional(z.string()),
  yield_time_ms: z.optional(z.int()),
});

/** `write_stdin`: types into a session, or waits for it; gives what it printed since. */
export const writeStdinHandler: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, writeArguments, { subject: 'write_stdin' });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const { session_id: id, chars = '', yield_time_ms } = parsed.value;
    const session = context.sessions.get(id);
    if (!session) return { body: `write_stdin failed: there is no session ${id}`, success: false };
    if (chars !== '' && !session.write(chars) && session.exitCode === null) {
      const why = session.isTerminal ? 'it has ended' : 'it was started without a terminal, so its input is closed';
      return { body: `write_stdin failed: session ${id} takes no input: ${why}`, success: false };
    }
    const asked = yield_time_ms ?? DEFAULT_YIELD_MS;
    const wait = chars === '' ? Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, asked)) : clampYield(asked);
    if (chars !== '') await waitFor(session, Math.min(ANSWER_MS, wait), signal);
    const hasNews = chars !== '' && session.hasNews;
    if (!hasNews) await waitFor(session, wait, signal);
    const isRunning = session.exitCode === null;
    if (!isRunning) context.sessions.drop(id);
    return wordNews({ session, id: isRunning ? id : null, context, notes: [], aborted: signal.aborted });
  },
};
