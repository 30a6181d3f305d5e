/** The file of a state: arrays of numbers as they are, everything else as JSON beside them. */
import { z } from 'zod'
import { NotImplementedError } from '../errors/not-implemented-error'
import { InvalidStateFileError, UnsavableValueError } from '../errors/state-file-errors'
import { jsonTextLoop } from '../format/json-text'
import { parseJsonAsync, refusalLoop } from '../format/parse-json'
import { WEIGHT_HEADER } from '../format/text-limits'
import { explainMismatch } from '../params/schema'
import { isSeed, type Seed, VALID_SEED } from '../params/seed'
import { disposeAll } from '../runtime/resources'
import { runInSlices } from '../runtime/time-slice'
import { decodeValue, encodeValue } from './encode-value'
import type { ResumePoint } from './resume-point'
import type { StateStorage } from './saved-array'
import { stateStorage } from './value-kinds'

/** What a state consists of. */
export interface StateContent {
  readonly values: ReadonlyMap<string, unknown>
  readonly kwargsMapping: ReadonlyMap<string, readonly string[]>
  readonly resumePoint: ResumePoint | undefined
}

/** What the text of a file says that the file is. */
const FORMAT = 'tesserae-state'
/** Another one where older versions could not read what is written. */
const VERSION = '1'

/** An object whose members may be anything: a record of zod's would drop one called "__proto__". */
const anyObject = z.custom<Record<string, unknown>>(value => typeof value === 'object' && value !== null)

// Strict: a value under another name would be lost, and its tensors never disposed.
const contentSchema = z.strictObject({
  values: anyObject,
  kwargsMapping: z.record(z.string(), z.array(z.string())),
  resumePoint: z
    .strictObject({
      path: z.array(z.string()),
      step: z.int().min(0).optional(),
      loopNames: z.array(z.string()).optional(),
      components: z.record(z.string(), anyObject),
      unsaved: z.array(z.string()),
      seed: z.custom<Seed>(isSeed, `must be ${VALID_SEED}`).optional(),
    })
    .optional(),
})

/** Writes a state, as a whole or not at all. @throws UnsavableValueError; what writing the file throws */
export async function saveState(file: string, { values, kwargsMapping, resumePoint }: StateContent): Promise<void> {
  const storage = requireStorage('save')
  const content = { values: Object.fromEntries(values), kwargsMapping: Object.fromEntries(kwargsMapping), resumePoint }
  // Values are called by their own names, and so are their arrays in the file.
  const nameOf = ([part, ...path]: readonly string[]) => (part === 'values' ? path : [part, ...path]).join('.')
  const { json, arrays } = await encodeValue(content, nameOf)
  const state = await runInSlices(jsonTextLoop(json))
  // What a reader would refuse is refused here, before the file is touched.
  const refused = await runInSlices(refusalLoop(state, WEIGHT_HEADER.values))
  if (refused !== undefined) throw new UnsavableValueError('the state', values, new Error(refused))
  const text = { format: FORMAT, version: VERSION, state }
  await storage.write(file, arrays, new Map(Object.entries(text)))
}

/** Reads a state. @throws InvalidStateFileError; what reading the file throws */
export async function loadState(file: string): Promise<StateContent> {
  const { arrays, text } = await requireStorage('load').read(file)
  if (text.get('format') !== FORMAT) {
    throw new InvalidStateFileError(file, 'this file holds no state. States are written by PipelineState.save().')
  }
  const version = text.get('version')
  if (version !== VERSION) {
    const problem = `the state is of format ${version}, but this version of Tesserae reads ${VERSION}. Load it with the version that saved it.`
    throw new InvalidStateFileError(file, problem)
  }
  let content: unknown
  try {
    content = await decodeValue({ json: await parseJsonAsync(text.get('state') ?? '', WEIGHT_HEADER.values), arrays })
    const parsed = contentSchema.safeParse(content)
    if (!parsed.success) throw parsed.error
    const { values, kwargsMapping, resumePoint } = parsed.data
    return {
      values: new Map(Object.entries(values)),
      kwargsMapping: new Map(Object.entries(kwargsMapping)),
      resumePoint,
    }
  } catch (cause) {
    disposeAll(content)
    throw new InvalidStateFileError(
      file,
      `the state in it cannot be read: ${cause instanceof z.ZodError ? explainMismatch(cause) : (cause as Error).message}.`,
      cause,
    )
  }
}

function requireStorage(method: string): StateStorage {
  const storage = stateStorage()
  if (storage) return storage
  const advice = 'import the components of tesserae, which know the format of the file.'
  throw new NotImplementedError('PipelineState', `${method}()`, advice)
}
