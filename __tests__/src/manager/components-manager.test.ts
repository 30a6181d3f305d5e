import {
  ComponentSearchError,
  ComponentsManager,
  InputTypeError,
  type ManagerEvent,
  type ManagerWarning,
  UnknownValueError,
} from '../../../src'
import { markLoaded } from '../../../src/params/load-ids'
import { ToyModel } from './toy-model'

class Part {
  constructor(readonly name: string) {}
}

/** A manager, and what it has told. */
function makeManager() {
  const events: ManagerEvent[] = []
  const manager = new ComponentsManager({ onEvent: event => events.push(event) })
  const warnings = () => events.filter((event): event is ManagerWarning => event.type === 'warning')
  return { manager, events, codes: () => warnings().map(({ code }) => code), warnings }
}

/** A manager with one component of each name. */
function managerOf(...names: string[]) {
  const made = makeManager()
  const ids = names.map(name => made.manager.add(name, new Part(name)))
  return { ...made, ids }
}

describe('add()', () => {
  test('gives an id of the name and a number, by which and by name the component is found', () => {
    const { manager } = makeManager()
    const unet = new Part('unet')
    const id = manager.add('my_unet', unet)
    expect(id).toMatch(/^my_unet_\d+$/)
    expect([...manager.components]).toEqual([[id, unet]])
    expect(manager.getOne({ name: 'my_unet' })).toBe(unet)
    expect(manager.getOne({ id })).toBe(unet)
  })

  test('keeps the id of a component that is here under its name, and says so', () => {
    const { manager, warnings } = makeManager()
    const unet = new Part('unet')
    const id = manager.add('unet', unet)
    const { addedTime } = manager.getModelInfo(id)
    expect(manager.add('unet', unet)).toBe(id)
    expect(manager.components.size).toBe(1)
    expect(manager.getModelInfo(id).addedTime).toBe(addedTime)
    expect(warnings()).toEqual([
      { type: 'warning', code: 'KNOWN_COMPONENT', message: expect.stringContaining(`already registered as "${id}"`) },
    ])
  })

  test('takes a component under a second name, and says so', () => {
    const { manager, codes, warnings } = makeManager()
    const unet = new Part('unet')
    const first = manager.add('unet', unet)
    const second = manager.add('refiner', unet)
    expect([...manager.components.keys()]).toEqual([first, second])
    expect(codes()).toEqual(['DUPLICATE_COMPONENT'])
    expect(warnings()[0]?.message).toContain(`"${second}" is the same component as "${first}"`)
  })

  test('tells components apart by identity alone', () => {
    const { manager, codes } = makeManager()
    const ids = [new Part('same'), new Part('same')].map(part => manager.add('unet', part))
    expect(new Set(ids).size).toBe(2)
    expect(codes()).toEqual([])
  })

  test('warns of another that was loaded from the same place, but not of those made from settings', () => {
    const { manager, warnings } = makeManager()
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => new Part(name)) as [Part, Part, Part, Part]
    for (const part of [a, b]) markLoaded(part, 'models/x|unet|null|null')
    for (const part of [c, d]) markLoaded(part, 'null')
    const first = manager.add('unet', a)
    manager.add('other', b)
    for (const part of [c, d]) manager.add('guider', part)
    expect(warnings()).toEqual([
      { type: 'warning', code: 'DUPLICATE_LOAD_ID', message: expect.stringContaining(first) },
    ])
  })

  test('gives a component of the same number in every manager', () => {
    const part = new Part('vae')
    expect(makeManager().manager.add('vae', part)).toBe(makeManager().manager.add('vae', part))
  })

  test('takes what is not an object', () => {
    const { manager } = makeManager()
    const id = manager.add('word', 'hello')
    expect(manager.add('word', 'hello')).toBe(id)
    expect(manager.getOne({ id })).toBe('hello')
    expect(manager.add('nothing', null)).toMatch(/^nothing_\d+$/)
  })

  test('refuses a name that is none', () => {
    const { manager } = makeManager()
    expect(() => manager.add('', new Part(''))).toThrow(InputTypeError)
    expect(() => manager.add('unet', new Part(''), '')).toThrow('collection')
    expect(manager.components.size).toBe(0)
  })
})

