/** Every setting that keel reads, dotted, sorted, but for those below a name of the user's. Loads the schema. */
export async function settingNames(): Promise<readonly string[]> {
  const [{ namesInSchema }, { isInert }] = await Promise.all([
    import('./setting-names.ts'),
    import('./inert-settings.ts'),
  ]);
  return namesInSchema()
    .filter((key) => !isInert(key))
    .toSorted();
}
