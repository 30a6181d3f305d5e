/** Paths as callers give them: texts, and URLs of files. */
export { absoluteIfThere, pathOf } from '../files/path-of'