describe('a collection', () => {
  test('holds one component of a name: the former leaves it, and the manager if it was nowhere else', () => {
    const { manager, codes } = makeManager()
    const [a, b, c] = [new Part('a'), new Part('b'), new Part('c')]
    const first = manager.add('unet', a, 'sdxl')
    const second = manager.add('unet', b, 'sdxl')
    expect([...manager.components.keys()]).toEqual([second])
    expect(codes()).toEqual(['REPLACED_IN_COLLECTION', 'REMOVED_WITH_COLLECTION'])
    expect(manager.components.has(first)).toBe(false)
    manager.add('unet', b, 'other')
    manager.add('unet', c, 'sdxl')
    expect(manager.getOne({ name: 'unet', collection: 'other' })).toBe(b)
    expect(manager.getOne({ name: 'unet', collection: 'sdxl' })).toBe(c)
    expect(manager.collections.get('other')).toEqual(new Set([second]))
  })

  test('takes a component that is here already, and keeps one that it holds', () => {
    const { manager, codes } = makeManager()
    const unet = new Part('unet')
    const id = manager.add('unet', unet)
    for (let i = 0; i < 2; i++) expect(manager.add('unet', unet, 'sdxl')).toBe(id)
    expect([...(manager.collections.get('sdxl') ?? [])]).toEqual([id])
    expect(codes()).toEqual(['KNOWN_COMPONENT', 'KNOWN_COMPONENT'])
  })

  test('cannot be changed from outside', () => {
    const { manager } = managerOf('unet')
    ;(manager.components as Map<string, unknown>).clear()
    expect(manager.components.size).toBe(1)
  })
})

describe('remove()', () => {
  test('takes a component out of all collections', () => {
    const { manager, codes } = makeManager()
    const unet = new Part('unet')
    const id = manager.add('unet', unet, 'a')
    manager.add('unet', unet, 'b')
    manager.remove(id)
    expect(manager.components.size).toBe(0)
    expect([...manager.collections.values()].map(ids => ids.size)).toEqual([0, 0])
    expect(codes()).toEqual(['KNOWN_COMPONENT'])
  })

  test('warns of an id that nothing has', () => {
    const { manager, codes } = managerOf('unet')
    manager.remove('unet_0')
    expect(codes()).toEqual(['UNKNOWN_COMPONENT'])
  })

  test('lets weights leave memory, unless the model is here under another name', async () => {
    const { manager } = makeManager()
    const model = new ToyModel(8)
    const [first, second] = [manager.add('unet', model), manager.add('refiner', model)]
    await model.call()
    manager.remove(first)
    expect(model.isInMemory).toBe(true)
    manager.remove(second)
    expect(model.isInMemory).toBe(false)
  })
})

describe('removeFromCollection()', () => {
  test('removes a component with its last collection', () => {
    const { manager, codes } = makeManager()
    const unet = new Part('unet')
    const id = manager.add('unet', unet, 'a')
    manager.add('unet', unet, 'b')
    manager.removeFromCollection(id, 'a')
    expect(manager.components.has(id)).toBe(true)
    manager.removeFromCollection(id, 'b')
    expect(manager.components.has(id)).toBe(false)
    expect(codes()).toEqual(['KNOWN_COMPONENT', 'REMOVED_WITH_COLLECTION'])
  })

  test('warns of what is not there', () => {
    const { manager, codes } = makeManager()
    manager.add('unet', new Part('unet'), 'a')
    manager.removeFromCollection('unet_0', 'a')
    manager.removeFromCollection('unet_0', 'z')
    expect(codes()).toEqual(['UNKNOWN_COMPONENT', 'UNKNOWN_COLLECTION'])
  })
})

