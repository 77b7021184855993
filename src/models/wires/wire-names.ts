import { hash } from 'node:crypto';
import { type ToolSpec, toolName } from '../prompt/index.ts';

/** What every API takes as the name of a tool. */
const MAX_NAME_CHARS = 64;
/** The longest id of a call that every API takes (Chat Completions). */
const MAX_ID_CHARS = 40;
const NINE_CHARS = 9;
/** Kept of a word that can't be sent; a digest of the whole word follows, so that two words never become one. */
const KEPT_CHARS = 40;
const DIGEST_CHARS = 12;
const OTHER_CHARS = /[^a-zA-Z0-9_-]/g;
const PRINTABLE = /^[\x21-\x7e]+$/;
const NINE = /^[a-zA-Z0-9]{9}$/;

/** What an API takes as the id of a call: any printable text, letters and digits with `_` and `-`, or nine of those alone. */
export type IdForm = 'printable' | 'word' | 'nine';

/** A tool's name as it can be sent: always the same for the same name, and another for another. */
export function sendableWord(word: string): string {
  return fitted(word, MAX_NAME_CHARS);
}

/** A call's id as it can be sent: always the same for the same id, and another for another. */
export function sendableId(id: string, form: IdForm): string {
  if (form === 'nine') return NINE.test(id) ? id : hash('sha256', id, 'hex').slice(0, NINE_CHARS);
  if (form === 'printable' && id.length <= MAX_ID_CHARS && PRINTABLE.test(id)) return id;
  return fitted(id, MAX_ID_CHARS);
}

function fitted(word: string, maxChars: number): string {
  const plain = word.replaceAll(OTHER_CHARS, '_');
  if (word !== '' && word.length <= maxChars && plain === word) return word;
  const kept = plain.slice(0, Math.min(KEPT_CHARS, maxChars - DIGEST_CHARS - 1));
  return `${kept}_${hash('sha256', word, 'hex').slice(0, DIGEST_CHARS)}`;
}

/** What is behind the names of a request's tools, for the calls that come back. */
export class OfferedTools {
  readonly #byWireName: ReadonlyMap<string, ToolSpec>;
  readonly #meant = new Map<string, ToolSpec | undefined>();

  constructor(tools: readonly ToolSpec[]) {
    this.#byWireName = new Map(tools.map((tool) => [sendableWord(toolName(tool)), tool]));
  }

  /** The name by which a call is routed; of a tool that was not offered the one that the model made up. */
  nameOf(wireName: string): string {
    const tool = this.#toolOf(wireName);
    return tool === undefined ? wireName : toolName(tool);
  }

  /** Whether its input is a text, which travels as the one property `input`. */
  isFreeform(wireName: string): boolean {
    return this.#toolOf(wireName)?.type === 'custom';
  }

  #toolOf(wireName: string): ToolSpec | undefined {
    const tool = this.#byWireName.get(wireName);
    if (tool !== undefined) return tool;
    if (!this.#meant.has(wireName)) this.#meant.set(wireName, this.#toolMeantBy(wireName));
    return this.#meant.get(wireName);
  }

  /** A name with what a model's own call format has left on it. */
  #toolMeantBy(written: string): ToolSpec | undefined {
    const offered = [...this.#byWireName.keys()];
    for (const name of namesIn(written)) {
      const exact = this.#byWireName.get(name);
      if (exact !== undefined) return exact;
      const similar = offered.filter((one) => plainName(one) === plainName(name));
      const [only] = similar;
      if (only !== undefined && similar.length === 1) return this.#byWireName.get(only);
    }
    return undefined;
  }
}

/** Tokens of a chat template: `<|channel|>`, `<|constrain|>json`, `<｜tool▁sep｜>`. */
const TEMPLATE_TOKEN = /<[|｜]/;
/** `functions.`, `default_api:`, `tools/`; everything before the last of these. */
const NAMESPACE = /^.*[.:/]/s;
/** What follows a name: `(...)`, the call's number (`functions.shell:0`), quotes, blanks. */
const BEHIND = /(?:\(.*|:\d+|[\s"'`]+)$/s;
const AROUND = /^[\s"'`]+/;

/** What may be meant, the most exact first. */
function namesIn(written: string): readonly string[] {
  const tokens = written.split(TEMPLATE_TOKEN);
  const head = (tokens.find((part) => part.trim() !== '') ?? '').replace(/^[^|｜]*[|｜]>/, '');
  let bare = head.replace(AROUND, '');
  while (BEHIND.test(bare)) bare = bare.replace(BEHIND, '');
  // Also the whole, for a tool whose own name has such parts in it.
  return [...new Set([bare, bare.replace(NAMESPACE, '')])].filter((name) => name !== '');
}

/** Without what models change: case, and which character separates words. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
}
