import * as z from 'zod/mini';
import { ApprovalDecision, ApprovalRequest } from './approval.ts';
import { ErrorInfo } from './error.ts';
import { SessionEvent, Turn } from './event.ts';
import { Op } from './op.ts';
import { SandboxPolicy } from './policy.ts';
import { ResponseItem } from './response-item.ts';
import { RolloutItem } from './rollout.ts';
import { SettingsUpdate } from './settings.ts';
import { ThreadItem } from './thread-item.ts';
import { RateLimitSnapshot, TokenUsageInfo } from './usage.ts';
import { UserInput } from './user-input.ts';

/** Every type that crosses a border, by its name, for those who generate code from it. */
const schemas = {
  ApprovalDecision,
  ApprovalRequest,
  ErrorInfo,
  Op,
  RateLimitSnapshot,
  ResponseItem,
  RolloutItem,
  SandboxPolicy,
  SessionEvent,
  SettingsUpdate,
  ThreadItem,
  TokenUsageInfo,
  Turn,
  UserInput,
} as const;

/** JSON Schema (draft 2020-12) of every protocol type, by name. Those of input: what a reader has to accept. */
export function jsonSchemas(): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, z.toJSONSchema(schema, { io: 'input' })]),
  );
}
