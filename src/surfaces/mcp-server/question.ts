import {
  type ElicitRequestFormParams,
  type InputResponseView,
  inputRequired,
  isSpecType,
} from '@modelcontextprotocol/server';
import { formAnswer, questionForm } from '../../engine/threads/index.ts';
import {
  ApprovalDecision,
  type ApprovalRequest,
  type FileUpdate,
  type SessionEventOf,
} from '../../foundation/protocol/index.ts';
import { cutBytesEnd, printable, quoteCommand, readJson } from '../../foundation/util/index.ts';

/** Longer arguments of a call are cut in the question, UTF-8 bytes: a person reads it. */
const MAX_SHOWN_BYTES = 2_000;

type Approval = Exclude<ApprovalRequest, { type: 'questions' }>;

/** Keys of a form's schema whose texts are shown. What a field can be set to is the server's own, and has to come back as it is. */
const SHOWN_KEYS: ReadonlySet<string> = new Set(['title', 'description']);

/**
 * What a turn asks as a form. One for approval has no fields: accepting it means yes; one of an MCP server has that server's. Names and
 * commands can't act on a terminal.
 */
export function formOf({ request, agent }: SessionEventOf<'approval.requested'>) {
  const who = agent === undefined ? '' : `Asked by the subagent ${agent}.\n`;
  if (request.type === 'questions') return inputRequired.elicit(questionForm(request.questions, who));
  const why = 'reason' in request && request.reason !== null ? `\nReason: ${request.reason}` : '';
  const message = printable(`${who}${questionText(request)}${why}`);
  const form = request.type === 'elicitation' ? serverForm(message, request.requestedSchema) : null;
  return inputRequired.elicit(form ?? { message, requestedSchema: { type: 'object', properties: {} } });
}

/** Null: it is none of the forms that clients know how to show. */
function serverForm(message: string, schema: unknown): ElicitRequestFormParams | null {
  const shown = JSON.stringify(schema, (key, value: unknown) => {
    if (typeof value === 'string' && SHOWN_KEYS.has(key)) return printable(value);
    return key === 'enumNames' && Array.isArray(value) ? value.map((name) => printable(String(name))) : value;
  });
  const form: unknown = { message, requestedSchema: readJson(shown ?? 'null') };
  return isSpecType.ElicitRequestFormParams(form) ? form : null;
}

/** Only an accepted form is a yes. Declining and cancelling are both a no: the turn continues without. */
export function decisionOf(request: ApprovalRequest, response: InputResponseView): ApprovalDecision {
  if (response.kind !== 'elicit' || response.action !== 'accept') return { type: 'denied' };
  if (request.type === 'questions') return formAnswer(request.questions, response.content);
  return request.type === 'elicitation' ? filledForm(response.content) : { type: 'approved' };
}

/** Clients send null for a field that was left empty. */
function filledForm(filled: Readonly<Record<string, unknown>> = {}): ApprovalDecision {
  const content = Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== null));
  return ApprovalDecision.safeParse({ type: 'approved', content }).data ?? { type: 'denied' };
}

function questionText(request: Approval): string {
  switch (request.type) {
    case 'command':
      return `Run this command in ${request.cwd}${request.escalated ? ', outside the sandbox' : ''}?\n\n${quoteCommand(request.command)}\n`;
    case 'fileChange':
      return `Make these changes?\n\n${request.changes.map(changeLine).join('\n')}\n`;
    case 'mcpToolCall': {
      const args = cutBytesEnd(JSON.stringify(request.arguments) ?? '', MAX_SHOWN_BYTES);
      return `Call the tool ${request.tool} of the MCP server ${request.server}?\n\n${args}\n`;
    }
    case 'elicitation':
      return `The MCP server ${request.server} asks: ${request.message}\n`;
    case 'elicitationUrl':
      return `The MCP server ${request.server} asks you to open a page: ${request.message}\n\n${request.url}\n`;
    case 'network':
      return `Let a command reach ${request.host}:${request.port} (${request.protocol})?\n`;
  }
}

function changeLine({ path, kind }: FileUpdate): string {
  const target = kind.type === 'update' && kind.movePath !== null ? ` -> ${kind.movePath}` : '';
  return `${kind.type} ${path}${target}`;
}
