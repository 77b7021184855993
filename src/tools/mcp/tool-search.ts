import * as z from 'zod/mini';
import { byteLength, cutBytesEnd } from '../../foundation/util/index.ts';
import type { McpTool } from '../../models/mcp/index.ts';
import {
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  numberSchema,
  parseArguments,
  type Tool,
  textSchema,
} from '../contract/index.ts';
import { McpCallItem } from './mcp-item.ts';

/** `ThreadFacts` reads from its calls which tools they found. */
const NAME = 'tool_search';
const DEFAULT_COUNT = 5;
const MAX_COUNT = 20;
/** The names of tools in the description, bytes: with the rest it stays below 1.5 KiB, however many there are. */
const MAX_LISTED_BYTES = 1_024;
/** One line of a result, bytes. */
const MAX_LINE_BYTES = 240;
/** What a word of the query is worth by where it is found. */
const WEIGHTS = { wholeName: 1_000, name: 4, partOfName: 2, description: 1 } as const;

const searchArguments = z.object({ query: z.string(), limit: z.optional(z.number()) });

/** Finds tools of servers that a request does not carry. `tools`: those that can be found, in the order of their names. */
export function toolSearch(tools: readonly McpTool[]): Tool {
  const lead = 'Find tools of MCP servers by what they do. Those found can be called from your next step on.';
  const spec = functionSpec({
    name: NAME,
    description: `${lead}\n${listing(tools)}`,
    required: ['query'],
    properties: {
      query: described(textSchema, 'Words for the task, or names of tools.'),
      limit: described(numberSchema, `Tools to find, at most ${MAX_COUNT}; default ${DEFAULT_COUNT}.`),
    },
  });
  return {
    name: NAME,
    spec,
    handler: {
      payloads: ['function'],
      fields: ['query', 'limit'],
      parallel: true,
      repeat: 'safe',
      run(call, context) {
        const parsed = parseArguments(argumentsText(call), searchArguments);
        if (parsed.type === 'failed') return Promise.resolve(failedOutput(parsed.message));
        const { query, limit = DEFAULT_COUNT } = parsed.value;
        const given = { id: call.callId, server: 'keel', tool: NAME, arguments: parsed.value };
        const item = new McpCallItem(given, context);
        const found = bestMatches(tools, query).slice(0, Math.min(Math.max(Math.trunc(limit), 1), MAX_COUNT));
        const body = found.length === 0 ? nothingFound(tools) : found.map(line).join('\n');
        item.answered({ content: [{ type: 'text', text: body }] });
        const facts = { outcome: 'done' as const, found: found.map(({ qualifiedName }) => qualifiedName) };
        return Promise.resolve({ body, success: true, facts });
      },
    },
  };
}

/** Tools that have a word of the query, best first; equal ones in the order of their names. */
function bestMatches(tools: readonly McpTool[], query: string): readonly McpTool[] {
  const words = [...new Set(wordsOf(query))];
  return tools
    .map((tool) => ({ tool, score: scoreOf(tool, words, query) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .map(({ tool }) => tool);
}

function scoreOf({ server, name, qualifiedName, description = '' }: McpTool, words: readonly string[], query: string) {
  if (query.includes(qualifiedName)) return WEIGHTS.wholeName;
  const names = new Set([...wordsOf(name), ...wordsOf(server)]);
  const [whole, said] = [name.toLowerCase(), new Set(wordsOf(description))];
  return words.reduce((sum, word) => {
    if (names.has(word)) return sum + WEIGHTS.name;
    if (whole.includes(word)) return sum + WEIGHTS.partOfName;
    return said.has(word) ? sum + WEIGHTS.description : sum;
  }, 0);
}

/** `createIssue`, `create_issue` and `Create issues.` have the same words. */
function wordsOf(text: string): string[] {
  const parts =
    text
      .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return parts
    .filter((word) => word.length > 1 || /\p{N}/u.test(word))
    .map((word) => word.replace(/(?<=\p{L}{3})s$/u, ''));
}

/** The tool's name, and the start of what its server says of it, on one line: a server can't write lines of its own. */
function line({ qualifiedName, description = '' }: McpTool): string {
  const words = description
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return cutBytesEnd(words === '' ? qualifiedName : `${qualifiedName}: ${words}`, MAX_LINE_BYTES);
}

function nothingFound(tools: readonly McpTool[]): string {
  return `No tool matches. ${listing(tools)}`;
}

/** Names by server: of each as many as have room in its equal share. */
function listing(tools: readonly McpTool[]): string {
  const servers = [...Map.groupBy(tools, ({ server }) => server)];
  const share = Math.floor(MAX_LISTED_BYTES / servers.length);
  const lines = servers.map(([server, own]) =>
    cutBytesEnd(`${server} (${own.length}): ${someNames(own, share)}`, share),
  );
  const shown: string[] = [];
  let room = MAX_LISTED_BYTES;
  for (const text of lines) {
    room -= byteLength(text) + 1;
    if (room >= 0) shown.push(text);
  }
  const more = lines.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more servers`] : [])].join('\n');
}

function someNames(tools: readonly McpTool[], maxBytes: number): string {
  const shown: string[] = [];
  let room = maxBytes - 40;
  for (const { name } of tools) {
    room -= byteLength(name) + 2;
    if (room < 0) break;
    shown.push(name.replaceAll(/\s+/g, ' '));
  }
  return `${shown.join(', ')}${shown.length < tools.length ? ', ...' : ''}`;
}
