import type { Op, ReviewTarget } from '../../../foundation/protocol/index.ts';
import type { SessionClient } from '../client.ts';

const QUESTION = {
  message: 'What should be reviewed?',
  name: 'change',
  options: [
    { const: 'uncommitted', title: 'What is not committed yet' },
    { const: 'commit', title: 'The newest commit' },
  ],
};

/** The review that the user chooses, where the client has forms; of what is not committed elsewhere. Null: none is wanted. */
export async function chosenReview(client: SessionClient, signal: AbortSignal): Promise<Op | null> {
  const target = client.can.hasForms ? await chosenTarget(client, signal) : uncommitted;
  return target === null ? null : { type: 'review', target };
}

const uncommitted: ReviewTarget = { type: 'uncommittedChanges' };

async function chosenTarget(client: SessionClient, signal: AbortSignal): Promise<ReviewTarget | null> {
  const answer = await client.askChoice(QUESTION, signal);
  if (answer.action !== 'accept' || !('content' in answer)) return null;
  const content: unknown = answer.content;
  const chosen = typeof content === 'object' && content !== null && 'change' in content ? content.change : null;
  if (chosen === 'uncommitted') return uncommitted;
  return chosen === 'commit' ? { type: 'commit', sha: 'HEAD', title: null } : null;
}
