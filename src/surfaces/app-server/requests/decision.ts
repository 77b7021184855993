import * as z from 'zod';
import type { ApprovalDecision, ApprovalRequest } from '../../../foundation/protocol/index.ts';
import type { Reply } from '../methods/method.ts';

const CommandReply = z.object({
  decision: z.union([
    z.enum(['accept', 'acceptForSession', 'decline', 'cancel']),
    z.object({ acceptWithExecpolicyAmendment: z.object({ execpolicy_amendment: z.array(z.string()) }) }),
    z.object({
      applyNetworkPolicyAmendment: z.object({
        network_policy_amendment: z.object({ host: z.string(), action: z.enum(['allow', 'deny']) }),
      }),
    }),
  ]),
});
const FileChangeReply = z.object({ decision: z.enum(['accept', 'acceptForSession', 'decline', 'cancel']) });
const FormReply = z.object({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).nullish(),
  _meta: z.object({ persist: z.string().optional() }).nullish(),
});
const AnswersReply = z.object({ answers: z.record(z.string(), z.object({ answers: z.array(z.string()) })) });

const DENIED: ApprovalDecision = { type: 'denied' };
const PLAIN = {
  accept: { type: 'approved' },
  acceptForSession: { type: 'approvedForSession' },
  decline: DENIED,
  cancel: { type: 'abort' },
} as const satisfies Record<string, ApprovalDecision>;

/** What a client's reply to an approval request means. Whatever isn't a clear yes is a no. */
export function decisionOf(request: ApprovalRequest, reply: Reply): ApprovalDecision {
  if (reply.type === 'error') return DENIED;
  switch (request.type) {
    case 'command':
    case 'network':
      return commandDecision(request, reply.result);
    case 'fileChange': {
      const { data } = FileChangeReply.safeParse(reply.result);
      return data === undefined ? DENIED : PLAIN[data.decision];
    }
    case 'mcpToolCall':
      return formDecision(reply.result);
    case 'questions':
      return answersIn(reply.result);
    case 'elicitation':
    case 'elicitationUrl':
      return formAnswer(reply.result);
  }
}

type CommandRequest = Extract<ApprovalRequest, { type: 'command' | 'network' }>;

function commandDecision(request: CommandRequest, result: unknown): ApprovalDecision {
  const { data } = CommandReply.safeParse(result);
  if (data === undefined) return DENIED;
  const { decision } = data;
  if (typeof decision === 'string') return PLAIN[decision];
  return remembers(request, decision) ? { type: 'approvedAndRemembered' } : DENIED;
}

type Amendment = Exclude<z.infer<typeof CommandReply>['decision'], string>;

/** Only what was proposed can be allowed for good, neither more nor something else. */
function remembers(request: CommandRequest, amendment: Amendment): boolean {
  if (request.proposedRule === undefined) return false;
  if (request.type === 'command') {
    if (!('acceptWithExecpolicyAmendment' in amendment)) return false;
    const { execpolicy_amendment: prefix } = amendment.acceptWithExecpolicyAmendment;
    return JSON.stringify(prefix) === JSON.stringify(request.proposedRule.prefix);
  }
  if (!('applyNetworkPolicyAmendment' in amendment)) return false;
  const { host, action } = amendment.applyNetworkPolicyAmendment.network_policy_amendment;
  return action === 'allow' && host === request.host;
}

/** What the user filled in. Without it keel looks whether the server's defaults do. */
function formAnswer(result: unknown): ApprovalDecision {
  const { data } = FormReply.safeParse(result);
  if (data?.action !== 'accept') return data?.action === 'cancel' ? PLAIN.cancel : DENIED;
  return data.content ? { type: 'approved', content: data.content } : PLAIN.accept;
}

function answersIn(result: unknown): ApprovalDecision {
  const { data } = AnswersReply.safeParse(result);
  const given = Object.entries(data?.answers ?? {}).map(([id, { answers }]) => [id, answers] as const);
  return given.length === 0 ? DENIED : { type: 'approved', content: Object.fromEntries(given) };
}

function formDecision(result: unknown): ApprovalDecision {
  const { data } = FormReply.safeParse(result);
  switch (data?.action) {
    case 'accept':
      return data._meta?.persist === 'session' ? PLAIN.acceptForSession : PLAIN.accept;
    case 'cancel':
      return PLAIN.cancel;
    default:
      return DENIED;
  }
}
