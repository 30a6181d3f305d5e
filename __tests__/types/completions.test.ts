import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const root = join(__dirname, '..', '..')
const file = join(root, '__tests__', 'types', 'edited-here.ts')

const BLOCKS = `
import { type In, Input, ModularPipelineBlocks, type Out, Output, SequentialPipelineBlocks, Step } from '../../src'
class Encode extends ModularPipelineBlocks {
  @Input() prompt!: In<string, 'required'>
  @Output() embeds!: Out<number[]>
  run(): void {}
}
class Draw extends ModularPipelineBlocks {
  @Input() embeds!: In<number[]>
  @Input({ default: 7.5 }) guidanceScale!: In<number>
  @Output() images!: Out<string[]>
  run(): void {}
}
class Whole extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() draw = Draw
}
const pipe = new Whole().initPipeline()
`

/** An editor with one file open, whose text changes. */
class Editor {
  private version = 0
  private text = ''
  private readonly service: ts.LanguageService

  constructor() {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    this.service = ts.createLanguageService({
      getCompilationSettings: () => ({ ...options, types: ['node'] }),
      getScriptFileNames: () => [file],
      getScriptVersion: name => (name === file ? String(this.version) : '0'),
      getScriptSnapshot: name => {
        if (name !== file && !ts.sys.fileExists(name)) return undefined
        return ts.ScriptSnapshot.fromString(name === file ? this.text : readFileSync(name, 'utf8'))
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: name => name === file || ts.sys.fileExists(name),
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    })
  }

  /** What is offered where the `|` stands. */
  completionsAt(code: string): string[] {
    const text = BLOCKS + code
    const at = text.indexOf('|')
    this.open(text.slice(0, at) + text.slice(at + 1))
    const found = this.service.getCompletionsAtPosition(file, at, { includeCompletionsWithInsertText: true })
    return found?.entries.map(entry => entry.name.replaceAll("'", '').replaceAll('"', '')) ?? []
  }

  /** What is said of what is wrong, in one text, and what it is said of. */
  complaintsAbout(code: string): { message: string; about: string }[] {
    this.open(BLOCKS + code)
    return this.service.getSemanticDiagnostics(file).map(({ messageText, start = 0, length = 0 }) => ({
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      about: this.text.slice(start, start + length),
    }))
  }

  private open(text: string): void {
    this.text = text
    this.version++
  }
}

const editor = new Editor()

describe('an editor', () => {
  test('offers the inputs of a pipeline', () => {
    expect(editor.completionsAt('pipe({ | })').sort()).toEqual(['embeds', 'guidanceScale', 'prompt'])
    expect(editor.completionsAt("pipe({ prompt: 'a', | }, { output: 'images' })").sort()).toEqual([
      'embeds',
      'guidanceScale',
    ])
  })

  test('offers the options of a call, and the names of its outputs', () => {
    expect(editor.completionsAt("pipe({ prompt: 'a' }, { | })")).toEqual(
      expect.arrayContaining(['output', 'seed', 'signal']),
    )
    const names = ['embeds', 'guidanceScale', 'images', 'prompt']
    expect(editor.completionsAt("pipe({ prompt: 'a' }, { output: '|' })").sort()).toEqual(names)
    expect(editor.completionsAt("pipe({ prompt: 'a' }, { output: ['images', '|'] })").sort()).toEqual(names)
  })

  test('offers the same for a run that is watched', () => {
    expect(editor.completionsAt('pipe.stream({ | })').sort()).toEqual(['embeds', 'guidanceScale', 'prompt'])
    const names = ['embeds', 'guidanceScale', 'images', 'prompt']
    expect(editor.completionsAt("pipe.stream({ prompt: 'a' }, { output: '|' })").sort()).toEqual(names)
  })

  test.each([
    ["pipe({ promt: 'a' })", 'promt', "Did you mean to write 'prompt'?"],
    ["pipe.stream({ promt: 'a' })", 'promt', "Did you mean to write 'prompt'?"],
    ["pipe.stream({ prompt: 'a' }, { output: 'imagse' })", 'output', 'Did you mean \'"images"\'?'],
    ['pipe.stream()', 'stream', 'Expected 1-2 arguments, but got 0'],
    ['pipe({})', '{}', "Property 'prompt' is missing"],
    ['pipe()', 'pipe()', 'InputsMustBePassed<"prompt">'],
    ['pipe({ prompt: 5 })', 'prompt', "Type 'number' is not assignable to type 'string'"],
    ["pipe({ prompt: 'a' }, { output: 'imagse' })", 'output', 'Did you mean \'"images"\'?'],
    ["pipe({ prompt: 'a' }, { output: ['images', 'promt'] })", "'promt'", 'Did you mean \'"prompt"\'?'],
    ["pipe({ prompt: 'a' }, { sead: 1 })", 'sead', "'sead' does not exist"],
  ])('says of %s what is wrong, at %s', (code, place, words) => {
    expect(editor.complaintsAbout(code)).toEqual([{ message: expect.stringContaining(words), about: place }])
  })
})
