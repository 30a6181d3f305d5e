/** Pictures as files with their settings inside. */
import type { Image } from '../../components'
import { loadSharp } from '../../components/images/load-sharp'
import type { Job, PictureFormat } from '../jobs/job'

/** Keyword of the text in a PNG file that holds the settings, which `tesserae inspect` prints. */
const KEYWORD = 'tesserae'

/** Of 100, as for files that pipelines save. */
const QUALITY = 95

/** Maximum characters of an input that is recorded in a picture: longer ones are pictures themselves. */
const LONGEST_INPUT = 4_000

/** The ending of a file of a format. */
export const EXTENSIONS: Readonly<Record<PictureFormat, string>> = { png: 'png', jpeg: 'jpeg', webp: 'webp' }

/** What a picture was made with. */
export interface PictureSettings {
  readonly [name: string]: unknown
}

/** The settings of a job: its inputs but pictures, its seed, and what computed it. */
export function settingsOf(job: Job, made: PictureSettings): PictureSettings {
  const isShort = ([, value]: [string, unknown]) => (JSON.stringify(value) ?? '').length <= LONGEST_INPUT
  const inputs = Object.fromEntries(Object.entries(job.inputs).filter(isShort))
  const { pipeline, workflow, seed, components } = job
  return {
    ...inputs,
    seed,
    pipeline,
    ...(workflow !== undefined && { workflow }),
    ...(components && { components }),
    ...made,
  }
}

/** The bytes of a file: the settings are a text in a PNG, and the description in the EXIF of others. */
export async function pictureFile(image: Image, format: PictureFormat, settings: PictureSettings): Promise<Uint8Array> {
  const text = JSON.stringify(settings)
  if (format === 'png') return image.toPng({ [KEYWORD]: text })
  const { width, height, channels, data } = image
  const picture = loadSharp()(data, { raw: { width, height, channels } }).withExif({
    IFD0: { ImageDescription: asciiJson(text) },
  })
  return format === 'webp'
    ? picture.webp({ quality: QUALITY }).toBuffer()
    : picture.jpeg({ quality: QUALITY }).toBuffer()
}

/** The same JSON in ASCII, which is all that EXIF has. */
function asciiJson(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
