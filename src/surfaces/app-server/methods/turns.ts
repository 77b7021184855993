import * as z from 'zod';
import { type Op, ReasoningEffort, ReasoningSummary } from '../../../foundation/protocol/index.ts';
import {
  approvalPolicyOf,
  askedKinds,
  PermissionProfile,
  profilePolicy,
  sandboxPolicyOf,
  WireApprovalPolicy,
  WireSandboxPolicy,
} from '../notifications/wire-policy.ts';
import type { SessionSettings } from '../notifications/wire-thread.ts';
import { wireTurn } from '../notifications/wire-turn.ts';
import type { SharedThread } from '../threads/shared-thread.ts';
import type { SharedThreads } from '../threads/shared-threads.ts';
import { directory } from '../threads/thread-settings.ts';
import { ErrorCode, MethodError, type Methods, method, orderedMethod } from './method.ts';
import type { ServerContext } from './server-settings.ts';
import { TurnInput, turnInput } from './turn-input.ts';

const StartTurn = z.object({
  threadId: z.string(),
  input: TurnInput,
  cwd: z.string().nullish(),
  approvalPolicy: WireApprovalPolicy.nullish(),
  sandboxPolicy: WireSandboxPolicy.nullish(),
  permissions: PermissionProfile.nullish(),
  model: z.string().nullish(),
  effort: z.nullish(ReasoningEffort),
  summary: z.nullish(ReasoningSummary),
  outputSchema: z.unknown().optional(),
});
const Steer = z.object({ threadId: z.string(), input: TurnInput, expectedTurnId: z.string() });
const Interrupt = z.object({ threadId: z.string(), turnId: z.string() });

export interface TurnMethodsContext {
  readonly threads: SharedThreads;
  readonly settings: Pick<ServerContext, 'cwd'>;
}

/** Methods that start turns, add to them and stop them. */
export function turnMethods({ threads, settings }: TurnMethodsContext): Methods {
  return {
    'turn/start': orderedMethod(StartTurn, async (params) => {
      const thread = threads.require(params.threadId);
      requireSteerable(thread);
      const update = settingsOf(params, settings, thread);
      const kinds = params.approvalPolicy ? { kinds: askedKinds(params.approvalPolicy) } : {};
      const turn = await thread.startTurn(startOp(thread, params, update), { ...update, ...kinds });
      return { turn: wireTurn({ ...turn, items: [] }, 'notLoaded') };
    }),
    'turn/steer': orderedMethod(Steer, async ({ threadId, input, expectedTurnId }) => {
      const thread = threads.require(threadId);
      requireRunning(thread, expectedTurnId, 'steer');
      requireSteerable(thread);
      // A turn that ends just now does not take it: then it is the next one's, under another id.
      const turn = await thread.startTurn({ type: 'userInput', items: turnInput(input) });
      return { turnId: turn.id };
    }),
    'turn/interrupt': method(Interrupt, async ({ threadId, turnId }) => {
      const thread = threads.require(threadId);
      requireRunning(thread, turnId, 'interrupt');
      await thread.interrupt(turnId);
      return {};
    }),
  };
}

function startOp({ settings }: SharedThread, params: z.infer<typeof StartTurn>, update: Partial<SessionSettings>): Op {
  const items = turnInput(params.input);
  const { outputSchema } = params;
  const schema = outputSchema === undefined || outputSchema === null ? {} : { outputSchema };
  if (Object.keys(update).length === 0) return { type: 'userInput', items, ...schema };
  // Settings and input are one op: a turn never starts with other settings than its client asked for.
  return { type: 'userTurn', items, ...settings, ...update, ...schema };
}

function settingsOf(
  params: z.infer<typeof StartTurn>,
  server: Pick<ServerContext, 'cwd'>,
  thread: SharedThread,
): Partial<SessionSettings> {
  const { cwd, approvalPolicy, sandboxPolicy, permissions, model, effort, summary } = params;
  return {
    // Where the thread is at work may be on another machine.
    ...(cwd && cwd !== thread.settings.cwd ? { cwd: directory(server, cwd) } : {}),
    ...(approvalPolicy ? { approvalPolicy: approvalPolicyOf(approvalPolicy) } : {}),
    ...(permissions ? { sandboxPolicy: profilePolicy(permissions) } : {}),
    ...(sandboxPolicy ? { sandboxPolicy: sandboxPolicyOf(sandboxPolicy) } : {}),
    ...(model ? { model } : {}),
    ...(effort ? { effort } : {}),
    ...(summary ? { summary } : {}),
  };
}

/** @throws MethodError */
function requireRunning({ view }: SharedThread, turnId: string, verb: string): void {
  const { running } = view;
  if (running === null) throw new MethodError(ErrorCode.invalidRequest, `no active turn to ${verb}`);
  if (running.id === turnId) return;
  throw new MethodError(
    ErrorCode.invalidRequest,
    `expected active turn id ${turnId.slice(0, 100)} but found ${running.id}`,
  );
}

/** A review and a compaction take no input. @throws MethodError */
function requireSteerable({ view }: SharedThread): void {
  const kind = view.running?.taskKind;
  if (kind !== 'review' && kind !== 'compact') return;
  const data = { codexErrorInfo: { activeTurnNotSteerable: { turnKind: kind } } };
  throw new MethodError(ErrorCode.invalidRequest, `cannot steer a ${kind} turn`, data);
}
