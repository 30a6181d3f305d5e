import { Component, ModularPipelineBlocks } from '../../../src'

class Scheduler {
  constructor(readonly config: Readonly<Record<string, unknown>>) {}
  static fromConfig(config: Readonly<Record<string, unknown>>): Scheduler {
    return new Scheduler(config)
  }
  static async fromPretrained(): Promise<Scheduler> {
    return new Scheduler({})
  }
}

class Processor {
  static fromConfig(): Processor {
    return new Processor()
  }
}

class Weights {}

class Taker extends ModularPipelineBlocks {
  @Component(Scheduler) scheduler!: Scheduler
  @Component(Scheduler, { config: { steps: 3 } }) other!: Scheduler
  @Component(Processor) processor!: Processor
  @Component(Weights, { description: 'Predicts.', subfolder: 'unet' }) weights!: Weights
  @Component(Weights, { name: 'textEncoder2' }) second!: Weights
}

const specs = new Taker().expectedComponents

describe('@Component', () => {
  test('takes the token from the field, unless it is given one', () => {
    expect(specs.map(spec => spec.name)).toEqual(['scheduler', 'other', 'processor', 'weights', 'textEncoder2'])
    expect(specs.map(spec => spec.typeHint)).toEqual([Scheduler, Scheduler, Processor, Weights, Weights])
  })

  test('is made from config where a config is given, or where the class can be made in no other way', () => {
    expect(specs.map(spec => spec.defaultCreationMethod)).toEqual([
      'fromPretrained',
      'fromConfig',
      'fromConfig',
      'fromPretrained',
      'fromPretrained',
    ])
  })

  test('keeps description and place', () => {
    expect(specs[3]).toMatchObject({ description: 'Predicts.', subfolder: 'unet' })
  })
})
