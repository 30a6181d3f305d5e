import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  fetchModelIndex,
  findModelIndex,
  isRepositoryId,
  type RepositoryResolver,
  registerRepositoryResolver,
  resolveRepository,
} from '../../../src'
import { RepositoryUnavailableError } from '../../../src/errors'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const part = { subfolder: 'unet', files: ['config.json'] }

/** Knows one repository, whose index is cached. */
class Shelf implements RepositoryResolver {
  readonly asked: unknown[] = []

  isRepositoryId(text: string): boolean {
    return /^\w+\/\w+$/.test(text)
  }

  async resolve(...asked: unknown[]): Promise<string> {
    this.asked.push(asked)
    return join(folder(), 'fetched')
  }

  findCached(id: string): string | undefined {
    return id === 'org/here' ? join(folder(), 'here') : undefined
  }
}

test('without a resolver all paths stay as they are', async () => {
  expect(await resolveRepository('org/name', part)).toBe('org/name')
  expect(findModelIndex('org/name')).toBe('org/name')
  expect(isRepositoryId('org/name')).toBe(false)
})

describe('with a resolver', () => {
  let shelf: Shelf
  beforeEach(() => {
    shelf = new Shelf()
    registerRepositoryResolver(shelf)
  })

  test('an id is fetched, with what is asked for', async () => {
    expect(await resolveRepository('org/name', part, { revision: 'v1' })).toBe(join(folder(), 'fetched'))
    expect(shelf.asked).toEqual([['org/name', part, { revision: 'v1' }]])
  })

  test('an index is fetched by both of its names', async () => {
    await fetchModelIndex('org/name')
    expect(shelf.asked).toEqual([
      ['org/name', { files: expect.arrayContaining(['modular_model_index.json', 'model_index.json']) }, {}],
    ])
  })

  test('what is there is no id, whatever it looks like', async () => {
    await mkdir(join(folder(), 'org', 'name'), { recursive: true })
    await writeFile(join(folder(), 'org', 'file'), '')
    const before = process.cwd()
    process.chdir(folder())
    try {
      expect(await resolveRepository('org/name', part)).toBe(join(process.cwd(), 'org', 'name'))
      expect([isRepositoryId('org/name'), isRepositoryId('org/file'), isRepositoryId('org/other')]).toEqual([
        false,
        false,
        true,
      ])
    } finally {
      process.chdir(before)
    }
    expect(shelf.asked).toEqual([])
  })

  test('a path that can be no id stays as it is', async () => {
    const path = join(folder(), 'nowhere')
    expect(await resolveRepository(path, part)).toBe(path)
    expect(findModelIndex(path)).toBe(path)
  })

  test('an index is found at once where it is cached, and otherwise says how to fetch it', () => {
    expect(findModelIndex('org/here')).toBe(join(folder(), 'here'))
    expect(() => findModelIndex('org/name', { revision: 'v2' })).toThrow(RepositoryUnavailableError)
    expect(() => findModelIndex('org/name', { revision: 'v2' })).toThrow(
      /^org\/name: not found\..*\(revision v2\).*await ModularPipeline\.fromPretrained\('org\/name'\)/,
    )
  })
})
