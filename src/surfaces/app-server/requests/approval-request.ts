import type { ApprovalRequest, SessionEventOf } from '../../../foundation/protocol/index.ts';
import { quoteCommand } from '../../../foundation/util/index.ts';

/** A request of the server, without its id. */
export interface ServerRequest {
  readonly method: string;
  readonly params: object;
}

/** A question of a turn in the protocol's form. A child's question is asked in the thread that the client knows, and says whose it is. */
export function approvalRequest(
  threadId: string,
  { turnId, agent, request }: SessionEventOf<'approval.requested'>,
): ServerRequest {
  const who = agent === undefined ? '' : `Asked by the subagent ${agent}. `;
  const reason = `${who}${request.reason ?? ''}`.trim() || null;
  const place = { threadId, turnId, startedAtMs: Date.now(), reason };
  switch (request.type) {
    case 'command':
      return { method: 'item/commandExecution/requestApproval', params: { ...place, ...commandParams(request) } };
    case 'network':
      return { method: 'item/commandExecution/requestApproval', params: { ...place, ...networkParams(request) } };
    case 'fileChange':
      return {
        method: 'item/fileChange/requestApproval',
        params: { ...place, itemId: request.callId, grantRoot: null },
      };
    case 'elicitation':
      return { method: 'mcpServer/elicitation/request', params: formParams(threadId, turnId, request, who) };
    case 'elicitationUrl': {
      const { server: serverName, url, questionId: elicitationId } = request;
      const message = `${who}${request.message}`;
      const params = { threadId, turnId, serverName, mode: 'url', message, url, elicitationId, _meta: null };
      return { method: 'mcpServer/elicitation/request', params };
    }
    case 'questions':
      return { method: 'item/tool/requestUserInput', params: questionParams(threadId, turnId, request) };
    case 'mcpToolCall':
      return { method: 'mcpServer/elicitation/request', params: toolCallParams(threadId, turnId, request, who) };
  }
}

type RequestOf<T extends ApprovalRequest['type']> = Extract<ApprovalRequest, { type: T }>;

function commandParams({
  questionId,
  callId,
  command,
  cwd,
  commandActions,
  proposedRule,
}: RequestOf<'command'>): object {
  const remember = { acceptWithExecpolicyAmendment: { execpolicy_amendment: proposedRule?.prefix ?? [] } };
  return {
    itemId: callId,
    // A call may ask twice, inside the sandbox and then outside.
    approvalId: questionId,
    command: quoteCommand(command),
    cwd,
    commandActions,
    proposedExecpolicyAmendment: proposedRule?.prefix ?? null,
    availableDecisions: ['accept', 'acceptForSession', ...(proposedRule ? [remember] : []), 'decline', 'cancel'],
  };
}

function networkParams({ questionId, host, protocol, proposedRule }: RequestOf<'network'>): object {
  const amendment = { host, action: 'allow' };
  const remember = { applyNetworkPolicyAmendment: { network_policy_amendment: amendment } };
  return {
    itemId: questionId,
    approvalId: questionId,
    networkApprovalContext: { host, protocol: protocol === 'socks5' ? 'socks5Tcp' : protocol },
    proposedNetworkPolicyAmendments: proposedRule ? [amendment] : null,
    availableDecisions: ['accept', 'acceptForSession', ...(proposedRule ? [remember] : []), 'decline', 'cancel'],
  };
}

/** The server's own form. */
function formParams(
  threadId: string,
  turnId: string,
  { server, message, requestedSchema }: RequestOf<'elicitation'>,
  who: string,
): object {
  return {
    threadId,
    turnId,
    serverName: server,
    mode: 'form',
    message: `${who}${message}`,
    requestedSchema,
    _meta: null,
  };
}

/** A form without fields: accepting it is a yes. */
function toolCallParams(
  threadId: string,
  turnId: string,
  { server, tool, arguments: given, reason }: RequestOf<'mcpToolCall'>,
  who: string,
): object {
  const why = reason === null ? '' : ` ${reason}`;
  return {
    threadId,
    turnId,
    serverName: server,
    mode: 'form',
    message: `${who}Allow the MCP server ${server} to run the tool ${tool}?${why}`,
    requestedSchema: { type: 'object', properties: {} },
    _meta: { codex_approval_kind: 'mcp_tool_call', persist: ['session'], tool_title: tool, tool_params: given ?? null },
  };
}

/** The client shows them until somebody answers, and offers an answer in the user's own words. */
function questionParams(threadId: string, turnId: string, { callId, questions }: RequestOf<'questions'>): object {
  const asked = questions.map((question) => ({ ...question, isOther: true, isSecret: false }));
  return { threadId, turnId, itemId: callId, isBlocking: true, questions: asked };
}
