import { cutMessage, messageBytes } from '../../../../context/history/index.ts';
import { endedSessionsNote, userMessage } from '../../../../context/index.ts';
import type { ResponseItem } from '../../../../foundation/protocol/index.ts';
import { endedSessionText } from '../../../../tools/index.ts';
import type { QueuedMessage } from '../../../turn/index.ts';
import { skillsFor } from '../../environment/session-skills.ts';
import { judgedPrompt } from '../../hooks/turn-hooks.ts';
import type { SessionDeps } from '../../session-deps.ts';
import type { ActiveTurn } from '../active-turn.ts';
import { textOf } from '../turn-input.ts';

const BYTES_PER_TOKEN = 4;

/** Takes what waits for the turn, as messages with the skills that they name, behind what has happened meanwhile. */
export async function takeInput(deps: SessionDeps, active: ActiveTurn): Promise<readonly QueuedMessage[]> {
  const messages = await takeMessages(deps, active);
  const first = messages.find(({ message }) => message !== null);
  if (first === undefined) return messages;
  const ended = deps.services.execSessions.takeEnded().map(endedSessionText);
  if (ended.length === 0) return messages;
  return [{ submissionId: first.submissionId, message: endedSessionsNote(ended) }, ...messages];
}

async function takeMessages({ record, services }: SessionDeps, active: ActiveTurn): Promise<readonly QueuedMessage[]> {
  const { context, input, recorder } = active;
  const onWarning = (message: string) => recorder.warn(message);
  const taken = input.take();
  const messages: QueuedMessage[] = input
    .takeRecords()
    .map(({ submissionId, record: message }) => ({ submissionId, message }));
  for (const one of taken) {
    const { submissionId, items } = one;
    if (items.length === 0) continue;
    const text = textOf(one);
    const verdict = await judgedPrompt(services.hooks, text, active);
    if (verdict.type === 'dropped') {
      messages.push({ submissionId, message: null, dropped: verdict.reason });
      continue;
    }
    const message = fittingMessage(await userMessage(items, context.cwd), active);
    const skills = await skillsFor(text, context, services, active.abort.signal, onWarning);
    // A large image may have taken longer than the turn had left: nothing more is recorded for it.
    if (recorder.isRevoked) break;
    // The event is recorded together with the message: after a crash in between nothing would have been asked.
    record.addUserEvent(text);
    active.userTexts.push(text);
    // What follows the message is left out by a fork that leaves it out.
    messages.push(...[message, ...skills, ...verdict.notes].map((item) => ({ submissionId, message: item })));
  }
  return messages;
}

/** A message that fills the window by itself could never be answered: its middle goes before it enters the conversation. */
function fittingMessage(message: ResponseItem, { window, recorder }: ActiveTurn): ResponseItem {
  const { messageBytes: most } = window.budget;
  if (message.type !== 'message' || messageBytes(message) <= most) return message;
  const tokens = (bytes: number) => Math.floor(bytes / BYTES_PER_TOKEN);
  recorder.warn(
    `This message is too long for the model's context window: of about ${tokens(messageBytes(message))} tokens the first and last ${tokens(most)} are sent, and its middle is cut out. Put long text into a file and name the file.`,
  );
  return cutMessage(message, most);
}
