import { hash } from 'node:crypto';
import { type ToolSpec, toolName } from './tool-spec.ts';

/** What this API takes as the name of a tool and as the id of a call. */
const SENDABLE = /^[a-zA-Z0-9_-]{1,64}$/;
/** Of a word that it does not take; a digest of the whole word follows, so that two words never become one. */
const KEPT_CHARS = 40;
const DIGEST_CHARS = 12;

/** A tool's name or a call's id as it can be sent: always the same for the same word, and another for another. */
export function sendableWord(word: string): string {
  if (SENDABLE.test(word)) return word;
  const kept = word.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, KEPT_CHARS);
  return `${kept}_${hash('sha256', word, 'hex').slice(0, DIGEST_CHARS)}`;
}

/** What is behind the names of a request's tools, for the calls that come back. */
export class OfferedTools {
  readonly #byWireName: ReadonlyMap<string, ToolSpec>;

  constructor(tools: readonly ToolSpec[]) {
    this.#byWireName = new Map(tools.map((tool) => [sendableWord(toolName(tool)), tool]));
  }

  /** The name by which a call is routed; of a tool that was not offered the one that the model made up. */
  nameOf(wireName: string): string {
    const tool = this.#byWireName.get(wireName);
    return tool === undefined ? wireName : toolName(tool);
  }

  /** Whether its input is a text, which travels as the one property `input`. */
  isFreeform(wireName: string): boolean {
    return this.#byWireName.get(wireName)?.type === 'custom';
  }
}
