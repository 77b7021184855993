export { freeformOutputs } from './freeform-outputs.ts';
export { itemJson, sentForm } from './sent-form.ts';
export { responsesWire } from './wire.ts';