describe('searchComponents()', () => {
  test('finds by pattern, and all without one', () => {
    const { manager } = managerOf('text_encoder', 'text_encoder_2', 'unet', 'vae')
    const found = (pattern?: string) => Object.keys(manager.searchComponents(pattern))
    expect(found()).toEqual(['text_encoder', 'text_encoder_2', 'unet', 'vae'])
    expect(found('*enc*')).toEqual(['text_encoder', 'text_encoder_2'])
    expect(found('!unet|vae')).toEqual(['text_encoder', 'text_encoder_2'])
  })

  test('restricts it to a collection and to where components came from', () => {
    const { manager } = makeManager()
    const [a, b] = [new Part('a'), new Part('b')]
    markLoaded(b, 'x|unet')
    manager.add('unet', a, 'one')
    const id = manager.add('unet', b, 'two')
    expect(manager.searchComponents('unet', { collection: 'one' })).toEqual({ unet: a })
    expect(manager.searchComponents(undefined, { loadId: 'x|unet', keys: 'ids' })).toEqual({ [id]: b })
    expect(manager.searchComponents(undefined, { collection: 'three' })).toEqual({})
    expect(() => manager.searchComponents('unet', { collection: 'three' })).toThrow(ComponentSearchError)
  })

  test('advises ids where two components have one name', () => {
    const { manager } = managerOf('unet', 'unet')
    const ids = [...manager.components.keys()]
    expect(Object.keys(manager.searchComponents('unet', { keys: 'ids' }))).toEqual(ids)
    expect(() => manager.searchComponents('unet')).toThrow("{ keys: 'ids' }")
    expect(() => manager.searchComponents()).toThrow(expect.objectContaining({ problem: 'same-name', ids }))
  })

  test('fails where nothing fits, and for what is not a text', () => {
    const { manager } = managerOf('unet')
    for (const pattern of ['nothing', 'un|vae', '!unet', '!*net*', 'vae*']) {
      expect(() => manager.searchComponents(pattern)).toThrow(expect.objectContaining({ problem: 'none' }))
    }
    expect(() => manager.searchComponents(['unet'] as never)).toThrow(InputTypeError)
  })

  test('gives a component of a dangerous name as any other', () => {
    const { manager } = managerOf('__proto__')
    expect(Object.keys(manager.searchComponents('*proto*'))).toEqual(['__proto__'])
  })
})

describe('getOne()', () => {
  test('wants exactly one', () => {
    const { manager, ids } = managerOf('unet', 'vae', 'unet_2')
    expect(manager.getOne({ name: 'vae' })).toMatchObject({ name: 'vae' })
    expect(() => manager.getOne({ name: 'un*' })).toThrow(
      expect.objectContaining({ problem: 'several', ids: [ids[0], ids[2]] }),
    )
    expect(() => manager.getOne({ name: 'x' })).toThrow(expect.objectContaining({ problem: 'none' }))
    expect(() => manager.getOne({ collection: 'x' })).toThrow(expect.objectContaining({ problem: 'none' }))
  })

  test('names the ids of two of one name, each of which finds its component', () => {
    const { manager, ids } = managerOf('unet', 'unet')
    const [first, second] = ids as [string, string]
    expect(() => manager.getOne({ name: 'unet' })).toThrow(
      `more than one component matches "unet": "${first}" and "${second}". Pass the id of one, or restrict`,
    )
    expect(manager.getOne({ id: second })).not.toBe(manager.getOne({ id: first }))
  })

  test('takes an id alone', () => {
    const { manager, ids } = managerOf('unet')
    const id = ids[0] as string
    for (const more of [{ name: 'unet' }, { collection: 'x' }, { loadId: 'x' }]) {
      expect(() => manager.getOne({ id, ...more })).toThrow(expect.objectContaining({ problem: 'contradiction' }))
    }
    expect(() => manager.getOne({ id: 'unet_0' })).toThrow(UnknownValueError)
  })
})

