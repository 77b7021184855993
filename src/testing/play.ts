import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertNever } from '../foundation/util/index.ts';
import type { EventSink, Outlet } from './event-stream.ts';
import type { Ending, Framing, Json, Part, Pause, Response } from './script.ts';
import { isPause, type WireForm, type WireFormMaker } from './wires/form.ts';

export interface PlayOptions {
  readonly response: Response;
  /** In the form of the API that was asked. */
  readonly wire: WireForm;
  /** Counts requests from 0; ids are made from it. */
  readonly index: number;
  /** Aborts when the client has gone or the server closes. */
  readonly gone: AbortSignal;
}

/** What the response says of its form: its usage, and how its events become bytes unless it says otherwise. */
export function formOf(
  response: Response,
  { form, index, framing }: { readonly form: WireFormMaker; readonly index: number; readonly framing: Framing },
): { readonly wire: WireForm; readonly framing: Framing } {
  const framings = response.map((part) => (part.type === 'framing' ? part.framing : {}));
  const usage = response.findLast((part) => part.type === 'usage')?.usage;
  return { wire: form({ index, usage }), framing: Object.assign({}, framing, ...framings) };
}

/** Plays one response, as a provider would. Ends early, without an error, when the client goes. */
export async function play(outlet: Outlet, options: PlayOptions): Promise<void> {
  const { response, gone } = options;
  const whole = response.find((part) => part.type === 'status' || part.type === 'silence');
  if (whole?.type === 'status') outlet.refuse(whole.status, whole.headers, whole.body);
  else if (whole?.type === 'silence') {
    if (whole.by === 'reset') outlet.reset();
    else await untilGone(gone);
  } else await playStream(outlet, options);
}

async function playStream(outlet: Outlet, { response, wire, index, gone }: PlayOptions): Promise<void> {
  const headers = Object.assign({}, ...response.map((part) => (part.type === 'headers' ? part.headers : {})));
  const stream = outlet.begin({ 'x-request-id': `req_${index}`, ...headers });

  await playSteps(stream, wire.begin(), gone);
  let items = 0;
  let ending: Ending | null = null;
  for (const part of response) {
    if (gone.aborted) return;
    if (part.type === 'item') {
      await playSteps(stream, wire.item(part, { at: items, callId: `call_${randomUUID()}` }), gone);
      items += 1;
    } else if (part.type === 'end') ending = part.how;
    else await playPart(stream, part, gone);
  }
  if (!gone.aborted) await playEnd({ outlet, stream, wire, gone, ending });
}

async function playSteps(stream: EventSink, steps: readonly (Json | Pause)[], gone: AbortSignal): Promise<void> {
  for (const step of steps) {
    if (gone.aborted) return;
    if (isPause(step)) await pause(step, gone);
    else await stream.event(step);
  }
}

async function playPart(stream: EventSink, part: Part, gone: AbortSignal): Promise<void> {
  switch (part.type) {
    case 'event':
      return stream.event(part.event);
    case 'raw':
      return stream.bytes(part.bytes);
    case 'delay':
    case 'hold':
      return pause(part, gone);
    default:
      return; // settings of the whole response
  }
}

async function pause(step: Pause, gone: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([gone, over.signal]);
  // Aborted or rejected: the wait is over either way, and the caller looks at `gone`.
  const wait = step.type === 'delay' ? sleep(step.ms, undefined, { signal: either }) : Promise.resolve(step.gate);
  await Promise.race([wait.then(nothing, nothing), untilGone(either)]);
  over.abort();
}

function nothing(): void {
  // What a gate resolves or rejects with says nothing here.
}

interface StreamEnd {
  readonly outlet: Outlet;
  readonly stream: EventSink;
  readonly wire: WireForm;
  readonly gone: AbortSignal;
  readonly ending: Ending | null;
}

async function playEnd({ outlet, stream, wire, gone, ending }: StreamEnd): Promise<void> {
  switch (ending?.type) {
    case undefined:
    case 'keepOpen':
    case 'failed':
    case 'incomplete':
      await playSteps(stream, wire.end(ending), gone);
      if (ending?.type === 'keepOpen') return untilGone(gone);
      break;
    case 'cut':
      return outlet.cut();
    case 'reset':
      await stream.handedOver();
      return outlet.reset();
    case 'hang':
      return untilGone(gone);
    default:
      return assertNever(ending, 'ending');
  }
  outlet.end();
}

async function untilGone(gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  gone.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
