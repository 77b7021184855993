import * as z from 'zod/mini';
import { formNote } from '../../context/index.ts';
import type { ErrorInfo } from '../../foundation/protocol/index.ts';
import { answerFault } from '../../models/prompt/index.ts';

import { jsonCodec, stepId } from '../steps/index.ts';
import type { TurnPorts } from './ports.ts';

const faultCodec = jsonCodec(z.nullable(z.string()));

export type FormCheck =
  | { readonly type: 'fits' }
  | { readonly type: 'askedAgain' }
  | { readonly type: 'failed'; readonly error: ErrorInfo };

/** Checks the final message of a turn against the schema that was asked for; the model has one chance to correct it. */
export class AnswerForm {
  readonly #ports: TurnPorts;
  #hasAsked = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  async check(round: number, message: string | null): Promise<FormCheck> {
    const { answerForm: schema, steps, history } = this.#ports;
    if (schema === null) return { type: 'fits' };
    const { value: fault, items } = await steps.step(
      { id: stepId('answerForm', round), kind: 'io', codec: faultCodec, repeat: 'safe' },
      async ({ record }) => {
        const found = await answerFault(schema, message);
        if (found !== null && !this.#hasAsked) record(formNote(found));
        return found;
      },
    );
    if (fault === null) return { type: 'fits' };
    if (this.#hasAsked) return { type: 'failed', error: { kind: 'noAnswer', message: notInForm(fault) } };
    this.#hasAsked = true;
    history.record(items);
    return { type: 'askedAgain' };
  }
}

function notInForm(fault: string): string {
  return `The final message does not fit the output schema, also when it was asked for again: ${fault}`;
}
