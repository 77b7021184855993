export { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from './json-fields.ts';
export { jsonText, readableJson } from './json-text.ts';
