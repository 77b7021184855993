import type { FileUpdate, ItemStatus, ThreadItem, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { agentTexts, changeLabel, changeVerb, diffLines, endLabel } from '../labels.ts';
import { shownOutput } from '../shown-text.ts';
import { escapeHtml, folded, pre } from './html-text.ts';
import { safeMarkdown } from './safe-markdown.ts';

/** Embedded images only: the page loads nothing. */
const EMBEDDED_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

/** An item that people saw, as HTML. `output`: the model's result, of a tool that shows people less. */
export function itemHtml(item: ThreadItem, output: string | null): string {
  switch (item.type) {
    case 'userMessage':
      return `<div class="user">${item.content.map(userPart).join('')}</div>\n`;
    case 'agentMessage':
      return `<div class="agent">${safeMarkdown(item.text)}</div>\n`;
    case 'reasoning': {
      const text = [...item.summary, ...item.content].join('\n\n');
      return folded('thought', what(firstLine(text.replaceAll('**', '')) || 'Reasoning'), safeMarkdown(text));
    }
    case 'commandExecution':
      return commandHtml(item, output);
    case 'fileChange':
      return changesHtml(item);
    case 'mcpToolCall':
      return toolHtml(`${item.server}.${item.tool}`, item, JSON.stringify(item.arguments) ?? '', output);
    case 'toolCall':
      return toolHtml(item.tool, item, item.arguments, output);
    case 'collabAgentToolCall': {
      const { name, task, answer } = agentTexts(item, output);
      return toolHtml(name, item, task, answer);
    }
    case 'webSearch':
      return `<p class="note">Searched the web: ${escapeHtml(item.query)}</p>\n`;
    case 'imageView':
      return `<p class="note">Looked at the image ${escapeHtml(item.path)}</p>\n`;
    case 'imageGeneration':
      return `<figure>${picture(item.url, 'a picture that the model made')}${caption(item.prompt)}</figure>\n`;
    case 'plan':
      return planHtml(item);
    // The end of the turn shows it.
    case 'budgetExceeded':
    case 'contextCompaction':
      return '';
    case 'enteredReviewMode':
      return `<p class="note">Review started: ${escapeHtml(item.review)}</p>\n`;
    case 'exitedReviewMode':
      return `<div class="review">${escapeHtml(item.review)}</div>\n`;
    case 'undo':
      return `<p class="note">Undo: ${escapeHtml(item.message)}</p>\n`;
    default:
      return assertNever(item, 'item');
  }
}

/** A call without recorded events. */
export function callHtml(name: string, input: string, output: string | null): string {
  const isPatch = name === 'apply_patch';
  const asked = isPatch ? diffHtml(shownOutput(input).split('\n')) : pre(shownOutput(input));
  const result = output === null ? '<p class="note">No output is recorded.</p>' : pre(shownOutput(output));
  const line = isPatch ? name : `${name} ${firstLine(input)}`;
  return folded('tool', what(line), asked + result);
}

function userPart(part: ThreadItemOf<'userMessage'>['content'][number]): string {
  if (part.type === 'text') return escapeHtml(part.text);
  return picture(part.type === 'image' ? part.url : null, 'an image from the user');
}

function picture(url: string | null, alt: string): string {
  if (url === null || !EMBEDDED_IMAGE.test(url)) return '<span class="note">[an image]</span>';
  return `<img alt="${alt}" src="${url}">`;
}

function caption(text: string): string {
  return text === '' ? '' : `<figcaption class="note">${escapeHtml(text)}</figcaption>`;
}

function commandHtml(item: ThreadItemOf<'commandExecution'>, output: string | null): string {
  const text = item.aggregatedOutput ?? output ?? '';
  const line = firstLine(item.command);
  const whole = item.command.trim() === line ? '' : pre(item.command);
  const body = text === '' ? '<p class="note">No output.</p>' : pre(shownOutput(text));
  const label = `<span class="what"><code>${escapeHtml(line)}</code></span>${how(endLabel(item) || item.status)}`;
  return folded(`command ${tone(item.status)}`, label, whole + body);
}

function toolHtml(
  name: string,
  { status }: { readonly status: ItemStatus },
  input: string,
  output: string | null,
): string {
  const result = output === null || output === '' ? '' : pre(shownOutput(output));
  const label = `${what(`${name} ${firstLine(input)}`)}${how(status === 'completed' ? '' : status)}`;
  return folded(`tool ${tone(status)}`, label, (input === '' ? '' : pre(shownOutput(input))) + result);
}

/** A change of files. Why it was not made is said once, also where the record names no file. */
function changesHtml({ changes, status, reason }: ThreadItemOf<'fileChange'>): string {
  const files = changes.map((change) => changeHtml(change, status)).join('');
  return reason === undefined ? files : `${files}<p class="note">Change ${ended[status]}: ${escapeHtml(reason)}</p>\n`;
}

const ended = {
  inProgress: 'not finished',
  completed: '',
  failed: 'failed',
  declined: 'declined, not applied',
  interrupted: 'interrupted',
} as const satisfies Record<ItemStatus, string>;

function changeHtml(change: FileUpdate, status: ItemStatus): string {
  const lines = shownOutput(diffLines(change).join('\n')).split('\n');
  const label = `${what(`${changeVerb(change)} ${changeLabel(change)}`)}${how(ended[status] || counts(lines))}`;
  const body = diffHtml(lines);
  const kind = `change ${status === 'completed' ? '' : tone(status)}`;
  return `<details open class="${kind.trim()}"><summary>${label}</summary>${body}</details>\n`;
}

function counts(lines: readonly string[]): string {
  const added = lines.filter((line) => /^\+(?!\+\+ )/.test(line)).length;
  const removed = lines.filter((line) => /^-(?!-- )/.test(line)).length;
  return `+${added} −${removed}`;
}

function diffHtml(lines: readonly string[]): string {
  const rows = lines.map((line) => {
    const kind = kindOf(line);
    return `<span${kind === '' ? '' : ` class="${kind}"`}>${escapeHtml(line)}\n</span>`;
  });
  return `<pre class="diff">${rows.join('')}</pre>`;
}

function kindOf(line: string): string {
  if (line.startsWith('@@') || line.startsWith('*** ') || /^(?:\+\+\+|---) /.test(line)) return 'hunk';
  if (line.startsWith('+')) return 'add';
  return line.startsWith('-') ? 'del' : '';
}

function planHtml({ explanation, steps }: ThreadItemOf<'plan'>): string {
  const why = explanation === null ? '' : `<p>${escapeHtml(explanation)}</p>`;
  const rows = steps.map(({ step, status }) => `<li class="${status}">${escapeHtml(step)}</li>`);
  return `<div class="plan"><b>Plan</b>${why}<ol>${rows.join('')}</ol></div>\n`;
}

function tone(status: ItemStatus): string {
  return { inProgress: '', completed: 'ok', failed: 'bad', declined: 'declined', interrupted: 'bad' }[status];
}

function what(text: string): string {
  return `<span class="what">${escapeHtml(text)}</span>`;
}

function how(text: string): string {
  return text === '' ? '' : `<span class="how">${escapeHtml(text)}</span>`;
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 300);
}
