import { type LiveThread, submitIfOpen } from '../../../engine/threads/index.ts';
import type { SessionEventOf, ThreadItem } from '../../../foundation/protocol/index.ts';
import type { Client, RequestId } from '../methods/method.ts';
import { approvalRequest } from './approval-request.ts';
import { decisionOf } from './decision.ts';

type Question = SessionEventOf<'approval.requested'>;

/** The questions of a thread's turn, as requests that all its subscribers have open. The first reply decides. */
export class OpenQuestions {
  readonly #session: Pick<LiveThread, 'threadId' | 'submit'>;
  /** By question: who was asked, and under which id. */
  readonly #asked = new Map<string, Map<Client, RequestId>>();
  /** Calls that a client refused together with their turn. */
  readonly #cancelled = new Set<string>();

  constructor(session: Pick<LiveThread, 'threadId' | 'submit'>) {
    this.#session = session;
  }

  ask(question: Question, client: Client): void {
    const { questionId } = question.request;
    const { method, params } = approvalRequest(this.#session.threadId, question);
    const id = client.request(method, params, (reply) => {
      const decision = decisionOf(question.request, reply);
      if (decision.type === 'abort' && 'callId' in question.request) this.#cancelled.add(question.request.callId);
      submitIfOpen(this.#session, { type: 'approval', questionId, decision });
    });
    const asked = this.#asked.get(questionId) ?? new Map<Client, RequestId>();
    this.#asked.set(questionId, asked.set(client, id));
  }

  /** Answers with no what the client does not want to be asked. */
  decline({ request: { questionId } }: Question): void {
    submitIfOpen(this.#session, { type: 'approval', questionId, decision: { type: 'denied' } });
  }

  /** The question has an answer, or none is needed any more: each client hears so, also the one that answered. */
  resolve(questionId: string): void {
    for (const [client, requestId] of this.#asked.get(questionId) ?? []) {
      client.withdraw(requestId);
      client.notify('serverRequest/resolved', { threadId: this.#session.threadId, requestId });
    }
    this.#asked.delete(questionId);
  }

  /** An item that the end of its turn cut off was declined if a client refused it. */
  settled(item: ThreadItem): ThreadItem {
    const isCancelled = 'status' in item && item.status === 'interrupted' && this.#cancelled.delete(item.id);
    return isCancelled ? { ...item, status: 'declined' } : item;
  }

  resolveAll(): void {
    for (const questionId of [...this.#asked.keys()]) this.resolve(questionId);
  }

  /** A client that has left is asked nothing. */
  forget(client: Client): void {
    for (const asked of this.#asked.values()) {
      const id = asked.get(client);
      if (id !== undefined) client.withdraw(id);
      asked.delete(client);
    }
  }
}