describe('components by ids and names', () => {
  test('getIds() takes a name or several, without patterns', () => {
    const { manager, ids } = managerOf('unet', 'vae', 'unet')
    expect(manager.getIds('unet')).toEqual([ids[0], ids[2]])
    expect(manager.getIds(['vae', 'unet'])).toEqual([ids[1], ids[0], ids[2]])
    expect(manager.getIds('un*')).toEqual([])
    expect(manager.getIds()).toEqual(ids)
    expect(manager.getIds('unet', 'nowhere')).toEqual([])
  })

  test('getComponentsByIds() refuses unknown ids, and names that stand for two', () => {
    const { manager, ids } = managerOf('unet', 'vae', 'unet')
    const [first, second, third] = ids as [string, string, string]
    expect(Object.keys(manager.getComponentsByIds([second, first]))).toEqual(['vae', 'unet'])
    expect(Object.keys(manager.getComponentsByIds([first, third], { keys: 'ids' }))).toEqual([first, third])
    expect(() => manager.getComponentsByIds([first, third])).toThrow(ComponentSearchError)
    expect(() => manager.getComponentsByIds(['unet_0'])).toThrow(UnknownValueError)
  })

  test('getComponentsByNames() gives what is there of a collection', () => {
    const { manager } = makeManager()
    const [a, b] = [new Part('a'), new Part('b')]
    manager.add('unet', a, 'one')
    manager.add('unet', b, 'two')
    expect(manager.getComponentsByNames(['unet', 'vae'], 'two')).toEqual({ unet: b })
    expect(() => manager.getComponentsByNames('unet')).toThrow(ComponentSearchError)
  })
})

describe('getModelInfo()', () => {
  test('tells the size of a model, and where it belongs', async () => {
    const { manager } = makeManager()
    const model = new ToyModel(2048)
    markLoaded(model, 'models/x|unet|null|null')
    const id = manager.add('unet', model, 'a')
    manager.add('unet', model, 'b')
    expect(manager.getModelInfo(id)).toEqual({
      modelId: id,
      addedTime: expect.any(Date),
      collection: 'a, b',
      className: 'ToyModel',
      loadId: 'models/x|unet|null|null',
      dtype: 'float32',
      bytes: 2048,
      sizeGb: 2048 / 1024 ** 3,
      residentBytes: 0,
      executionDevice: 'toy device',
      hasHook: false,
      stays: null,
      adapters: null,
      quantization: null,
    })
    expect(manager.getModelInfo(id, 'sizeGb')).toEqual({ sizeGb: 2048 / 1024 ** 3 })
    manager.enableAutoCpuOffload({ limit: 4096 })
    manager.pin(id)
    await model.call()
    expect(manager.getModelInfo(id, ['hasHook', 'residentBytes', 'stays'])).toEqual({
      hasHook: true,
      residentBytes: 2048,
      stays: 'pinned',
    })
  })

  test('tells less of what is not a model', () => {
    const { manager, ids } = managerOf('part')
    expect(manager.getModelInfo(ids[0] as string)).toEqual({
      modelId: ids[0],
      addedTime: expect.any(Date),
      collection: null,
      className: 'Part',
      loadId: null,
    })
  })

  test('refuses an unknown id and an unknown field', () => {
    const { manager, ids } = managerOf('part')
    expect(() => manager.getModelInfo('part_0')).toThrow(UnknownValueError)
    expect(() => manager.getModelInfo(ids[0] as string, 'colour' as never)).toThrow('field "colour"')
  })
})

test('warnings go the way of Node’s own where nobody listens', () => {
  const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  new ComponentsManager().remove('unet_0')
  expect(emit).toHaveBeenCalledWith(expect.stringContaining('"unet_0"'), {
    type: 'TesseraeWarning',
    code: 'UNKNOWN_COMPONENT',
  })
})

test('dispose() disposes each component once and forgets all', () => {
  const { manager } = makeManager()
  const part = { dispose: jest.fn() }
  manager.add('a', part, 'x')
  manager.add('b', part)
  manager.dispose()
  expect(part.dispose).toHaveBeenCalledTimes(1)
  expect([manager.components.size, manager.collections.size]).toEqual([0, 0])
})
