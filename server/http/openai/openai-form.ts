/** Forms with files: bodies of OpenAI's edits and variations. */
import type { FastifyRequest } from 'fastify'
import { Problem } from '../problem'
import { parameterProblem } from './openai-error'

/** A form that was read. */
export interface OpenAIForm {
  readonly fields: Readonly<Record<string, unknown>>
  readonly image: Buffer
  readonly mask: Buffer | undefined
}

/** Fields that are not texts. */
const NUMBERS: ReadonlySet<string> = new Set(['n', 'output_compression', 'partial_images'])
const BOOLEANS: ReadonlySet<string> = new Set(['stream'])

/** Fields that a form may have, which is more than OpenAI knows. */
const MOST_FIELDS = 40

/** Reads a form with one picture, and a mask where the route takes one. @throws Problem; errors of Fastify for what exceeds a limit */
export async function readOpenAIForm(
  request: FastifyRequest,
  takesMask: boolean,
  maxBytes: number,
): Promise<OpenAIForm> {
  try {
    return await readParts(request, takesMask, maxBytes)
  } catch (error) {
    const isKnown = error instanceof Problem || String((error as { code?: unknown }).code).startsWith('FST_')
    // What the parser throws has no class of its own.
    throw isKnown ? error : new Problem(400, 'invalid-multipart', 'The form is malformed.')
  }
}

async function readParts(request: FastifyRequest, takesMask: boolean, maxBytes: number): Promise<OpenAIForm> {
  if (!request.isMultipart()) {
    throw new Problem(415, 'unsupported-media-type', 'Send the body as multipart/form-data.')
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw formTooLarge()
  const fields: Record<string, unknown> = {}
  const files = new Map<string, Buffer>()
  let size = 0
  const count = (bytes: number): void => {
    size += bytes
    if (size > maxBytes) throw formTooLarge()
  }
  for await (const part of request.parts({
    limits: { fields: MOST_FIELDS, files: 16, fileSize: maxBytes, fieldSize: 2 ** 17, fieldNameSize: 100 },
  })) {
    const name = part.fieldname.replace(/\[\]$/, '')
    if (name === '') throw new Problem(400, 'invalid-multipart', 'A field of the form has no name.')
    const isPicture = name === 'image' || (takesMask && name === 'mask')
    if (part.type === 'file') {
      if (!isPicture) throw parameterProblem(name, 'There is no such file.', 'unknown-parameter')
      if (files.has(name)) throw parameterProblem(name, 'Only one picture is supported. Send one.')
      const bytes = await part.toBuffer()
      count(bytes.length)
      files.set(name, bytes)
      continue
    }
    if (part.fieldnameTruncated || part.valueTruncated) throw formTooLarge()
    if (isPicture) throw parameterProblem(name, 'It must be a file.')
    count(String(part.value).length)
    if (Object.hasOwn(fields, name)) throw parameterProblem(name, 'It was sent more than once.')
    fields[name] = fieldValue(name, part.value)
  }
  const image = files.get('image')
  if (image === undefined) throw parameterProblem('image', 'It is required.', 'missing-required-parameter')
  return { fields, image, mask: files.get('mask') }
}

/** What a text in a form stands for. What is malformed stays a text, and is refused by the schema. */
function fieldValue(name: string, value: unknown): unknown {
  if (NUMBERS.has(name) && typeof value === 'string' && /^\d{1,10}$/.test(value)) return Number(value)
  if (BOOLEANS.has(name) && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function formTooLarge(): Problem {
  return new Problem(413, 'body-too-large', 'The body of the request is too large.')
}
