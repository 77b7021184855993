import { stripVTControlCharacters } from 'node:util';
import { csiEvents, ss3Events } from './csi-event.ts';
import type { InputEvent } from './input-event.ts';
import { characterKey, controlKey, NO_MODIFIERS, namedKey } from './key-event.ts';
import { oscReply } from './terminal-reply.ts';

/** Keys that tmux sends in place of characters also inside a bracketed paste. */
const CODED_KEY = /\u001b\[(?:27;\d+;(\d+)~|(\d+)(?::\d+)*(?:;[\d:]*)*u)/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

const ESC = '\u001b';
const PASTE_START = '\u001b[200~';
const PASTE_END = '\u001b[201~';
/** Milliseconds until an escape is a key of its own, and until what is incomplete is given up. */
const ESCAPE_WAIT = 20;
const SEQUENCE_WAIT = 200;
const PASTE_WAIT = 2_000;
/** Longer answers are none that keel asked for. */
const MAX_STRING = 65_536;

/** A sequence at the start of the input: how long it is, and what it says. */
interface Taken {
  readonly length: number;
  readonly events: readonly InputEvent[];
}

/** Bytes of the terminal as events, wherever they are cut. */
export class InputDecoder {
  readonly #decoder = new TextDecoder();
  #pending = '';
  #isPasting = false;
  #hasPasted = false;

  /** Whether the terminal marked a paste, so that no other text is one. */
  get hasPasted(): boolean {
    return this.#hasPasted;
  }

  /** How long to wait for more bytes before `flush`, milliseconds; null: nothing is incomplete. */
  get wait(): number | null {
    if (this.#isPasting) return PASTE_WAIT;
    if (this.#pending === '') return null;
    return this.#pending.length <= 2 ? ESCAPE_WAIT : SEQUENCE_WAIT;
  }

  push(bytes: Uint8Array): InputEvent[] {
    this.#pending += this.#decoder.decode(bytes, { stream: true });
    return this.#read();
  }

  /** Nothing followed in time: an escape is the key, an open paste ends, half a sequence is dropped. */
  flush(): InputEvent[] {
    const rest = this.#pending;
    this.#pending = '';
    if (this.#isPasting) {
      this.#isPasting = false;
      return paste(rest);
    }
    if (rest === '') return [];
    if (rest === ESC + ESC) return [...namedKey('escape'), ...namedKey('escape')];
    if (rest === ESC) return namedKey('escape');
    return rest.length === 2 ? altKey(rest.charAt(1)) : [];
  }

  #read(): InputEvent[] {
    const events: InputEvent[] = [];
    while (this.#pending !== '') {
      if (this.#isPasting) {
        const end = this.#pending.indexOf(PASTE_END);
        if (end === -1) break;
        events.push(...paste(this.#pending.slice(0, end)));
        this.#pending = this.#pending.slice(end + PASTE_END.length);
        this.#isPasting = false;
        continue;
      }
      if (this.#pending.startsWith(PASTE_START)) {
        this.#pending = this.#pending.slice(PASTE_START.length);
        this.#isPasting = true;
        this.#hasPasted = true;
        continue;
      }
      const taken = take(this.#pending);
      if (taken === null) break;
      events.push(...taken.events);
      this.#pending = this.#pending.slice(taken.length);
    }
    return events;
  }
}

function paste(raw: string): InputEvent[] {
  const text = pastedText(raw);
  return text === '' ? [] : [{ type: 'paste', text }];
}

/** The first event of the input; null: it is incomplete. */
function take(input: string): Taken | null {
  if (input.startsWith(ESC)) return takeEscape(input);
  const text = /^[^\u0000-\u001f\u007f-\u009f]+/.exec(input)?.[0];
  if (text !== undefined) return { length: text.length, events: [{ type: 'text', text }] };
  const code = input.charCodeAt(0);
  return { length: 1, events: code >= 0x80 ? [] : controlKey(code) };
}

function takeEscape(input: string): Taken | null {
  const next = input.charAt(1);
  if (next === '') return null;
  if (next === '[') return takeCsi(input);
  if (next === 'O') {
    const found = /^\u001bO(\d*)([\x40-\x7e])/.exec(input);
    if (found) return { length: found[0].length, events: ss3Events(found[1] ?? '', found[2] ?? '') };
    return /^\u001bO\d*$/.test(input) ? null : { length: 2, events: altKey('O') };
  }
  if (']P_^X'.includes(next)) return takeString(input, next);
  if (next !== ESC) return { length: 1 + characterAt(input, 1).length, events: altKey(characterAt(input, 1)) };
  if (input.length === 2) return null;
  // Alt before a key that is a sequence itself; otherwise the key Escape came twice.
  const inner = /^[[O]/.test(input.charAt(2)) ? takeEscape(input.slice(1)) : { length: 0, events: null };
  if (inner === null) return null;
  if (inner.events === null) return { length: 1, events: namedKey('escape') };
  const events = inner.events.map((event) => (event.type === 'key' ? { ...event, alt: true } : event));
  return { length: inner.length + 1, events };
}

function takeCsi(input: string): Taken | null {
  // F1 to F5 of the Linux console, and the mouse in its oldest form, which another program may have left on.
  const console = /^\u001b\[\[([A-E])/.exec(input);
  if (console) return { length: 4, events: csiEvents(String(11 + (console[1] ?? 'A').charCodeAt(0) - 65), '~') };
  if (input.startsWith('\u001b[M')) return input.length < 6 ? null : { length: 6, events: [] };
  const rxvt = /^\u001b\[(\d+)\$/.exec(input);
  if (rxvt) return { length: rxvt[0].length, events: csiEvents(rxvt[1] ?? '', '$') };
  const found = /^\u001b\[([\x30-\x3f]*)[\x20-\x2f]*([\x40-\x7e])/.exec(input);
  if (found) return { length: found[0].length, events: csiEvents(found[1] ?? '', found[2] ?? '') };
  if (/^\u001b\[\[?[\x30-\x3f]*[\x20-\x2f]*$/.test(input) && input.length < MAX_STRING) return null;
  // No sequence: its start is dropped.
  return { length: 2, events: [] };
}

/** Commands with a text: answers of the terminal, up to BEL or ST. */
function takeString(input: string, kind: string): Taken | null {
  const found = /\u0007|\u001b\\|\u009c/.exec(input.slice(2));
  if (!found) return input.length < MAX_STRING ? null : { length: input.length, events: [] };
  const body = input.slice(2, 2 + found.index);
  const length = 2 + found.index + found[0].length;
  return { length, events: [{ type: 'reply', reply: kind === ']' ? oscReply(body) : { kind: 'other' } }] };
}

function altKey(character: string): InputEvent[] {
  const code = character.codePointAt(0) ?? 0;
  if (code < 32 || code === 127) return controlKey(code, true);
  return characterKey(character, { modifiers: { ...NO_MODIFIERS, alt: true }, action: 'press' });
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}

/** Pasted bytes as text: line ends are `\n`, and nothing in it steers a terminal. */
function pastedText(raw: string): string {
  const decoded = raw.replace(CODED_KEY, (_, other: string | undefined, code: string | undefined) => {
    const point = Number(code ?? other);
    return point <= 0x10ffff ? String.fromCodePoint(point) : '';
  });
  return stripVTControlCharacters(decoded).replaceAll(/\r\n?/g, '\n').replaceAll(CONTROLS, '');
}
