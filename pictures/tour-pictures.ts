/** The pictures that the programs of the tour draw. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'

/** A program of the tour, and its picture on the page. */
const PROGRAMS = {
  'tour-1.png': '1-draw-a-picture',
  'tour-3.png': '3-swap-parts',
  'tour-4.png': '4-write-a-block',
  'tour-5.png': '5-write-a-loop',
}

/** How many times as high as in the file a picture of 64 pixels is on the page. */
const ENLARGED = 128

async function drawByProgram(name: string, scratch: string): Promise<Buffer> {
  const program = join(__dirname, '..', 'templates', 'tour', `${name}.mjs`)
  await promisify(execFile)(process.execPath, [program], { cwd: scratch })
  const picture = sharp(join(scratch, `${name}.png`))
  const { height } = await picture.metadata()
  return picture
    .resize({ height: Math.max(height, ENLARGED) })
    .png({ palette: true, colours: 64, effort: 10 })
    .toBuffer()
}

export const tourPictures = Object.fromEntries(
  Object.entries(PROGRAMS).map(([file, program]) => [
    file,
    ({ scratch }: { readonly scratch: string }) => drawByProgram(program, scratch),
  ]),
)
