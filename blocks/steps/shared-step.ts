/** What the shared steps have in common. */
import type { BlockOptions } from '../../src'

/** Shared steps belong to no family: they take on that of the blocks that they are a part of. */
export const sharedStep = { version: '1.0.0', stability: 'beta' } as const satisfies BlockOptions
