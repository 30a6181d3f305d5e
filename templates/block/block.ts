import { Block, type In, type InOut, Input, ModularPipelineBlocks, Output } from 'tesserae'

@Block({
  description: 'Adds a style to the prompt.',
  version: '0.1.0',
  // Packages that the block needs beside Tesserae:
  // requirements: { sharp: '>=0.33' },
})
export class MyBlock extends ModularPipelineBlocks {
  // What it takes and gives. `@Input() x!: In<number>` is only read, `@Output() y!: Out<number>` only written.
  @Input({ description: 'What the picture shows.', required: true })
  @Output({ description: 'The same, with the style.' })
  prompt!: InOut<string, 'required'>

  @Input({ description: 'Words for the style.', default: 'watercolour' })
  style!: In<string>

  // A model that the pipeline supplies:
  // @Component(AutoencoderKL) vae!: AutoencoderKL

  run(): void {
    this.prompt = `${this.prompt}, ${this.style}`
  }
}
