/** Supplies components by value, by class and by factory. */
import { Block, Component, ComponentContainer, type In, Input, ModularPipelineBlocks, type Out, Output } from 'tesserae'

export class Greeting {
  constructor(readonly word: string) {}
}

export class Shout {
  apply(text: string): string {
    return text.toUpperCase()
  }
}

export class Clock {
  constructor(readonly year: number) {}
}

@Block({ description: 'Greets somebody.' })
export class Greet extends ModularPipelineBlocks {
  @Component(Greeting) greeting!: Greeting
  @Component(Shout) style!: Shout
  @Component(Clock) clock!: Clock

  @Input() name!: In<string>
  @Output() text!: Out<string>

  run() {
    this.text = this.style.apply(`${this.greeting.word}, ${this.name}: it is ${this.clock.year}`)
  }
}

export async function main(): Promise<string> {
  const container = ComponentContainer.create()
    .register('greeting', { useValue: new Greeting('hello') })
    .register('style', { useClass: Shout })
    .register('clock', { useFactory: async () => new Clock(2026) })
  const pipe = new Greet().initPipeline(undefined, { container })
  return pipe<string>({ name: 'Ada' }, { output: 'text' })
}

if (require.main === module) main().then(text => console.log(text))
