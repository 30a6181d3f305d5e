/** `npm run pictures`: draws the pictures of the documentation again, all of them or those that are named. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { bundledModel } from 'tesserae'
import { parseSteps } from '../cli/arguments'
import { writeFileAtomically } from '../src/files/write-file-atomically'
import { documentationPictures } from './documentation-pictures'

const program = new Command('pictures')
  .description('draw the pictures of the documentation (those of the studio: npm run screenshots)')
  .argument('[names...]', 'files to draw, e.g. lora.png (default: all of them)')
  .option('--out <folder>', 'where to write', resolve(__dirname, '..', '..', 'docs', 'images'))
  .option('--steps <number>', "denoising steps, for a quick look (default: the samples' own)", parseSteps)
  .action(async (names: string[], { out, steps }: { out: string; steps?: number }) => {
    const unknown = names.filter(name => !(name in documentationPictures))
    if (unknown.length > 0) {
      const known = Object.keys(documentationPictures).join(', ')
      program.error(`error: unknown pictures: ${unknown.join(', ')}. Name some of: ${known}.`)
    }
    const scratch = await mkdtemp(join(tmpdir(), 'pictures-'))
    try {
      await mkdir(out, { recursive: true })
      for (const [name, draw] of Object.entries(documentationPictures)) {
        if (names.length > 0 && !names.includes(name)) continue
        const content = await draw({ model: bundledModel('emoji'), scratch, steps })
        await writeFileAtomically(resolve(out, name), [Buffer.from(content)])
        console.log(resolve(out, name))
      }
    } finally {
      await rm(scratch, { recursive: true })
    }
  })

program.parseAsync()
