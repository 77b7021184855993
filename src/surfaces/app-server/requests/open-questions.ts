import { type LiveThread, submitIfOpen } from '../../../engine/threads/index.ts';
import type { SessionEventOf, ThreadItem } from '../../../foundation/protocol/index.ts';
import type { Client, RequestId } from '../methods/method.ts';
import { approvalRequest } from './approval-request.ts';
import { decisionOf } from './decision.ts';

type Question = SessionEventOf<'approval.requested'>;

/** A question, and who has it open, under which id. */
interface Asked {
  readonly question: Question;
  readonly clients: Map<Client, RequestId>;
  /** Whether one of those who were asked can't ask its user. */
  isPassedOver: boolean;
}

/** The questions of a thread's turn, as requests that all its subscribers have open. The first reply decides. */
export class OpenQuestions {
  readonly #session: Pick<LiveThread, 'threadId' | 'submit'>;
  /** By the questions' ids. */
  readonly #asked = new Map<string, Asked>();
  /** Calls that a client refused together with their turn. */
  readonly #cancelled = new Set<string>();

  constructor(session: Pick<LiveThread, 'threadId' | 'submit'>) {
    this.#session = session;
  }

  ask(question: Question, client: Client): void {
    const { questionId } = question.request;
    const { method, params } = approvalRequest(this.#session.threadId, question);
    const asked = this.#asked.get(questionId) ?? { question, clients: new Map(), isPassedOver: false };
    this.#asked.set(questionId, asked);
    // It is asked again where its answer has not arrived.
    this.#withdraw(asked, client);
    const id = client.request(method, params, (reply) => {
      // Not every client knows what the model asks the user: another one may.
      if (reply.type === 'error' && question.request.type === 'questions') return this.#passOver(asked, client);
      const decision = decisionOf(question.request, reply);
      if (decision.type === 'abort' && 'callId' in question.request) this.#cancelled.add(question.request.callId);
      submitIfOpen(this.#session, { type: 'approval', questionId, decision });
    });
    asked.clients.set(client, id);
  }

  /** Answers with no what the client does not want to be asked. */
  decline({ request: { questionId } }: Question): void {
    submitIfOpen(this.#session, { type: 'approval', questionId, decision: { type: 'denied' } });
  }

  /** The question has an answer, or none is needed any more: each client hears so, also the one that answered. */
  resolve(questionId: string): void {
    const asked = this.#asked.get(questionId);
    if (asked === undefined) return;
    for (const client of asked.clients.keys()) this.#withdraw(asked, client);
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
      const id = asked.clients.get(client);
      if (id !== undefined) client.withdraw(id);
      asked.clients.delete(client);
      this.#declineUnasked(asked);
    }
  }

  #withdraw({ clients }: Asked, client: Client): void {
    const requestId = clients.get(client);
    if (requestId === undefined) return;
    clients.delete(client);
    client.withdraw(requestId);
    client.notify('serverRequest/resolved', { threadId: this.#session.threadId, requestId });
  }

  #passOver(asked: Asked, client: Client): void {
    asked.isPassedOver = true;
    asked.clients.delete(client);
    this.#declineUnasked(asked);
  }

  /** Whoever follows the thread can't ask its user: the turn would wait for nobody. */
  #declineUnasked({ question, clients, isPassedOver }: Asked): void {
    if (isPassedOver && clients.size === 0) this.decline(question);
  }
}
