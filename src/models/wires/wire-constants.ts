/** Replaces a picture in a request to a model that takes none. */
export const IMAGE_STAND_IN = '[an image was here; this model takes no images]';
/** How an output schema is named to the provider. */
export const OUTPUT_SCHEMA_NAME = 'keel_output_schema';
/** Separates two answers of the model: it may not have the last message of a request, nor follow itself. */
export const GO_ON = 'Go on from where you stopped.';
