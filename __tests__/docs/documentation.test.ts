/** The code in the README and the guides is code that compiles. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { drawSvg, StableDiffusionTextToImageBlocks } from '../../index'

const root = join(__dirname, '..', '..')
/** Written by `npm run docs`, from what other tests compile. */
const GENERATED =
  /^(?:\.vitepress|reference\/(?:api|samples|changelog|results)|contribute\/(?:contributing|plain-words))\b/

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap(name =>
    name.endsWith('.md') && !GENERATED.test(name) ? [`docs/${name}`] : [],
  ),
]

/** What a reader has at hand where a page does not make it itself: name → declaration. */
const AT_HAND: Readonly<Record<string, string>> = {
  Invert: 'declare class Invert extends ModularPipelineBlocks { pixels: InOut<Tensor4D, "required">; run(): void }',
  MyBlocks: 'declare class MyBlocks extends StableDiffusionTextToImageBlocks {}',
  MyPipeline: 'declare class MyPipeline extends StableDiffusionTextToImageBlocks {}',
  MyScheduler: 'declare const MyScheduler: typeof DDIMScheduler',
  SketchBlocks: 'declare class SketchBlocks extends StableDiffusionTextToImageBlocks {}',
  Tensor: "import type { Tensor } from '@tensorflow/tfjs'",
  Tensor4D: "import type { Tensor4D } from '@tensorflow/tfjs'",
  TensorMemory: "import type { TensorMemory } from 'tesserae/testing'",
  blocks: 'declare const blocks: StableDiffusionTextToImageBlocks',
  checkGoldens: "import { checkGoldens } from 'tesserae/testing'",
  container: 'declare const container: ComponentContainer',
  encoderHiddenStates: "declare const encoderHiddenStates: import('@tensorflow/tfjs').Tensor3D",
  generator: 'declare const generator: Generator',
  latents: 'declare const latents: Tensor4D',
  noise: 'declare const noise: Tensor4D',
  old: 'declare const old: SchedulerMixin',
  other: 'declare const other: ModularPipeline<StableDiffusionTextToImageBlocks>',
  pipe: 'declare const pipe: ModularPipeline<StableDiffusionTextToImageBlocks>',
  predict: 'declare const predict: (sample: Tensor, timestep: number) => Tensor4D',
  prompt: 'declare const prompt: string',
  revision: 'declare const revision: string',
  runBlock: "import { runBlock } from 'tesserae/testing'",
  sample: 'declare const sample: Tensor4D',
  scheduler: 'declare const scheduler: SchedulerMixin',
  signal: 'declare const signal: AbortSignal',
  tensorMemory: "import { tensorMemory } from 'tesserae/testing'",
  tensorsSince: "import { tensorsSince } from 'tesserae/testing'",
  timestep: 'declare const timestep: number',
  unet: 'declare const unet: UNet2DConditionModel',
  vae: 'declare const vae: AutoencoderKL',
  z: "import { z } from 'zod'",
}

/** A piece of code in a page. */
interface Snippet {
  readonly page: string
  readonly line: number
  readonly text: string
}

/** All pieces of a page that say that they are TypeScript. */
function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(match => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    text: match[1] as string,
  }))
}

/** Files that no page changes, by name. */
const others = new Map<string, ts.SourceFile | undefined>()

/** What the compiler says of each text, in the order of the texts, and all names that the package offers. */
function compile(texts: readonly string[]): { diagnostics: ts.Diagnostic[][]; exported: ReadonlySet<string> } {
  // The project of a reader, who has been told to switch decorators on and nothing else.
  const given: ts.CompilerOptions = {
    strict: true,
    experimentalDecorators: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    // Pages wait at the top level, as modules may.
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    esModuleInterop: true,
    resolveJsonModule: true,
    types: ['node', 'jest'],
    paths: {
      tesserae: [join(root, 'index.ts')],
      'tesserae/server': [join(root, 'server', 'index.ts')],
      'tesserae/testing': [join(root, 'testing', 'index.ts')],
      'tesserae/testing/jest': [join(root, 'testing', 'jest.ts')],
    },
  }
  const files = new Map(texts.map((text, i) => [join(root, '__tests__', 'docs', `snippet-${i}.ts`), text]))
  const host = ts.createCompilerHost(given)
  const { getSourceFile, fileExists } = host
  host.fileExists = name => files.has(name) || fileExists(name)
  host.getSourceFile = (name, ...rest) => {
    const text = files.get(name)
    if (text !== undefined) return ts.createSourceFile(name, text, ts.ScriptTarget.ES2023)
    const parsed = others.get(name) ?? getSourceFile(name, ...rest)
    others.set(name, parsed)
    return parsed
  }
  const program = ts.createProgram([...files.keys()], given, host)
  const diagnostics = [...files.keys()].map(name => {
    const file = program.getSourceFile(name)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
  })
  const checker = program.getTypeChecker()
  const index = checker.getSymbolAtLocation(program.getSourceFile(join(root, 'index.ts')) as ts.SourceFile)
  const exported = new Set(checker.getExportsOfModule(index as ts.Symbol).map(({ name }) => name))
  return { diagnostics, exported }
}

/** Codes of the compiler for a name that nothing declares. */
const UNKNOWN_NAME = [2304, 2552, 2503, 18004]

/** The code with the imports and values that its readers have at hand. */
function complete(text: string, found: readonly ts.Diagnostic[], exported: ReadonlySet<string>): string {
  const missing = new Set(
    found.flatMap(({ code, messageText }) => {
      const [, name] = /'(\w+)'/.exec(ts.flattenDiagnosticMessageText(messageText, '\n')) ?? []
      return UNKNOWN_NAME.includes(code) && name !== undefined ? [name] : []
    }),
  )
  const atHand = [...missing].flatMap(name => AT_HAND[name] ?? [])
  const named = [...missing, ...atHand.flatMap(line => line.match(/\w+/g) ?? [])]
  const imported = /^import [^;]*?from 'tesserae'/gms
  const has = (name: string) => text.match(imported)?.some(line => new RegExp(`\\b${name}\\b`).test(line)) ?? false
  const imports = [...new Set(named)].filter(name => exported.has(name) && !has(name))
  const tensors = ['Tensor', 'Tensor4D'].flatMap(name =>
    named.includes(name) && !missing.has(name) ? [AT_HAND[name]] : [],
  )
  return [...tensors, ...atHand, `import { ${imports.join(', ')} } from 'tesserae'`, text, 'export {}'].join('\n')
}

test('every piece of code in the pages compiles', () => {
  const snippets = pages.flatMap(snippetsOf)
  expect(snippets.length).toBeGreaterThan(20)
  const first = compile(snippets.map(({ text }) => `import 'tesserae'\n${text}\nexport {}`))
  const { diagnostics } = compile(
    snippets.map(({ text }, i) => complete(text, first.diagnostics[i] as ts.Diagnostic[], first.exported)),
  )
  const complaints = diagnostics.flatMap((found, i) => {
    const { page, line } = snippets[i] as Snippet
    return found.map(({ messageText }) => `${page}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
  })
  expect(complaints).toEqual([])
})

test('the picture in the guide is that of the blocks', async () => {
  const picture = readFileSync(join(root, 'docs', 'images', 'text-to-image.svg'), 'utf8')
  expect(picture).toBe(await drawSvg(new StableDiffusionTextToImageBlocks()))
})
