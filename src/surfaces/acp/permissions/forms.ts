import type { CreateElicitationResponse, ElicitationSchema } from '@agentclientprotocol/sdk';
import * as z from 'zod';
import { formAnswer, questionForm } from '../../../engine/threads/index.ts';
import type { ApprovalDecision, SessionEventOf } from '../../../foundation/protocol/index.ts';
import type { SessionClient } from '../client.ts';

const DENIED: ApprovalDecision = { type: 'denied' };

const words = { title: z.string().optional(), description: z.string().optional() };
const options = z.array(z.object({ const: z.string(), title: z.string() }));
const numbers = { minimum: z.number().optional(), maximum: z.number().optional(), default: z.number().optional() };
/** The fields that forms of MCP and of ACP have in common. */
const Field = z.discriminatedUnion('type', [
  z.object({
    ...{ type: z.literal('string'), ...words },
    ...{ minLength: z.int().optional(), maxLength: z.int().optional(), default: z.string().optional() },
    ...{ enum: z.array(z.string()).optional(), oneOf: options.optional() },
    format: z.enum(['email', 'uri', 'date', 'date-time']).optional(),
  }),
  z.object({ type: z.literal('number'), ...words, ...numbers }),
  z.object({ type: z.literal('integer'), ...words, ...numbers }),
  z.object({ type: z.literal('boolean'), ...words, default: z.boolean().optional() }),
  z.object({
    ...{ type: z.literal('array'), ...words },
    ...{ minItems: z.int().optional(), maxItems: z.int().optional(), default: z.array(z.string()).optional() },
    items: z.union([z.object({ type: z.literal('string'), enum: z.array(z.string()) }), z.object({ anyOf: options })]),
  }),
]);
const ServerForm = z.object({
  type: z.literal('object').default('object'),
  properties: z.record(z.string(), Field).default({}),
  required: z.array(z.string()).optional(),
});
const Filled = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));

/**
 * Asks by a form, or for a page to be opened, what no permission can answer.
 * @returns null: the client can't be asked this way, or it needs none
 * @throws RequestError, or the end of the connection; the signal withdraws the form
 */
export async function answerByForm(
  { request, agent }: Pick<SessionEventOf<'approval.requested'>, 'request' | 'agent'>,
  client: SessionClient,
  signal: AbortSignal,
): Promise<ApprovalDecision | null> {
  const who = agent === undefined ? '' : `Asked by the subagent ${agent}. `;
  switch (request.type) {
    case 'questions': {
      if (!client.can.hasForms) return DENIED;
      const answer = await client.askForm(questionForm(request.questions, who), signal);
      return isAccepted(answer) ? formAnswer(request.questions, answer.content) : DENIED;
    }
    case 'elicitation': {
      const requestedSchema = client.can.hasForms ? serverForm(request.requestedSchema) : null;
      if (requestedSchema === null) return null;
      const message = `${who}The MCP server ${request.server} asks: ${request.message}`;
      return decisionOf(await client.askForm({ message, requestedSchema }, signal));
    }
    case 'elicitationUrl': {
      if (!client.can.opensPages) return null;
      const { server, url, questionId } = request;
      const message = `${who}The MCP server ${server} asks you to open a page: ${request.message}`;
      return decisionOf(await client.askToOpen({ message, url, elicitationId: questionId }, signal));
    }
    default:
      return null;
  }
}

/** A form without fields is a question for a yes. Null: the client would not know what to show. */
function serverForm(schema: unknown): ElicitationSchema | null {
  const { data } = ServerForm.safeParse(schema);
  if (data === undefined || Object.keys(data.properties).length === 0) return null;
  const { required, ...form } = data;
  return required === undefined ? form : { ...form, required };
}

function decisionOf(answer: CreateElicitationResponse): ApprovalDecision {
  if (answer.action === 'cancel') return { type: 'abort' };
  if (!isAccepted(answer)) return DENIED;
  // Clients send null for a field that was left empty.
  const given = Object.entries(answer.content ?? {}).filter(([, value]) => value !== null);
  const { data } = Filled.safeParse(Object.fromEntries(given));
  return data === undefined ? DENIED : { type: 'approved', content: data };
}

function isAccepted(answer: CreateElicitationResponse): answer is CreateElicitationResponse & { content?: unknown } {
  return answer.action === 'accept';
}
