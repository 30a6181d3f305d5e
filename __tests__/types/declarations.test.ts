/** What the compiler learns from the declarations that the package brings, where nothing else is imported. */
import { join } from 'node:path'
import ts from 'typescript'
import { complaintsAbout } from './complaints'

/** Those of a user who imports the package as it is published. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  experimentalDecorators: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.Node20,
  types: [],
  paths: { tesserae: [join(__dirname, '..', '..', 'dist', 'index.d.ts')] },
}

test('tensors have the operations as methods', () => {
  const found = complaintsAbout(
    `
    import { DecodeLatents } from 'tesserae'
    export class Negative extends DecodeLatents {
      override async run() {
        await super.run()
        this.pixels = this.pixels.neg().noSuchOperation()
      }
    }
  `,
    OPTIONS,
  )
  expect(found).toEqual([expect.stringContaining("'noSuchOperation' does not exist")])
})
