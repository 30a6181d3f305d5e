/** Outputs of a run as plain JSON, with pictures by URL. */
import { kindOf } from '../errors/text'
import { InvalidWireValueError } from './invalid-wire-value-error'
import { isPicture, type PlacePicture, toWirePicture } from './place-picture'

/**
 * Returns outputs as plain JSON: pictures are stored, and stand as `{ url, width, height }`.
 *
 * ```ts
 * const outputs = await pipe(inputs, { output: ['images'] })
 * await resultToWire(outputs, (image, { name, index }) => store(image, `${name}-${index}.png`))
 * ```
 *
 * @throws InvalidWireValueError for a value that no JSON can stand for, e.g. a tensor; nothing is stored then
 */
export async function resultToWire(
  outputs: Readonly<Record<string, unknown>>,
  place: PlacePicture,
): Promise<Record<string, unknown>> {
  for (const [name, value] of Object.entries(outputs)) requireSendable(value, [name])
  const entries: [string, unknown][] = []
  for (const [name, value] of Object.entries(outputs)) {
    // Counted for each output, whatever lists the pictures are in.
    let index = 0
    const write = async (inner: unknown): Promise<unknown> => {
      if (isPicture(inner)) return toWirePicture(inner, { kind: 'output', name, index: index++ }, place)
      if (Array.isArray(inner)) {
        const members: unknown[] = []
        for (const member of inner) members.push(await write(member))
        return members
      }
      if (typeof inner !== 'object' || inner === null) return inner ?? null
      const members: [string, unknown][] = []
      for (const [key, member] of Object.entries(inner)) members.push([key, await write(member)])
      return Object.fromEntries(members)
    }
    entries.push([name, await write(value)])
  }
  return Object.fromEntries(entries)
}

function requireSendable(value: unknown, path: readonly (string | number)[], around: readonly unknown[] = []): void {
  if (value === undefined || value === null || isPicture(value)) return
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return
  const isPlain =
    typeof value === 'object' && (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype)
  if (!isPlain || around.includes(value)) {
    const problem = `${around.includes(value) ? 'an object that contains itself' : kindOf(value)} cannot be sent as JSON.`
    throw new InvalidWireValueError(path, `${problem} Ask for another output, or for pictures.`)
  }
  const inside = [...around, value]
  for (const [key, member] of Object.entries(value)) {
    requireSendable(member, [...path, Array.isArray(value) ? Number(key) : key], inside)
  }
}
