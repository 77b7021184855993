import type { SessionEvent, SessionEventOf } from '../../../foundation/protocol/index.ts';
import { quoteCommand } from '../../../foundation/util/index.ts';
import type { SessionServices } from '../services.ts';
import { asking } from './turn-hooks.ts';

/** Notification: a question waits for the user. */
export function notifyHooks(
  { hooks, config }: Pick<SessionServices, 'hooks' | 'config'>,
  { turnId, request }: SessionEventOf<'approval.requested'>,
  emit: (event: SessionEvent) => void,
): void {
  if (hooks === null || !hooks.has('Notification')) return;
  const { approvalPolicy, sandboxPolicy, cwd, model: slug } = config;
  const what = request.type === 'questions' ? 'answer' : 'approval';
  const message = `keel waits for your ${what}: ${subjectOf(request)}`;
  const fields = { message, title: 'keel', notification_type: 'permission_prompt' };
  hooks.observe('Notification', asking('permission_prompt', fields), {
    turnId,
    context: { approvalPolicy, sandboxPolicy, cwd, model: { slug } },
    onMessage: (text) => emit({ type: 'warning', turnId, message: text }),
  });
}

function subjectOf(request: SessionEventOf<'approval.requested'>['request']): string {
  switch (request.type) {
    case 'command':
      return quoteCommand(request.command);
    case 'fileChange':
      return `a change of ${request.changes.map(({ path }) => path).join(', ')}`;
    case 'mcpToolCall':
      return `${request.server}: ${request.tool}`;
    case 'elicitation':
      return `${request.server} asks: ${request.message}`;
    case 'elicitationUrl':
      return `${request.server} asks to open ${request.url}`;
    case 'questions':
      return request.questions.map(({ question }) => question).join(' ');
    case 'network':
      return `${request.host}:${request.port}`;
  }
}
