import type { ToolCall } from '../../contract/index.ts';
import { type CallView, fieldsOf } from './call-views.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The call with the arguments that a hook gives it, in the names of the view that the hook was shown. Null: they can't be used for
 * this call, which then must not run with those that the hook wanted to replace.
 */
export function changedCall(call: ToolCall, { type, tool }: CallView, changed: Fields): ToolCall | null {
  const fields = fieldsOf(call);
  const { command } = changed;
  switch (type) {
    case 'shell':
      return typeof command === 'string' && tool === 'Bash' ? withCommand(call, fields, command) : null;
    case 'typed':
      return typeof command === 'string' ? withFields(call, { ...fields, chars: command }) : null;
    case 'patch':
      return typeof command === 'string' && call.name === 'apply_patch' ? withPatch(call, command) : null;
    case 'edit':
      return withFields(call, { ...withoutAliases(fields), ...changed });
    case 'own':
      return tool === call.name && call.payload.type === 'function' ? withFields(call, changed) : null;
    case 'file':
      return null;
  }
}

function withCommand(call: ToolCall, { command, cmd, ...fields }: Fields, script: string): ToolCall | null {
  const isList = Array.isArray(command) || Array.isArray(cmd);
  const changed = isList ? ['bash', '-c', script] : script;
  if (call.payload.type === 'localShell') {
    return {
      ...call,
      payload: { ...call.payload, action: { ...call.payload.action, command: ['bash', '-c', script] } },
    };
  }
  return withFields(call, call.name === 'exec_command' ? { ...fields, cmd: changed } : { ...fields, command: changed });
}

function withPatch(call: ToolCall, patch: string): ToolCall {
  if (call.payload.type === 'custom') return { ...call, payload: { type: 'custom', input: patch } };
  return { ...call, payload: { type: 'function', arguments: JSON.stringify({ input: patch }) } };
}

function withoutAliases(fields: Fields): Fields {
  const aliases = ['path', 'filename', 'old_str', 'search', 'new_str', 'replace'];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !aliases.includes(name)));
}

function withFields(call: ToolCall, fields: Fields): ToolCall | null {
  if (call.payload.type === 'localShell') return null;
  return { ...call, payload: { type: 'function', arguments: JSON.stringify(fields) } };
}
