/** Relative paths, when the folder that they are relative to was removed. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const root = join(__dirname, '..', '..')
const folder = useTemporaryFolder()

/** What a program does in a folder that is gone. */
const script = `
  require(${JSON.stringify(join(root, 'node_modules', 'reflect-metadata'))})
  const fs = require('node:fs')
  const library = require(${JSON.stringify(join(root, 'dist'))})
  const { absolutePath } = require(${JSON.stringify(join(root, 'dist', 'src', 'files', 'absolute-path'))})
  fs.mkdirSync('gone')
  process.chdir('gone')
  // Not process.cwd(), which Node would remember.
  fs.rmdirSync('../gone')
  const { AutoencoderKL, DDIMScheduler, GraphExecutor, Image, PipelineState, StableDiffusionTextToImageBlocks } = library
  const uses = {
    picture: () => new Image({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) }).save('a.png'),
    model: () => AutoencoderKL.fromPretrained('a'),
    scheduler: () => DDIMScheduler.fromConfig({}).savePretrained('a'),
    pipeline: () => new StableDiffusionTextToImageBlocks().initPipeline().savePretrained('a'),
    blocks: () => new StableDiffusionTextToImageBlocks().savePretrained('a'),
    state: () => new PipelineState().save('a'),
    graphs: () => new GraphExecutor({ optimizedModelFolder: 'a' }),
    hub: () => library.snapshotDownload('org/a', { cacheDir: 'a', localFilesOnly: true }),
    absolute: () => absolutePath('/a'),
  }
  ;(async () => {
    const ends = {}
    for (const [name, use] of Object.entries(uses)) {
      try { ends[name] = (await use()) ?? 'done' } catch (error) { ends[name] = error.code + ': ' + error.message }
    }
    console.log(JSON.stringify(ends))
    process.exit()
  })()
`

test('are refused by name wherever a path is made absolute', () => {
  const { absolute, ...refused } = JSON.parse(
    execFileSync(process.execPath, ['-e', script], { cwd: folder(), encoding: 'utf8' }),
  ) as Record<string, string>
  expect(Object.keys(refused)).toHaveLength(8)
  for (const message of Object.values(refused)) {
    expect(message).toMatch(/^CURRENT_FOLDER: The path \S+ is relative, .* Pass an absolute path/)
  }
  expect(absolute).toBe('/a')
})

test('paths are made absolute in one place', () => {
  const found: string[] = []
  for (const folder of ['src', 'components', 'blocks', 'cli']) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue
      const text = readFileSync(join(root, folder, file), 'utf8')
      if (/import \{[^}]*\bresolve\b[^}]*\} from 'node:path'/.test(text)) found.push(join(folder, file))
    }
  }
  // The second puts what a link says behind the absolute path of the link.
  expect(found.sort()).toEqual(['absolute-path.ts', 'replace-file.ts'].map(name => join('src', 'files', name)))
})
