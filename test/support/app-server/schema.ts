import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import * as z from 'zod';

const path = join(import.meta.dirname, '../../surfaces/app-server/schema/protocol.json');
const Names = z.record(z.string(), z.string().nullable());
const Protocol = z.object({
  requests: Names,
  results: Names,
  notifications: Names,
  serverRequests: Names,
  definitions: z.record(z.string(), z.json()),
});
type Kind = 'requests' | 'results' | 'notifications' | 'serverRequests';

const protocol = Protocol.parse(JSON.parse(readFileSync(path, 'utf8')));
const ajv = new Ajv({ strict: false, allErrors: false });
ajv.addSchema({ $id: 'protocol', definitions: protocol.definitions });
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with the parameters or the result of a method, by the published schema; null: nothing, or it isn't in there. */
export function schemaFault(kind: Kind, method: string, value: unknown): string | null {
  const name = protocol[kind][method];
  if (name === undefined || name === null) return null;
  const validate = compiled.get(name) ?? ajv.compile({ $ref: `protocol#/definitions/${name}` });
  compiled.set(name, validate);
  if (validate(value)) return null;
  return `${kind} ${method}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 2_000)}`;
}

/** Whether the published protocol has a message of this name. */
export function isInSchema(kind: Kind, method: string): boolean {
  return Object.hasOwn(protocol[kind], method);
}
