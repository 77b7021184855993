import type { ApprovalRequest, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { quoteCommand } from '../../../foundation/util/index.ts';
import { callView, type WorkItem } from '../items/call-view.ts';
import { type CallView, textContent } from '../items/content.ts';

/** A call that waits for approval: what would run, and why it is asked about. */
export function questionView(request: ApprovalRequest): CallView {
  const view = subjectView(request);
  const notes = [
    request.type === 'command' && request.escalated ? 'It would run outside the sandbox.' : null,
    request.reason,
  ].filter((note) => note !== null);
  const content = [...(view.content ?? []), ...notes.map(textContent)];
  return { ...view, status: 'pending', content };
}

function subjectView(request: ApprovalRequest): CallView {
  if (request.type === 'elicitation') {
    const title = `Question of the MCP server ${request.server}`;
    return { title, kind: 'other', status: 'pending', content: [textContent(request.message)] };
  }
  if (request.type === 'elicitationUrl') {
    const { host } = new URL(request.url);
    const title = `The MCP server ${request.server} asks you to open a page of ${host}`;
    return { title, kind: 'other', status: 'pending', content: [textContent(`${request.message}\n\n${request.url}`)] };
  }
  if (request.type === 'questions') {
    const asked = request.questions.map(({ question }) => question).join('\n');
    return { title: 'Question', kind: 'other', status: 'pending', content: [textContent(asked)] };
  }
  if (request.type !== 'network') return callView(itemOf(request), { isOver: false, isLive: true });
  const place = `${request.host}:${request.port}`;
  return {
    title: `Reach ${place}`,
    kind: 'fetch',
    status: 'pending',
    content: [textContent(`A command wants to reach ${place} (${request.protocol}).`)],
  };
}

function itemOf(
  request: Exclude<ApprovalRequest, { type: 'network' | 'elicitation' | 'elicitationUrl' | 'questions' }>,
): WorkItem {
  const { callId: id } = request;
  switch (request.type) {
    case 'command':
      return commandItem(request);
    case 'fileChange':
      return { type: 'fileChange', id, changes: request.changes, status: 'inProgress' };
    case 'mcpToolCall': {
      const { server, tool, arguments: args } = request;
      const none = { result: null, error: null, durationMs: null };
      return { type: 'mcpToolCall', id, server, tool, arguments: args, status: 'inProgress', ...none };
    }
  }
}

function commandItem(request: Extract<ApprovalRequest, { type: 'command' }>): ThreadItemOf<'commandExecution'> {
  return {
    type: 'commandExecution',
    id: request.callId,
    command: quoteCommand(request.command),
    cwd: request.cwd,
    processId: null,
    source: 'agent',
    status: 'inProgress',
    commandActions: request.commandActions,
    aggregatedOutput: null,
    exitCode: null,
    durationMs: null,
  };
}
