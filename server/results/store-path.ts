/** Where a file of a job is in a store. */
import { InvalidKeyError } from './result-errors'

const NAME = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$/

/** Folders in a key: more than anything here needs. */
const DEEPEST = 8

/** The path of a file, with `/` between its parts; of the job's folder without a key. @throws InvalidKeyError */
export function storePath(job: string, key?: string): string {
  const names = key === undefined ? [job] : [job, ...key.split('/')]
  // No name begins with a dot, so none leads out of the store or to a file that is not finished.
  const isValid = names.length <= DEEPEST && names.every(name => NAME.test(name))
  if (!isValid) throw new InvalidKeyError(key ?? job)
  return names.join('/')
}

/** Media types of the files of jobs, by the ending of their keys. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  json: 'application/json',
}

/** The media type of a key: that of everything else is a stream of bytes. */
export function mediaTypeOf(key: string): string {
  return MEDIA_TYPES[/\.(\w+)$/.exec(key)?.[1] ?? ''] ?? 'application/octet-stream'
}
