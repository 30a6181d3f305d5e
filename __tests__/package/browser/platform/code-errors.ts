export const explainImport = (error: unknown) => error
